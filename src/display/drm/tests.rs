use proptest::prelude::*;

use super::*;

fn connector(name: &str, connected: Option<bool>) -> CardConnector {
    CardConnector {
        name: name.to_owned(),
        connected,
        modes: vec![
            ((1920, 1080), false),
            ((1280, 720), true),
            ((640, 480), false),
        ],
        crtcs: vec![0, 1],
        current: None,
    }
}

fn chosen(connectors: &[CardConnector], argument: &str) -> Result<(usize, usize, usize)> {
    let (_, wish) = Wish::parse(argument)?;
    choose(connectors, &wish).map(|choice| (choice.connector, choice.mode, choice.crtc))
}

#[test]
fn the_first_connected_display_is_taken_in_its_preferred_mode() {
    let board = [
        connector("HDMI-A-1", Some(false)),
        connector("HDMI-A-2", Some(true)),
    ];
    assert_eq!(chosen(&board, ""), Ok((1, 1, 0)));
    let mut board = [
        connector("Composite-1", None),
        connector("HDMI-A-1", Some(true)),
    ];
    assert_eq!(chosen(&board, ""), Ok((1, 1, 0)), "known before unknown");
    board[1].connected = Some(false);
    assert_eq!(chosen(&board, ""), Ok((0, 1, 0)), "unknown before none");
    board[0].modes.iter_mut().for_each(|mode| mode.1 = false);
    assert_eq!(chosen(&board, ""), Ok((0, 0, 0)), "none preferred");
}

#[test]
fn a_connector_and_a_mode_can_be_wished() {
    let board = [
        connector("HDMI-A-1", Some(true)),
        connector("DSI-1", Some(true)),
    ];
    assert_eq!(chosen(&board, "dsi-1@640x480"), Ok((1, 2, 0)));
    assert_eq!(chosen(&board, "@1920x1080"), Ok((0, 0, 0)));
    let error = chosen(&board, "@800x600").unwrap_err();
    assert_eq!(error.to_string(), "HDMI-A-1 has no mode of 800x600");
    assert_eq!(
        error.remedy_text(),
        Some("choose one of 1920x1080, 1280x720, 640x480")
    );
    let error = chosen(&board, "HDMI-A-3").unwrap_err();
    let remedy = error.remedy_text().unwrap();
    assert!(remedy.starts_with("did you mean \"HDMI-A-1\"?"), "{remedy}");
    assert_eq!(chosen(&board, "HDMI-A-1@big").unwrap_err().exit_code(), 2);
}

#[test]
fn the_crtc_of_another_display_is_left_alone() {
    let mut board = [
        connector("HDMI-A-1", Some(true)),
        connector("HDMI-A-2", Some(true)),
    ];
    board[0].current = Some(0);
    assert_eq!(chosen(&board, "HDMI-A-2"), Ok((1, 1, 1)));
    assert_eq!(chosen(&board, "HDMI-A-1"), Ok((0, 1, 0)));
    board[1].crtcs = vec![0];
    assert_eq!(
        chosen(&board, "HDMI-A-2"),
        Ok((1, 1, 0)),
        "better shared than none"
    );
    board[1].crtcs.clear();
    assert!(chosen(&board, "HDMI-A-2").is_err());
}

#[test]
fn a_card_without_a_display_is_refused() {
    assert!(
        chosen(&[], "")
            .unwrap_err()
            .to_string()
            .contains("no connectors")
    );
    let board = [connector("HDMI-A-1", Some(false))];
    let error = chosen(&board, "").unwrap_err();
    assert_eq!(error.to_string(), "no display is connected to HDMI-A-1");
    let error = chosen(&board, "HDMI-A-1").unwrap_err();
    assert_eq!(error.to_string(), "nothing is connected to HDMI-A-1");
    let mut board = [connector("HDMI-A-1", Some(true))];
    board[0].modes.clear();
    assert!(chosen(&board, "").is_err());
}

#[test]
fn arguments_name_a_card_or_a_connector() {
    let parse = |argument| {
        let (path, wish) = Wish::parse(argument).unwrap();
        (path, wish.connector, wish.size)
    };
    assert_eq!(parse(""), (None, None, None));
    assert_eq!(
        parse("/dev/dri/card1@1280x720"),
        (Some("/dev/dri/card1"), None, Some((1280, 720)))
    );
    assert_eq!(parse("DP-2"), (None, Some("DP-2".to_owned()), None));
}

#[test]
fn each_card_that_fails_is_named() {
    assert!(combined(Vec::new()).remedy_text().is_some());
    let one = Error::other("a").remedy("repair a");
    assert_eq!(combined(vec![one.clone()]), one);
    let both = combined(vec![Error::other("b"), one]);
    assert_eq!(
        (both.to_string().as_str(), both.remedy_text()),
        ("b; a", Some("repair a"))
    );
}

#[test]
fn a_node_that_is_not_a_card_is_refused() {
    let error = open("/dev/null", &SinkOptions::default()).err().unwrap();
    assert!(error.to_string().contains("/dev/null"), "{error}");
    let error = open("/dev/dri/card99", &SinkOptions::default())
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "/dev/dri/card99 does not exist");
}

#[test]
fn cards_are_tried_in_the_order_of_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["card10", "card2", "renderD128", "card0"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let names: Vec<_> = cards(folder.path())
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["card0", "card2", "card10"]);
    assert!(cards(&folder.path().join("none")).is_empty());
}

proptest! {
    #[test]
    fn any_argument_is_understood_or_a_usage_error(
        argument in "(/dev/dri/card|HDMI-A-)?[-0-9a-zé@]{0,4}(@[-0-9x]{0,9})?", count in 0usize..3,
    ) {
        let board: Vec<_> = (1..=count)
            .map(|k| connector(&format!("HDMI-A-{k}"), [None, Some(true)][k % 2]))
            .collect();
        match Wish::parse(&argument) {
            Ok((_, wish)) => {
                if let Ok(chosen) = choose(&board, &wish) {
                    prop_assert!(chosen.connector < count && chosen.mode < 3 && chosen.crtc < 2);
                }
            }
            Err(error) => prop_assert!(error.exit_code() == 2 && error.remedy_text().is_some()),
        }
    }
}
