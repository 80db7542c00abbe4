//! The in-place view: which faces are replaced, and what of the camera's picture stays.

use super::*;

/// With the camera's own pixels as the restored ones, pasting must change next to nothing,
/// however the face leans: the geometry is right and the edge is soft.
#[test]
fn pasting_the_cameras_own_pixels_changes_little() {
    let smooth = |x: f32, y: f32| [x * 0.7, 40.0 + y * 0.8, 200.0 - x * 0.3 - y * 0.2];
    let (width, height, stride) = (320u32, 240u32, 960);
    let at = |i: u32| ((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
    let bytes = (0..width * height)
        .flat_map(|i| smooth(at(i).0, at(i).1).map(|c| c as u8))
        .collect();
    let frame = Frame {
        format: PixelFormat::Rgb3,
        width,
        height,
        stride,
        bytes,
        ..Frame::empty()
    };
    for (x, y, side, lean) in [
        (100.0, 80.0, 64.0, 0.0),
        (120.0, 60.0, 50.0, 0.4),
        (-20.0, -25.0, 72.0, -1.0),
    ] {
        let mut person = ScenePerson::new(x, y, side, lean, SKINS[0]);
        let Similarity { a, b, tx, ty } = person.to_canonical;
        for (i, pixel) in person.sr.iter_mut().enumerate() {
            let (u, v) = (
                (i % HR_SIDE) as f32 + 0.5 - tx,
                (i / HR_SIDE) as f32 + 0.5 - ty,
            );
            let scale2 = a * a + b * b;
            let [r, g, b] =
                smooth((a * u + b * v) / scale2, (a * v - b * u) / scale2).map(|c| c as u8);
            *pixel = pack_rgb(r, g, b);
        }
        for size in [(320, 240), (640, 480), (1000, 700), (160, 120)] {
            let restored = [person.restored(1)];
            let drawn = |faces| unmarked(&frame, faces, size);
            let (pasted, plain) = (drawn(&restored[..]), drawn(&[]));
            let most = most_apart(&pasted, &plain);
            assert!(
                most <= 3,
                "{most} apart with side {side}, lean {lean} at {size:?}"
            );
        }
    }
}

/// These faces in place, without the mark.
fn unmarked(frame: &Frame, faces: &[Restored], size: (u32, u32)) -> Picture {
    let scene = Scene {
        camera: Some(frame),
        faces,
        message: Some(""),
        status: status(),
        ..Scene::default()
    };
    let unmarked = ComposeOptions {
        mark: false,
        ..options(View::InPlace)
    };
    composed(unmarked, &scene, size)
}

/// The largest difference of two pictures, in levels.
fn most_apart(one: &Picture, other: &Picture) -> u8 {
    let apart = |(one, other): (&u32, &u32)| {
        let (one, other) = (unpack_rgb(*one), unpack_rgb(*other));
        (0..3).map(|c| one[c].abs_diff(other[c])).max().unwrap_or(0)
    };
    let pixels = one.pixels.iter().zip(&other.pixels);
    pixels.map(apart).max().unwrap()
}

/// A face that the camera sees well stays as it is.
#[test]
fn large_faces_are_not_replaced() {
    let people = people();
    let frame = frame_of(&people);
    let plain = Scene {
        camera: Some(&frame),
        message: Some(""),
        ..Scene::default()
    };
    let plain = composed(options(View::InPlace), &plain, (320, 240));
    for (side, replaced) in [(63.0, true), (79.0, true), (80.0, false), (200.0, false)] {
        let person = ScenePerson::new(60.0, 20.0, side, 0.0, SKINS[1]);
        let restored = [person.restored(1)];
        let scene = Scene {
            camera: Some(&frame),
            faces: &restored,
            ..Scene::default()
        };
        let drawn = composed(options(View::InPlace), &scene, (320, 240));
        assert_eq!(drawn != plain, replaced, "a crop of {side} pixels");
    }
}

/// In place and at the edge of the frame: the part of the face that is in the picture is replaced.
#[test]
fn a_face_at_the_edge_is_replaced_as_far_as_it_shows() {
    let person = ScenePerson::new(-30.0, 60.0, 60.0, 0.0, SKINS[0]);
    let frame = frame_of(&[]);
    let restored = [person.restored(1)];
    let scene = Scene {
        camera: Some(&frame),
        faces: &restored,
        ..Scene::default()
    };
    let drawn = composed(options(View::InPlace), &scene, (320, 240));
    // The face's middle is at (0, 90): there the restored pixel shows as it is.
    let middle = unpack_rgb(drawn.row(90)[0]);
    let wanted = unpack_rgb(person.sr[64 * HR_SIDE + 64]);
    assert!(
        (0..3).all(|c| middle[c].abs_diff(wanted[c]) <= 2),
        "{middle:?} {wanted:?}"
    );
}
