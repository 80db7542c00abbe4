use super::*;
use crate::testing::reference::{is_ycc, noise_frame, samples};

fn formats() -> impl Iterator<Item = PixelFormat> {
    let raw = |format: &PixelFormat| *format != PixelFormat::Mjpg;
    PixelFormat::ALL.into_iter().filter(raw)
}

/// Where pixel (x, y) of a turned and flipped picture of `size` comes from, written from the
/// definitions.
fn origin(
    turns: u8,
    flip: Option<Flip>,
    (w, h): (usize, usize),
    x: usize,
    y: usize,
) -> (usize, usize) {
    let (new_w, new_h) = if turns % 2 == 1 { (h, w) } else { (w, h) };
    let (x, y) = match flip {
        None => (x, y),
        Some(Flip::Horizontal) => (new_w - 1 - x, y),
        Some(Flip::Vertical) => (x, new_h - 1 - y),
    };
    match turns {
        0 => (x, y),
        1 => (y, h - 1 - x),
        2 => (w - 1 - x, h - 1 - y),
        _ => (w - 1 - y, x),
    }
}

#[test]
fn every_pixel_of_every_format_is_where_it_should_be() {
    for format in formats() {
        for (w, h, padding) in [(38, 34, 0), (70, 6, 12), (2, 2, 0), (7, 5, 3), (1, 9, 0)] {
            let frame = noise_frame(format, w as u32, h as u32, padding, 3);
            for turns in 0..4 {
                for flip in [None, Some(Flip::Horizontal), Some(Flip::Vertical)] {
                    let mut orienter = Orienter::new(Orientation::new(turns, flip));
                    let out = orienter.apply(&frame).unwrap();
                    out.validate().unwrap();
                    let what = format!("{format} {w}x{h} {turns} {flip:?}");
                    for (x, y) in
                        (0..w * h).map(|k| (k % out.width as usize, k / out.width as usize))
                    {
                        let (from_x, from_y) = origin(turns, flip, (w, h), x, y);
                        let (now, then) = (samples(out, x, y), samples(&frame, from_x, from_y));
                        assert_eq!(now[0], then[0], "{what}: luma or red at {x}, {y}");
                        if !is_ycc(format) {
                            assert_eq!(now, then, "{what} at {x}, {y}");
                            continue;
                        }
                        let at = |x: usize, y: usize| {
                            let (x, y) = origin(turns, flip, (w, h), x, y);
                            samples(&frame, x, y)
                        };
                        // The chroma of the first pixel that shares it.
                        let shares_rows = matches!(format, PixelFormat::Nv12 | PixelFormat::Yu12);
                        let first = at(x & !1, if shares_rows { y & !1 } else { y });
                        let second = at((x | 1).min(out.width as usize - 1), y);
                        let mixed = turns % 2 == 1 && !shares_rows;
                        for c in 1..3 {
                            let mean = (u16::from(first[c]) + u16::from(second[c])).div_ceil(2);
                            let expected = if mixed { mean as u8 } else { first[c] };
                            assert_eq!(now[c], expected, "{what}: chroma at {x}, {y}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_turn_and_its_opposite_give_the_frame_again() {
    for format in formats() {
        let frame = noise_frame(format, 64, 48, 0, 5);
        for flip in [None, Some(Flip::Horizontal), Some(Flip::Vertical)] {
            let mut twice = Orienter::new(Orientation::new(2, flip));
            let once = twice.apply(&frame).unwrap().clone();
            assert_eq!(twice.apply(&once).unwrap(), &frame, "{format} {flip:?}");
            assert_ne!(once, frame);
        }
    }
    let frame = noise_frame(PixelFormat::Nv12, 30, 20, 0, 5);
    let mut quarter = Orienter::new(Orientation::new(1, None));
    let turned = (0..4).fold(frame.clone(), |frame, _| {
        quarter.apply(&frame).unwrap().clone()
    });
    assert_eq!(turned, frame);
}

#[test]
fn a_frame_that_is_right_is_not_copied() {
    let frame = noise_frame(PixelFormat::Yuyv, 16, 8, 4, 1);
    let mut orienter = Orienter::new(Orientation::new(0, None));
    assert!(std::ptr::eq(orienter.apply(&frame).unwrap(), &frame));
    assert_eq!(
        Orientation::new(2, Some(Flip::Vertical)),
        Orientation::new(0, Some(Flip::Horizontal))
    );
}

#[test]
fn time_and_number_stay_and_invalid_frames_are_refused() {
    let mut frame = noise_frame(PixelFormat::Rgb3, 6, 4, 0, 1);
    (frame.sequence, frame.timestamp) = (9, std::time::Duration::from_millis(70));
    frame.processed = true;
    let mut orienter = Orienter::new(Orientation::new(3, None));
    let out = orienter.apply(&frame).unwrap();
    assert_eq!((out.sequence, out.timestamp), (9, frame.timestamp));
    assert_eq!((out.width, out.height, out.processed), (4, 6, true));
    let buffer = out.bytes.as_ptr();
    assert_eq!(
        orienter.apply(&frame).unwrap().bytes.as_ptr(),
        buffer,
        "the buffer is kept"
    );
    frame.bytes.pop();
    assert!(orienter.apply(&frame).is_err());
    frame.format = PixelFormat::Mjpg;
    assert!(orienter.apply(&frame).is_err());
}

#[test]
fn directions_have_names() {
    assert_eq!("h".parse(), Ok(Flip::Horizontal));
    assert_eq!("v".parse(), Ok(Flip::Vertical));
    assert_eq!("x".parse::<Flip>().unwrap_err().exit_code(), 2);
}
