use super::report;
use crate::bench::compare::comparison;

#[test]
fn results_are_matched_by_what_they_are_about() {
    let old = report();
    let mut new = report();
    new.results[0].times.median *= 0.5;
    new.results[0].times.p99 *= 2.0;
    new.results[0].times.spread = None;
    new.results.swap(0, 1);
    let mut other = new.results[0].clone();
    other.threads = 4;
    new.results.push(other);
    let text = comparison(&old, &new);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[1].contains("end-to-end"), "{text}");
    assert!(
        lines[1].ends_with("1.00  1.00 to 1.00   1.00  within noise"),
        "{text}"
    );
    assert!(lines[2].contains("restore"), "{text}");
    let restore = "0.600      0.300    0.50                 2.00  spread unknown";
    assert!(lines[2].ends_with(restore), "{text}");
    let alone = "only in the new results: face8x, face8x.onnx, threads 4: end-to-end";
    assert_eq!(lines[3], alone, "{text}");
}

#[test]
fn a_ratio_within_the_spread_of_both_runs_is_noise() {
    let last = |old_spread, new_spread| {
        let (mut old, mut new) = (report(), report());
        new.results[0].times.median *= 1.1;
        old.results[0].times.spread = Some(old_spread);
        new.results[0].times.spread = Some(new_spread);
        let text = comparison(&old, &new);
        let line = text.lines().nth(1).unwrap();
        line.split_once("1.10").unwrap().1.trim().to_owned()
    };
    assert_eq!(
        last((0.58, 0.66), (0.60, 0.70)),
        "0.91 to 1.21   1.00  within noise"
    );
    assert_eq!(
        last((0.59, 0.61), (0.65, 0.67)),
        "1.07 to 1.14   1.00  slower"
    );
    assert_eq!(
        last((0.70, 0.71), (0.65, 0.67)),
        "0.92 to 0.96   1.00  faster"
    );
}

#[test]
fn differences_come_first() {
    let old = report();
    let mut new = report();
    new.machine.model = Some("Raspberry Pi 5".into());
    new.machine.cpus = None;
    new.build = "debug".into();
    new.cases[0].model_sha256 = Some("beef".into());
    new.cases[0].source = "file:a".into();
    let text = comparison(&old, &new);
    let expected = "\
not the same: machine: Raspberry Pi 4 Model B Rev 1.4 then, Raspberry Pi 5 now
not the same: cores: 4 then, unknown now
not the same: build: release then, debug now
not the same: face8x, face8x.onnx: another network of the same name
not the same: face8x, face8x.onnx: source: demo: YUYV 640x480 on demand then, file:a now
engine ";
    assert!(text.starts_with(expected), "{text}");
    assert!(comparison(&old, &old).starts_with("engine "));
}
