//! `face8x list`, `doctor`, `test-pattern` and help, as a user runs them.

mod common;

use common::{face8x, open};

#[test]
fn help_names_the_commands_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    let help = face8x(folder.path(), &["--help"]).expect(0, &[]).stdout;
    for word in [
        "run",
        "image",
        "bench",
        "list",
        "doctor",
        "test-pattern",
        "--source",
        "--config",
        "guess",
        "values from 0 to 1",
        "off for prints",
    ] {
        assert!(help.contains(word), "no {word} in:\n{help}");
    }
    let help = face8x(folder.path(), &["run", "--help"])
        .expect(0, &[])
        .stdout;
    for part in ["[default: side-by-side]", "\nExamples:\n", "\nKeys:\n"] {
        assert!(help.contains(part), "no {part:?} in:\n{help}");
    }
    // The range of a network's values, as far as its load cannot tell it.
    for page in ["README.md", "docs/models.md"] {
        let text = std::fs::read_to_string(page).unwrap();
        assert!(text.contains("values from 0 to 1"), "{page}");
    }
    let version = face8x(folder.path(), &["--version"]).expect(0, &[]).stdout;
    assert_eq!(
        version.trim(),
        concat!("face8x ", env!("CARGO_PKG_VERSION"))
    );
    face8x(folder.path(), &["dance"]).expect(2, &["dance"]);
    face8x(folder.path(), &["--view", "full", "list"]).expect(2, &["before another command"]);
    face8x(folder.path(), &["-q", "list"]).expect(0, &[]);
    let run = ["--source", "demo:", "run", "--headless", "--frames", "1"];
    face8x(folder.path(), &run).expect(0, &["source: demo:"]);
}

#[test]
fn bench_knows_engines_by_the_restorers_names() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "bench",
        "--model-only",
        "--seconds",
        "1",
        "--engine",
        "tract,int8",
    ];
    let table = face8x(folder.path(), &arguments).expect(0, &[]).stdout;
    assert!(
        table.contains("tract-int8") && table.contains("face8x"),
        "{table}"
    );
}

#[test]
fn bench_times_three_engines_in_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "bench",
        "--model-only",
        "--threads",
        "1,2",
        "--seconds",
        "1",
    ];
    let json = ["--export-json", "bench.json"];
    let table = face8x(folder.path(), &[&arguments[..], &json].concat())
        .expect(0, &[])
        .stdout;
    assert_eq!(table.lines().count(), 5, "{table}");
    let text = std::fs::read_to_string(folder.path().join("bench.json")).unwrap();
    let bench: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(bench["schema"], "face8x-bench/1");
    assert!(bench["machine"]["architecture"].is_string(), "{bench}");
    let results = bench["results"].as_array().unwrap();
    let engines: Vec<_> = results
        .iter()
        .map(|r| {
            (
                r["engine"].as_str().unwrap(),
                r["threads"].as_u64().unwrap(),
            )
        })
        .collect();
    let wanted = [
        ("face8x", 1),
        ("face8x", 2),
        ("tract-int8", 1),
        ("tract-f32", 1),
    ];
    assert_eq!(engines, wanted);
    for result in results {
        assert_eq!(result["stage"], "restore");
        assert!(result["runs"].as_u64().unwrap() >= 5, "{result}");
        let [min, median, max] = ["min", "median", "max"].map(|k| result[k].as_f64().unwrap());
        assert!(
            0.0 < min && min <= median && median <= max && max < 60.0,
            "{result}"
        );
    }
    let nowhere = ["--export-json", "no/folder/bench.json"];
    face8x(folder.path(), &[&arguments[..], &nowhere].concat())
        .expect(1, &["no/folder/bench.json"]);
}

#[test]
fn list_shows_every_table() {
    let folder = tempfile::tempdir().unwrap();
    let list = face8x(folder.path(), &["list"]).expect(0, &[]).stdout;
    for word in [
        "cameras",
        "displays",
        "sources",
        "v4l2://",
        "rpicam://",
        "argus://",
        "pipe:",
        "file:",
        "demo:",
        "sinks",
        "window",
        "drm",
        "fb",
        "spi:",
        "png:",
        "null",
        "detectors",
        "yunet:",
        "centre",
        "box:",
        "restorers",
        "tract",
        "bicubic",
        "views",
        "side-by-side",
        "in-place",
    ] {
        assert!(list.to_lowercase().contains(word), "no {word} in:\n{list}");
    }
}

#[test]
fn doctor_checks_the_model_and_names_remedies() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = face8x(folder.path(), &["doctor"]);
    assert!(doctor.stdout.contains("model"), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("landmarks"), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("camera"), "{}", doctor.stdout);
    let problems = doctor
        .stdout
        .lines()
        .any(|line| line.starts_with("problem"));
    assert_eq!(doctor.code, Some(i32::from(problems)), "{}", doctor.stdout);

    std::fs::write(folder.path().join("broken.onnx"), b"junk").unwrap();
    let doctor = face8x(folder.path(), &["doctor", "--model", "broken.onnx"]).expect(1, &[]);
    let broken: Vec<&str> = doctor
        .stdout
        .lines()
        .filter(|l| l.starts_with("problem"))
        .collect();
    assert!(
        broken.iter().any(|line| line.contains("broken.onnx")),
        "{}",
        doctor.stdout
    );
}

#[test]
fn a_test_pattern_drives_a_sink_alone() {
    let folder = tempfile::tempdir().unwrap();
    face8x(
        folder.path(),
        &["test-pattern", "--sink", "png:pattern.png"],
    )
    .expect(0, &[]);
    let picture = open(folder.path().join("pattern.png"));
    let colours: std::collections::HashSet<_> = picture.pixels().collect();
    assert!(
        colours.len() > 8,
        "colour bars, not {} colours",
        colours.len()
    );
    face8x(
        folder.path(),
        &["test-pattern", "--sink", "null", "--frames", "3"],
    )
    .expect(0, &[]);
    face8x(folder.path(), &["test-pattern", "--sink", "nul"]).expect(2, &["null"]);
    face8x(folder.path(), &["test-pattern", "--rotate", "45"]).expect(2, &["90"]);
    let big = ["test-pattern", "--sink", "window:big"];
    face8x(folder.path(), &big).expect(2, &["invalid window \"big\"", "window:fullscreen"]);
}

#[test]
fn a_panel_on_a_recorded_bus_is_driven() {
    let folder = tempfile::tempdir().unwrap();
    let sink = "test:ili9341,path=bus.txt";
    face8x(
        folder.path(),
        &["test-pattern", "--sink", sink, "--frames", "1"],
    )
    .expect(0, &[]);
    let trace = std::fs::metadata(folder.path().join("bus.txt")).unwrap();
    assert!(trace.len() > 320 * 240 * 2, "{} bytes", trace.len());
}

#[test]
fn every_command_has_a_manual_page_that_is_well_formed() {
    let folder = tempfile::tempdir().unwrap();
    face8x(folder.path(), &["man", "pages"]).expect(0, &[]);
    for (page, words) in [
        ("face8x.1", "face8x\\-run(1)"),
        ("face8x-run.1", "\\-\\-info\\-text"),
        ("face8x-image.1", "\\-\\-paste\\-back"),
        ("face8x-doctor.1", "doctor"),
    ] {
        let text = std::fs::read_to_string(folder.path().join("pages").join(page)).unwrap();
        assert!(text.contains(words), "no {words} in {page}:\n{text}");
    }
    for (page, sections) in [
        (
            "face8x.1",
            &["EXAMPLES", "KEYS", "EXIT STATUS", "FILES", "ENVIRONMENT"][..],
        ),
        (
            "face8x-run.1",
            &["EXAMPLES", "KEYS", "EXIT STATUS", "FILES", "SEE ALSO"],
        ),
        ("face8x-bench.1", &["EXAMPLES", "EXIT STATUS", "SEE ALSO"]),
    ] {
        let text = std::fs::read_to_string(folder.path().join("pages").join(page)).unwrap();
        let heading = |line: &str| line.strip_prefix(".SH ").map(|h| h.replace('"', ""));
        let headings: Vec<String> = text.lines().filter_map(heading).collect();
        let after_options = headings.iter().skip_while(|h| *h != "OPTIONS");
        let found = after_options.filter(|h| sections.contains(&h.as_str()));
        assert_eq!(found.collect::<Vec<_>>(), sections, "{page}: {headings:?}");
        assert!(!headings.contains(&"EXTRA".into()), "{page}: {headings:?}");
        assert!(
            text.contains("\"face8x 0."),
            "{page} does not name the version:\n{text}"
        );
    }
    let printed = face8x(folder.path(), &["man"]).expect(0, &[]).stdout;
    let written = std::fs::read_to_string(folder.path().join("pages/face8x.1")).unwrap();
    assert_eq!(printed, written);
    std::fs::write(folder.path().join("file"), "").unwrap();
    face8x(folder.path(), &["man", "file/pages"]).expect(1, &["file/pages", "remedy: "]);

    let lint = std::process::Command::new("mandoc")
        .args(["-Tlint", "-Werror", "pages/face8x.1", "pages/face8x-run.1"])
        .current_dir(folder.path())
        .output();
    match lint {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(_) => common::skip("the check of the manual pages: mandoc is not installed"),
    }
}

#[test]
fn completions_know_the_commands_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = face8x(folder.path(), &["completions", shell]).expect(0, &[]);
        // A source may be a file, too; in bash files are offered where no value fits.
        let files = match shell {
            "bash" => "-o default face8x",
            "zsh" => {
                "rpicam\\:// argus\\:// pipe\\: - rtsp\\:// http\\:// https\\:// file\\: demo\\:)\" \"files\\:"
            }
            _ => " -r -F -a \"auto\\t",
        };
        for word in ["test-pattern", "doctor", "info-text", "paste-back", files] {
            assert!(script.stdout.contains(word), "no {word} for {shell}");
        }
        if shell == "bash" {
            std::fs::write(folder.path().join("face8x.bash"), &script.stdout).unwrap();
        }
    }
    face8x(folder.path(), &["completions", "bsh"]).expect(2, &["bash"]);

    // What bash itself offers for the last word.
    for (line, offered) in [
        ("face8x do", "doctor"),
        ("face8x run --view s", "side-by-side strip"),
        ("face8x run --sink sp", "spi:"),
        ("face8x run --rotate 1", "180"),
        ("face8x --source rp", "rpicam://"),
        ("face8x test-pattern --sink d", "drm"),
        ("face8x bench --source de", "demo:"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let [.., before, last] = words.as_slice() else {
            panic!("{line}");
        };
        let ask = format!(
            "source ./face8x.bash; COMP_WORDS=({line}); COMP_CWORD={}; \
             _face8x face8x {last} {before}; echo \"${{COMPREPLY[*]}}\"",
            words.len() - 1
        );
        let bash = std::process::Command::new("bash")
            .args(["--norc", "-c", &ask])
            .current_dir(folder.path())
            .output();
        match bash {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout);
                assert_eq!(text.trim(), offered, "{line}");
            }
            Err(_) => common::skip("bash's completion: bash is not installed"),
        }
    }
}

/// A recording has nobody to look at it, so it is not made for ever.
#[test]
fn a_recorded_test_pattern_ends() {
    let folder = tempfile::tempdir().unwrap();
    face8x(folder.path(), &["test-pattern", "--sink", "test:panel.txt"]).expect(0, &[]);
    let recorded = std::fs::metadata(folder.path().join("panel.txt")).unwrap();
    assert!(recorded.len() < 3_000_000, "{} bytes", recorded.len());
    // A pipe that nobody reads is not waited for.
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path().join("fifo"))
        .status();
    assert!(made.unwrap().success());
    let fifo = ["test-pattern", "--sink", "test:fifo"];
    face8x(folder.path(), &fifo).expect(1, &["no program reads from it", "remedy: "]);
}
