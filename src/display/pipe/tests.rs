use super::*;
use crate::capture::{self, ReadError, SourceOptions};
use face8x_core::frame::Frame;
use face8x_core::pixel::pack_rgb;

fn picture(width: u32, height: u32, level: u8) -> Picture {
    let mut picture = Picture::new(width, height);
    picture.pixels.fill(pack_rgb(level, level, level));
    picture
}

fn opened(command: &str, fps: u32) -> Box<dyn Sink> {
    let options = SinkOptions {
        fps,
        ..SinkOptions::default()
    };
    open_command(command, &options).unwrap()
}

#[test]
fn a_command_gets_every_frame_as_y4m() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.y4m");
    let mut sink = opened(&format!("cat > {}", path.display()), 25);
    assert_eq!((sink.size(), sink.audience()), (None, Audience::Nobody));
    for level in [0, 255, 128] {
        sink.present(&picture(33, 17, level)).unwrap();
        sink.redraw(&picture(33, 17, 7)).unwrap();
    }
    // Another size than the first is centred and cropped.
    sink.present(&picture(99, 17, 255)).unwrap();
    assert_eq!(sink.size(), Some((33, 17)));
    drop(sink);
    let options = SourceOptions {
        fps: 0,
        ..SourceOptions::default()
    };
    let mut source = capture::open(path.to_str().unwrap(), &options).unwrap();
    let (mut frame, mut levels) = (Frame::empty(), Vec::new());
    while source.read(&mut frame, Duration::from_secs(9)) != Err(ReadError::End) {
        assert_eq!((frame.width, frame.height), (33, 17));
        let colours = &frame.bytes[33 * 17..];
        assert!(colours.iter().all(|colour| *colour == 128));
        levels.push(frame.bytes[100]);
    }
    assert_eq!(levels, [16, 235, 126, 235]);
    assert!(source.describe().ends_with("33x17 25.00 fps"));
}

/// The primary colours of BT.601 in the range of video.
#[test]
fn colours_are_those_of_video() {
    let mut out = Vec::new();
    for (rgb, expected) in [
        ([255, 0, 0], [82, 90, 240]),
        ([0, 255, 0], [145, 54, 34]),
        ([0, 0, 255], [41, 240, 110]),
    ] {
        let mut picture = Picture::new(1, 1);
        picture.pixels[0] = pack_rgb(rgb[0], rgb[1], rgb[2]);
        y4m::frame(&picture, &mut out);
        let off = out[6..].iter().zip(expected).map(|(a, b)| a.abs_diff(b));
        assert!(off.max() <= Some(1), "{rgb:?}: {:?}", &out[6..]);
    }
}

#[test]
fn a_command_that_names_the_size_gets_raw_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("{width}x{height}-{fps}");
    let mut sink = opened(&format!("cat > {}", path.display()), 12);
    sink.present(&picture(8, 4, 9)).unwrap();
    sink.present(&picture(8, 4, 10)).unwrap();
    drop(sink);
    let bytes = std::fs::read(folder.path().join("8x4-12")).unwrap();
    assert_eq!(bytes, [[9; 96], [10; 96]].concat());
}

#[test]
fn commands_that_end_or_hang_are_named() {
    let fails = |command: &str| {
        let mut sink = opened(command, 30);
        let start = Instant::now();
        loop {
            if let Err(error) = sink.present(&picture(640, 480, 0)) {
                assert!(error.remedy_text().is_some());
                return error.to_string();
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{command}");
        }
    };
    let said = fails("exit 3; rtsp://me:secret@host");
    assert_eq!(said, "`exit 3; rtsp://me:***@host` ended (exit status: 3)");
    let said = fails("sleep 1000");
    assert!(said.contains("takes no pictures"), "{said}");
    assert_eq!(
        open_command(" ", &SinkOptions::default())
            .err()
            .unwrap()
            .exit_code(),
        2
    );
}
