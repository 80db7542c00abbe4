use super::*;

fn fails(uri: &str) -> Error {
    open(uri, &SinkOptions::default()).err().unwrap()
}

#[test]
fn unknown_sinks_are_usage_errors_that_name_the_nearest() {
    for (uri, near) in [
        ("windw", "window"),
        ("dmr:HDMI-A-1", "drm"),
        ("nul", "null"),
        ("pgn:a.png", "png"),
    ] {
        let error = fails(uri);
        assert_eq!(error.exit_code(), 2);
        let name = uri.split(':').next().unwrap();
        assert_eq!(error.to_string(), format!("unknown sink {name:?}"));
        let remedy = error.remedy_text().unwrap();
        let question = format!("did you mean {near:?}?");
        assert!(remedy.starts_with(&question), "{remedy}");
        assert!(remedy.contains("spi"));
    }
    assert_eq!(fails("").exit_code(), 2);
}

#[test]
fn sinks_without_an_argument_take_none() {
    for uri in ["null:x", "auto:drm"] {
        assert_eq!(fails(uri).exit_code(), 2, "{uri}");
    }
}

#[test]
fn the_table_names_each_sink_once() {
    for (i, kind) in SINKS.iter().enumerate() {
        assert!(SINKS[..i].iter().all(|other| other.name != kind.name));
        assert!(!kind.help.is_empty());
    }
}

#[test]
fn null_shows_nothing_in_the_wished_size() {
    let options = SinkOptions {
        size: Some((320, 240)),
        ..SinkOptions::default()
    };
    let mut sink = open("null", &options).unwrap();
    assert_eq!(sink.size(), Some((320, 240)));
    assert_eq!(sink.present(&Picture::new(1, 1)), Ok(()));
    assert_eq!(sink.poll_event(), None);
    assert_eq!(open("null", &SinkOptions::default()).unwrap().size(), None);
}

#[test]
fn auto_takes_the_first_that_opens_or_says_why_none_does() {
    let open_some = |uri: &str| match uri {
        "fb" => open("null", &SinkOptions::default()),
        _ => Err(Error::other(format!("{uri} is not there"))),
    };
    let opened = first_that_opens(&["window", "drm", "fb", "png"], open_some).unwrap();
    assert_eq!(
        (opened.uri, opened.sink.describe().as_str()),
        ("fb", "null")
    );
    let error = first_that_opens(&["window", "drm"], open_some)
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "no display: window: window is not there; drm: drm is not there"
    );
    assert!(error.remedy_text().is_some());
}
