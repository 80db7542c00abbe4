//! `face8x bench`, as a user runs it.

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use common::{command, face8x, open};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const STAGES: [&str; 14] = [
    "capture",
    "convert",
    "locate",
    "align",
    "restore",
    "backproject",
    "compose",
    "present",
    "end-to-end",
    "cold-start",
    "search-live",
    "search-whole",
    "search-enlarged",
    "no-face",
];

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// Every key with its kind, and figures that cannot contradict each other.
fn check_results(report: &Value) {
    let results = report["results"].as_array().unwrap();
    let stages: Vec<&str> = results
        .iter()
        .map(|row| row["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, [STAGES, STAGES].concat());
    let wanted = [
        "engine", "model", "threads", "stage", "runs", "min", "median", "mean", "p90", "p99",
        "p999", "max", "spread",
    ];
    let mut stage_means = 0.0;
    for row in results {
        let mut wanted = BTreeSet::from(wanted);
        if row["runs"] == 1 {
            wanted.remove("spread");
        }
        assert_eq!(keys(row), wanted, "{row}");
        let figure = |name: &str| row[name].as_f64().unwrap();
        let rising = ["min", "median", "p90", "p99", "p999", "max"].map(figure);
        assert!(rising.is_sorted() && rising[0] >= 0.0, "{row}");
        assert!(
            rising[0] <= figure("mean") && figure("mean") <= rising[5],
            "{row}"
        );
        match row["stage"].as_str().unwrap() {
            "cold-start" => assert_eq!(row["runs"], 1),
            stage if stage.starts_with("search-") || stage == "no-face" => {
                assert!(row["runs"].as_u64() > Some(0))
            }
            "end-to-end" => {
                assert!(
                    stage_means <= figure("mean") + 1e-6,
                    "the parts exceed the whole: {row}"
                );
                stage_means = 0.0;
            }
            _ => stage_means += figure("mean"),
        }
    }
}

fn check_cases(report: &Value) {
    let cases = report["cases"].as_array().unwrap();
    let engines: Vec<&Value> = cases.iter().map(|case| &case["engine"]).collect();
    assert_eq!(engines, ["face8x", "bicubic"]);
    assert_eq!(cases[0]["model_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(cases[1]["model_sha256"], Value::Null);
    for case in cases {
        assert!(case["frames"].as_u64().unwrap() >= 64, "{case}");
        assert_eq!(case["skipped"], 0, "frames come on demand: {case}");
        assert_eq!(case["complete"], true);
        assert!(case["peak_memory"].as_u64().unwrap() > 5_000_000, "{case}");
        assert!(case["cpu_per_frame"].as_f64().unwrap() > 0.0, "{case}");
        // All that the machine's cores could do in the time of a frame.
        let cores = report["machine"]["cpus"].as_f64().unwrap();
        let most = cores / case["fps"].as_f64().unwrap();
        assert!(
            case["cpu_per_frame"].as_f64().unwrap() < most * 1.1,
            "{case}"
        );
    }
}

#[test]
fn a_quick_run_measures_every_stage_and_writes_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "bench",
        "--quick",
        "--engine",
        "face8x,bicubic",
        "--size",
        "320x240",
        "--export-json",
        "a.json",
        "--export-csv",
        "a.csv",
        "--export-markdown",
        "a.md",
        "--histogram",
        "a.png",
    ];
    let out = face8x(folder.path(), &arguments).expect(0, &["1 of 2: face8x", "2 of 2: bicubic"]);
    let report = json(&folder.path().join("a.json"));
    check_results(&report);
    check_cases(&report);
    assert_eq!(
        (&report["quick"], &report["complete"]),
        (&true.into(), &true.into())
    );
    let command = report["command"].as_str().unwrap();
    assert!(
        command.starts_with("face8x bench --quick --engine face8x,bicubic"),
        "{command}"
    );
    let warnings = report["warnings"].as_array().unwrap();
    let codes: Vec<_> = warnings.iter().map(|warning| &warning["code"]).collect();
    assert!(codes.contains(&&"quick".into()), "{codes:?}");
    for word in [
        "p99.9",
        "end-to-end",
        "cold-start",
        "a second",
        "####",
        "Caveats:",
        "quick",
    ] {
        assert!(out.stdout.contains(word), "no {word} in:\n{}", out.stdout);
    }
    check_files(folder.path());
    compared_with_an_older_one(folder.path(), &report);
}

/// The files of a run of two engines.
fn check_files(folder: &Path) {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(text("a.csv").lines().count(), 29);
    assert!(text("a.csv").starts_with("engine,model,threads,stage,runs,min,median,mean,p90,"));
    assert_eq!(
        text("a.md")
            .lines()
            .filter(|line| line.starts_with('|'))
            .count(),
        30
    );
    let picture = open(folder.join("a.png"));
    assert_eq!((picture.width(), picture.height()), (960, 520));
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert_eq!(left.len(), 4, "no temporary file is left: {left:?}");
}

/// What was measured is compared with itself, made twice as slow and of another machine.
fn compared_with_an_older_one(folder: &Path, report: &Value) {
    let mut old = report.clone();
    old["machine"]["model"] = "Raspberry Pi 1".into();
    for row in old["results"].as_array_mut().unwrap() {
        row["median"] = (row["median"].as_f64().unwrap() * 1000.0).into();
        if let Some(spread) = row["spread"].as_array_mut() {
            spread
                .iter_mut()
                .for_each(|end| *end = (end.as_f64().unwrap() * 1000.0).into());
        }
    }
    std::fs::write(folder.join("old.json"), old.to_string()).unwrap();
    let arguments = [
        "bench",
        "--quick",
        "--engine",
        "bicubic",
        "--size",
        "320x240",
        "--detector",
        "centre",
        "--compare",
        "old.json",
    ];
    let out = face8x(folder, &arguments).expect(0, &[]).stdout;
    for words in ["machine: Raspberry Pi 1 then", "bicubic, none: detector: "] {
        assert!(out.contains(words), "no {words} in:\n{out}");
    }
    let ratios: Vec<&str> = out
        .lines()
        .skip_while(|line| !line.contains("new/old"))
        .filter(|line| line.starts_with("bicubic"))
        .collect();
    // Without a search nothing of it is compared.
    let searched = ["search", "no-face"];
    let of_search = |stage: &&&str| searched.iter().any(|start| stage.starts_with(start));
    let compared = STAGES.iter().filter(|stage| !of_search(stage));
    assert_eq!(ratios.len(), compared.count(), "{out}");
    assert!(
        ratios
            .iter()
            .all(|ratio| ratio.ends_with("faster") || ratio.contains("cold-start"))
    );
    for alone in [
        "only in the old results: face8x, ",
        "only in the old results: bicubic, none, threads 1: search-live",
    ] {
        assert!(out.contains(alone), "no {alone} in:\n{out}");
    }
    two_files_are_compared(folder, report);
}

/// Without measuring anything; and other files are made of them.
fn two_files_are_compared(folder: &Path, report: &Value) {
    let two = [
        "bench",
        "--compare",
        "old.json",
        "a.json",
        "--export-csv",
        "b.csv",
    ];
    let out = face8x(folder, &two).expect(0, &[]).stdout;
    assert!(
        out.starts_with("not the same: machine: Raspberry Pi 1 then"),
        "{out}"
    );
    assert!(!out.contains("only in"), "{out}");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(text("a.csv"), text("b.csv"));
    let to_stdout = [
        "bench",
        "--compare",
        "old.json",
        "a.json",
        "--export-json",
        "-",
    ];
    let out = face8x(folder, &to_stdout).expect(0, &[]).stdout;
    let again: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(again["results"], report["results"]);
    let times = again["cases"][0]["end_to_end_ns"].as_array().unwrap();
    assert_eq!(
        Some(times.len() as u64),
        again["cases"][0]["frames"].as_u64()
    );
}

#[test]
fn an_interrupted_run_reports_what_it_has_and_marks_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path());
    command.args([
        "bench",
        "--engine",
        "bicubic",
        "--detector",
        "centre",
        "--size",
        "320x240",
        "--export-json",
        "a.json",
    ]);
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains("1 of 1: bicubic"), "{line}");
    // Long enough for frames where the machine is not too busy; without one it says so as well.
    std::thread::sleep(std::time::Duration::from_secs(4));
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let mut out = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{out}");
    assert!(out.contains("INCOMPLETE"), "{out}");
    let report = json(&folder.path().join("a.json"));
    assert_eq!(
        (&report["complete"], &report["quick"]),
        (&false.into(), &false.into())
    );
    assert_eq!(report["cases"][0]["complete"], false);
    let codes = report["warnings"].to_string();
    assert!(codes.contains("\"incomplete\""), "{codes}");
}

/// The first of two networks is measured; the second is damaged. In the pipeline and without it.
#[test]
fn a_case_that_fails_leaves_the_others_their_figures() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.onnx"), "no network").unwrap();
    let pipeline = ["--quick", "--detector", "centre", "--size", "320x240"];
    let model_only = ["--model-only", "--seconds", "1"];
    for options in [&pipeline[..], &model_only] {
        let fixed = [
            "bench",
            "--model",
            "embedded,bad.onnx",
            "--export-json",
            "a.json",
            "--export-csv",
            "token=hunter2.csv",
        ];
        let arguments = [&fixed, options].concat();
        let out = face8x(folder.path(), &arguments).expect(1, &["bad.onnx"]);
        assert!(out.stdout.contains("face8x.onnx"), "{}", out.stdout);
        let report = json(&folder.path().join("a.json"));
        let results = report["results"].as_array().unwrap();
        assert!(
            results.iter().any(|row| row["stage"] == "restore"),
            "{report}"
        );
        assert!(results.iter().all(|row| row["model"] == "face8x.onnx"));
        assert_eq!(report["complete"], false);
        // Reports are passed on.
        let command = report["command"].as_str().unwrap();
        assert!(command.contains("--export-csv token=***"), "{command}");
        let failed = report["warnings"].as_array().unwrap();
        let failed = failed.iter().find(|warning| warning["code"] == "failed");
        assert!(
            failed.unwrap()["text"]
                .as_str()
                .unwrap()
                .contains("bad.onnx"),
            "{report}"
        );
    }
}

/// Results for docs/results, in one command.
#[test]
fn results_to_send_are_written_and_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "bench", "--send", "--quick", "--engine", "bicubic", "--size", "320x240",
    ];
    let out = face8x(folder.path(), &arguments).expect(0, &[]);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let path = names[0].as_ref().unwrap().path();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(name.ends_with(".json"), "{name}");
    let said = format!(
        "wrote {name} (face8x {}); nothing was sent",
        env!("CARGO_PKG_VERSION")
    );
    assert!(out.stdout.contains(&said), "{}", out.stdout);
    assert!(out.stdout.contains("measure again"), "{}", out.stdout);
    let report = json(&path);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["command"], format!("face8x {}", arguments.join(" ")));
    assert!(!report["results"].as_array().unwrap().is_empty());
}

#[test]
fn mistakes_are_reported_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| face8x(folder.path(), &[&["bench"], arguments].concat());
    run(&["--engine", "face9x"]).expect(2, &["face8x"]);
    run(&["--source", "dmo:"]).expect(2, &["demo:"]);
    run(&["--view", "stripe"]).expect(2, &["strip"]);
    run(&["--quick", "--model-only"]).expect(2, &["--model-only"]);
    run(&["--export-csv", "no/folder/a.csv"]).expect(1, &["no/folder/a.csv", "remedy"]);
    run(&["--histogram", "."]).expect(1, &["cannot write .: is a directory", "folder"]);
    std::fs::write(folder.path().join("old.json"), "{\"results\": []}").unwrap();
    run(&["--compare", "old.json"]).expect(1, &["old.json", "does not name its format"]);
    run(&["--compare", "none.json"]).expect(1, &["none.json"]);
    run(&["--worker", "{}"]).expect(2, &["face8x bench itself"]);
    if std::thread::available_parallelism().unwrap().get() < 64 {
        run(&["--threads", "64"]).expect(2, &["left out", "--threads goes up to"]);
    }
    run(&["--quick", "--model", "none.onnx"]).expect(1, &["none.onnx"]);
}
