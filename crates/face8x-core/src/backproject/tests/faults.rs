//! Faces at the edge, of strange sizes, and clipped pixels.

use super::*;

fn corrected(frame: &Frame, to_canonical: &Similarity, sr: &Sr) -> Box<Sr> {
    let mut out = Box::new([0; HR_SIDE * HR_SIDE]);
    FaceHistory::new(1)
        .update(
            &mut BackProjector::new(DEFAULT_OPTICS),
            frame,
            to_canonical,
            2.0,
            sr,
            &mut out,
        )
        .unwrap();
    out
}

#[test]
fn faces_that_are_too_small_or_too_large_stay_as_they_are() {
    let frame = Portrait::new().frame((60, 60), &placed(30.0, 30.0, 20.0, 0.0), 0.4, 0.0);
    let sr = Box::new(std::array::from_fn(|k| k as u32));
    for side in [0.5, 3.0, 65.0, 4000.0] {
        assert_eq!(
            corrected(&frame, &placed(30.0, 30.0, side, 0.0), &sr),
            sr,
            "{side}"
        );
    }
    let outside = placed(-200.0, 30.0, 20.0, 0.0);
    assert_eq!(corrected(&frame, &outside, &sr), sr);
    let broken = Similarity {
        a: f32::NAN,
        ..Similarity::IDENTITY
    };
    assert_eq!(corrected(&frame, &broken, &sr), sr);
}

/// Only what the camera saw counts: the part of the face outside the frame stays the network's.
#[test]
fn a_face_half_outside_is_corrected_by_what_is_inside() {
    let (portrait, mut studio) = (Portrait::new(), Studio::new());
    let to_canonical = placed(0.0, 30.0, 24.0, 0.0);
    let frame = portrait.frame((60, 60), &to_canonical, 0.4, 0.0);
    let sr = studio.network(&frame, &to_canonical);
    let out = corrected(&frame, &to_canonical, &sr);
    let half = |sr: &Sr, right: bool| -> Vec<u32> {
        let side = |k: &usize| (k % HR_SIDE >= HR_SIDE / 2 + 16) == right;
        let far = |k: &usize| right || k % HR_SIDE < HR_SIDE / 2 - 16;
        (0..sr.len())
            .filter(side)
            .filter(far)
            .map(|k| sr[k])
            .collect()
    };
    assert_eq!(half(&out, false), half(&sr, false));
    assert_ne!(half(&out, true), half(&sr, true));
}

/// A white pixel says that the face is at least as bright: it does not pull a brighter guess down.
#[test]
fn clipped_pixels_bound_and_do_not_pull() {
    let to_canonical = placed(30.0, 30.0, 16.0, 0.0);
    let mut frame = Portrait::new().frame((60, 60), &to_canonical, 0.4, 0.0);
    frame.bytes.fill(255);
    let mut bright = Canonical::default();
    bright.pixels.fill([300.0, 300.0, 300.0, 1.0]);
    let mut projector = BackProjector::new(DEFAULT_OPTICS);
    let mut out = Canonical::default();
    assert!(projector.load(&frame, &to_canonical).unwrap());
    projector.correct(1.0, &bright, &mut out);
    assert!(
        out.pixels
            .iter()
            .all(|pixel| (pixel[0] - 300.0).abs() < 0.1)
    );
    frame.bytes.fill(254);
    assert!(projector.load(&frame, &to_canonical).unwrap());
    projector.correct(1.0, &bright, &mut out);
    assert!(out.pixels[64 * HR_SIDE + 64][0] < 290.0);
}

#[test]
fn a_frame_of_one_colour_gives_that_colour() {
    let to_canonical = placed(30.3, 29.6, 18.0, 0.4);
    let mut frame = Portrait::new().frame((60, 60), &to_canonical, 0.4, 0.0);
    frame.bytes.fill(120);
    let grey = Box::new([0x0078_7878; HR_SIDE * HR_SIDE]);
    assert_eq!(corrected(&frame, &to_canonical, &grey), grey);
}

#[test]
fn nothing_is_allocated_after_the_first_frame() {
    let to_canonical = placed(30.0, 30.0, 40.0, 0.0);
    let frame = Portrait::new().frame((60, 60), &to_canonical, 0.4, 0.0);
    let mut projector = BackProjector::new(DEFAULT_OPTICS);
    let (base, mut out) = (Canonical::default(), Canonical::default());
    let mut capacities = Vec::new();
    for _ in 0..2 {
        assert!(projector.load(&frame, &to_canonical).unwrap());
        projector.register(&base);
        projector.correct(2.0, &base, &mut out);
        capacities.push((
            projector.seen.capacity(),
            projector.expected.capacity(),
            projector.bytes.capacity(),
        ));
    }
    assert_eq!(capacities[0], capacities[1]);
}
