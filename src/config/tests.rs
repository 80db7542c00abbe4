use clap::{Args, Command};

use super::*;

#[test]
fn flags_are_laid_over_the_file() {
    let mut options = RunOptions::from_toml("view = 'strip'\nfaces = 3\nloop = true").unwrap();
    let command = flags::<RunOptions>(Command::new("run"));
    let matches = command.try_get_matches_from(["run", "--faces=2", "--mirror"]);
    options.update(&matches.unwrap()).unwrap();
    let faces = options.detection.faces;
    assert_eq!((options.view, faces), (View::Strip, 2));
    assert!(options.looped && options.mirror && !options.json);
}

#[test]
fn every_flag_and_its_other_names_are_keys_of_the_file() {
    let command = RunOptions::augment_args(Command::new("keys"));
    let mut keys = Vec::new();
    for flag in command.get_arguments() {
        keys.extend(flag.get_long_and_visible_aliases().unwrap());
    }
    assert!(keys.contains(&"locator") && keys.contains(&"engine") && keys.contains(&"loop"));
    for key in keys {
        let valid = |value: &&str| RunOptions::from_toml(&format!("{key} = {value}")).is_ok();
        let values = [
            "1",
            "80",
            "0",
            "true",
            "'auto'",
            "'x'",
            "'full'",
            "'9x16'",
            "'640x480'",
            "'GREY'",
            "'0,0,64,48'",
            "'h'",
        ];
        let table = ["{ line = 1 }", "{ gain = 1 }"];
        assert!(values.iter().chain(&table).any(valid), "{key}");
    }
}

#[test]
fn wrong_values_are_usage_errors() {
    for (key, value) in [
        ("faces", "0"),
        ("faces", "33"),
        ("faces", "many"),
        ("rotate", "45"),
        ("camera-rotate", "91"),
        ("camera-flip", "x"),
        ("roi", "0,0,640"),
        ("roi", "1,0,640,480"),
        ("roi", "0,0,8,480"),
        ("control", "gain"),
        ("control", "gain=1,,"),
        ("size", "640"),
        ("size", "0x0"),
        ("format", "XYZ"),
        ("view", "none"),
        ("threads", "0"),
        ("threads", "some"),
        ("cpu-list", "3-1"),
        ("max-temperature", "20"),
        ("dim-after", "-1"),
        ("segment", "two"),
        ("keep", "-8"),
        ("blank-after", "soon"),
        ("frames", "0"),
        ("fps", "1001"),
        ("wait", "perhaps"),
        ("source", "v4l3://0"),
        ("sink", "drn"),
        ("detector", "rustfase"),
        ("restorer", "bicubix"),
        ("info-text", "%fsp"),
        ("metrics", "kiosk:9100"),
        ("button", "lien=17"),
    ] {
        // As a flag, and in a file.
        let as_flag = RunOptions::with(&[(key, value)]).unwrap_err();
        let in_file = RunOptions::from_toml(&format!("{key} = '{value}'")).unwrap_err();
        assert_eq!(as_flag.clone().context("line 1"), in_file);
        assert_eq!(as_flag.exit_code(), 2, "{key} {value}");
        assert!(as_flag.remedy_text().is_some(), "{key} {value}");
        assert!(!as_flag.to_string().contains('\n'), "{as_flag}");
    }
}

#[test]
fn headless_means_null_unless_a_sink_is_named() {
    let sink = |text: &str| RunOptions::from_toml(text).unwrap().sink().to_owned();
    let both = RunOptions::from_toml("sink = ['drm', 'spi:ili9341,dc=24,rst=25']").unwrap();
    assert_eq!(
        (both.sink(), both.more_sinks()),
        ("drm", &["spi:ili9341,dc=24,rst=25".to_owned()][..])
    );
    assert!(RunOptions::from_toml("sink = ['drm', 'windw']").is_err());
    assert!(RunOptions::from_toml("source = ['demo:', 'demo:']").is_err());
    assert_eq!(sink(""), "auto");
    assert_eq!(sink("headless = true"), "null");
    assert_eq!(sink("headless = true\nsink = 'auto'"), "null");
    assert_eq!(sink("headless = true\nsink = 'png:x.png'"), "png:x.png");
}

#[test]
fn an_unknown_key_names_the_nearest_and_its_line() {
    let error = RunOptions::from_toml("view = 'strip'\nsorce = 'demo:'").unwrap_err();
    assert_eq!(error.to_string(), "line 2: unknown key \"sorce\"");
    let remedy = error.remedy_text().unwrap();
    assert!(remedy.starts_with("did you mean \"source\"?"), "{remedy}");
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn a_table_is_a_flag_of_pairs() {
    let text = "[button]\nline = 17\naction = 'freeze'\n";
    let button = "line=17,action=freeze".parse().unwrap();
    assert_eq!(RunOptions::from_toml(text).unwrap().button, Some(button));
    let error = RunOptions::from_toml("view = 'strip'\n\n[button]\nlien = 17\n").unwrap_err();
    assert!(error.to_string().starts_with("line 3: "), "{error}");
    let remedy = error.remedy_text().unwrap();
    assert!(remedy.starts_with("did you mean \"line\"?"), "{remedy}");
}

#[test]
fn controls_are_pairs_in_their_order() {
    let controls = |text: &str| RunOptions::from_toml(text).unwrap().control;
    let pairs = "control = 'gain=3,power_line_frequency=50hz'";
    assert_eq!(
        controls(pairs).to_string(),
        "gain=3,power_line_frequency=50hz"
    );
    assert_eq!(controls("[control]\ngain = 3\n").to_string(), "gain=3");
    assert_eq!(controls("").to_string(), "");
}

#[test]
fn mistakes_have_their_line() {
    for (text, line) in [
        ("faces = 'many'", 1),
        ("\nfaces = -1", 2),
        ("view", 1),
        ("= 3", 1),
        ("# a comment\n\nview = 'strip'\nfaces = 33\n", 4),
        ("view = 'stripe'\nfaces = 33\n", 1),
        ("threads = 65\nfaces = 33\n", 1),
        ("source = 'demo:'\nsink = 'drn'\n", 2),
        ("frames = 10\nfps = 2.5\n", 2),
        ("\nview = ['strip']\n", 2),
    ] {
        let error = RunOptions::from_toml(text).unwrap_err();
        let begin = format!("line {line}: ");
        assert!(error.to_string().starts_with(&begin), "{text:?}: {error}");
        assert!(error.remedy_text().is_some(), "{text:?}");
    }
}
