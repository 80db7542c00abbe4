//! Faces at the edge, of strange sizes, and clipped pixels.

use super::*;

fn corrected(frame: &Frame, to_canonical: &Similarity, sr: &Sr) -> Box<Sr> {
    single(frame, to_canonical, 2.0, sr)
}

#[test]
fn faces_that_are_too_small_stay_as_the_network_made_them() {
    let frame = Portrait::new().frame((60, 60), &placed(30.0, 30.0, 20.0, 0.0), 0.4, 0.0);
    let sr = Box::new(std::array::from_fn(|k| k as u32));
    for side in [0.5, 3.0] {
        let place = placed(30.0, 30.0, side, 0.0);
        assert_eq!(corrected(&frame, &place, &sr), sr, "{side}");
    }
    // Nothing of it was seen, or it is nowhere.
    let outside = placed(-200.0, 30.0, 20.0, 0.0);
    let broken = Similarity {
        a: f32::NAN,
        ..Similarity::IDENTITY
    };
    for place in [outside, broken] {
        assert_eq!(*corrected(&frame, &place, &sr), [0; HR_SIDE * HR_SIDE]);
    }
}

/// Of a face that fills the frame and more, the network knows nothing that the camera does not.
#[test]
fn large_faces_are_the_cameras_own_pixels() {
    let mut studio = Studio::new();
    let frame = Portrait::new().frame((100, 100), &placed(50.0, 50.0, 90.0, 0.0), 0.4, 0.0);
    let sr = Box::new(std::array::from_fn(|k| k as u32));
    for side in [CAMERA_SIDE, 128.0, 300.0] {
        let place = placed(50.0, 50.0, side, 0.2);
        let picture = corrected(&frame, &place, &sr);
        let camera = studio.enlarged(&frame, &place);
        let inside: Vec<usize> = (0..sr.len()).filter(|&k| picture[k] != 0).collect();
        let levels: Vec<_> = levels(&picture).collect();
        let found = inside.iter().map(|&k| levels[k]);
        let camera: Vec<_> = inside.iter().map(|&k| camera[k]).collect();
        let likeness = psnr(found, &camera);
        println!("{side}: {likeness:.1} dB over {} pixels", inside.len());
        assert!(
            likeness > 38.0 && inside.len() > 1500,
            "{side}: {likeness} dB"
        );
    }
    corrected(&frame, &placed(50.0, 50.0, 4000.0, 0.2), &sr);
}

/// Only what the camera saw counts: what lies outside the frame is black, no mirrored hair.
#[test]
fn a_face_half_outside_is_shown_as_far_as_the_camera_saw_it() {
    let (portrait, mut studio) = (Portrait::new(), Studio::new());
    let truth = portrait.truth();
    let to_canonical = placed(0.0, 30.0, 24.0, 0.0);
    let frame = portrait.frame((60, 60), &to_canonical, 0.4, 0.0);
    let sr = studio.network(&frame, &to_canonical);
    let out = corrected(&frame, &to_canonical, &sr);
    let (mut seen, mut network, mut final_picture) = (Vec::new(), Vec::new(), Vec::new());
    for (k, &pixel) in out.iter().enumerate() {
        if k % HR_SIDE < HR_SIDE / 2 {
            assert_eq!(pixel, 0, "pixel {k}");
        } else {
            seen.push(truth[k]);
            network.push(sr[k]);
            final_picture.push(pixel);
        }
    }
    let likeness = |pixels: &[u32]| {
        let levels = pixels
            .iter()
            .map(|&p| crate::pixel::unpack_rgb(p).map(f32::from));
        psnr(levels, &seen)
    };
    let (network, corrected) = (likeness(&network), likeness(&final_picture));
    println!("of what the camera saw: {network:.2} dB, corrected {corrected:.2} dB");
    assert!(corrected > network + 1.0, "{network} {corrected}");
}

/// An interlaced camera takes every other row a field later: a face that moves is combed, and yet not
/// worse than the camera's own pixels.
#[test]
fn a_combed_face_is_no_worse_than_the_cameras_pixels() {
    let (portrait, mut studio) = (Portrait::new(), Studio::new());
    let truth = portrait.truth();
    for side in [16.0, 20.0, 28.0, 40.0, 60.0] {
        // Where it was at the middle between the two fields.
        let to_canonical = placed(45.0, 45.0, side, 0.0);
        let at = |x: f32| portrait.frame((90, 90), &placed(x, 45.0, side, 0.0), 0.4, 0.0);
        let (mut frame, later) = (at(43.5), at(46.5));
        let (rows, later) = (
            frame.bytes.chunks_mut(frame.stride),
            later.bytes.chunks(frame.stride),
        );
        for (row, later) in rows.zip(later).skip(1).step_by(2) {
            row.copy_from_slice(later);
        }
        let sr = studio.network(&frame, &to_canonical);
        let picture = corrected(&frame, &to_canonical, &sr);
        let found = psnr(levels(&picture), &truth);
        let camera = studio.camera_psnr(&frame, &to_canonical, &truth);
        println!("{side}: {found:.2} dB, the camera {camera:.2} dB");
        assert!(found > camera, "{side}: {found} dB, the camera {camera} dB");
    }
}

/// A white pixel says that the face is at least as bright: it does not pull a brighter guess down.
#[test]
fn clipped_pixels_bound_and_do_not_pull() {
    let to_canonical = placed(30.0, 30.0, 16.0, 0.0);
    let mut frame = Portrait::new().frame((60, 60), &to_canonical, 0.4, 0.0);
    frame.bytes.fill(255);
    let mut picture = Canonical::default();
    picture.pixels.fill([300.0, 300.0, 300.0, 1.0]);
    let mut projector = BackProjector::new(None);
    assert!(projector.load(&frame, &to_canonical).unwrap());
    projector.correct(1.0, &mut picture);
    assert!(
        picture
            .pixels
            .iter()
            .all(|pixel| (pixel[0] - 300.0).abs() < 0.1)
    );
    frame.bytes.fill(254);
    assert!(projector.load(&frame, &to_canonical).unwrap());
    projector.correct(1.0, &mut picture);
    assert!(picture.pixels[64 * HR_SIDE + 64][0] < 290.0);
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
fn there_is_room_for_every_face_from_the_start() {
    let frame = Portrait::new().frame((130, 130), &placed(65.0, 65.0, 40.0, 0.0), 0.4, 0.0);
    let mut picture = Canonical::default();
    for optics in [0.0, 0.4, 2.0] {
        let mut projector = BackProjector::new(Some(optics));
        let capacities = |p: &BackProjector| {
            let numbers = [p.seen.capacity(), p.expected.capacity(), p.bytes.capacity()];
            (
                numbers,
                p.camera.capacities(),
                p.camera.overlap.capacities(),
            )
        };
        let before = capacities(&projector);
        for side in 4..80 {
            let turned = placed(64.7, 65.2, side as f32 + 0.06, 0.785);
            assert!(projector.load(&frame, &turned).unwrap(), "{side}");
            projector.register(&picture);
            projector.correct(2.0, &mut picture);
            assert_eq!(capacities(&projector), before, "{side}, optics {optics}");
        }
    }
}
