use super::report;
use crate::bench::compare::comparison;

#[test]
fn results_are_matched_by_what_they_are_about() {
    let old = report();
    let mut new = report();
    new.results[0].times.median *= 0.5;
    new.results[0].times.p99 *= 2.0;
    new.results.swap(0, 1);
    let mut other = new.results[0].clone();
    other.threads = 4;
    new.results.push(other);
    let text = comparison(&old, &new);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines.len(),
        3,
        "4 threads were not measured before:\n{text}"
    );
    assert!(
        lines[1].contains("end-to-end") && lines[1].ends_with("1.00      1.00"),
        "{text}"
    );
    assert!(lines[2].contains("restore"), "{text}");
    assert!(
        lines[2].ends_with("0.600      0.300      0.50      2.00"),
        "{text}"
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
