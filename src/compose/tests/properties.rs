//! What holds for every scene and size.

use proptest::prelude::*;

use super::*;

/// Any number that a tracker could come up with, and some that it should not.
fn wild() -> impl Strategy<Value = f32> {
    prop_oneof![
        8 => -500f32..500.0,
        2 => -10f32..10.0,
        1 => any::<f32>(),
    ]
}

prop_compose! {
    fn wild_place()(
        (x, y, w, h) in (wild(), wild(), wild(), wild()),
        (a, b, tx, ty) in (wild(), wild(), wild(), wild()),
    ) -> (Rect, Similarity) {
        (Rect::new(x, y, w, h), Similarity { a, b, tx, ty })
    }
}

prop_compose! {
    fn any_options()(
        view in 0usize..5,
        rotation in 0usize..4,
        mirror in any::<bool>(),
        round in any::<bool>(),
        mark in any::<bool>(),
        info in prop_oneof![Just(""), Just("%fps"), Just("%source %restorer %time %faces %temp %sink")],
    ) -> ComposeOptions {
        let (view, rotation) = (View::ALL[view], Rotation::ALL[rotation]);
        ComposeOptions { view, rotation, mirror, round, mark, info: info.parse().unwrap() }
    }
}

fn any_size() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![
        4 => (1u32..=400, 1u32..=400),
        1 => (1u32..=2000, 1u32..=2000),
        1 => (1u32..=12, 1u32..=2000),
        1 => (1u32..=2000, 1u32..=12),
    ]
}

fn any_message() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![
        Just(None),
        Just(Some("")),
        Just(Some("frozen: é ☺ press f to go on")),
        Just(Some(
            "no camera: no such device, and a reason that is much longer than one line"
        )),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn every_scene_is_drawn_at_the_size_asked(
        options in any_options(),
        sizes in proptest::collection::vec(any_size(), 1..3),
        places in proptest::collection::vec(wild_place(), 0..10),
        message in any_message(),
        frame_size in prop_oneof![Just((320u32, 240u32)), (0u32..40, 0u32..40)],
        camera in proptest::bool::weighted(0.9),
    ) {
        let person = ScenePerson::new(60.0, 70.0, 100.0, 0.15, SKINS[0]);
        let mut restored = vec![person.restored(7); places.len()];
        for (restored, (face_box, to_canonical)) in restored.iter_mut().zip(places) {
            restored.face.detection.face_box = face_box;
            restored.to_canonical = to_canonical;
        }
        let (width, height) = frame_size;
        let stride = width as usize;
        let bytes = vec![99; stride * height as usize];
        let frame = Frame { format: PixelFormat::Grey, width, height, stride, bytes, ..Frame::empty() };
        let camera = camera.then_some(&frame);
        let scene = Scene { camera, faces: &restored, message, status: status(), ..Scene::default() };
        let mut composer = Composer::new(options);
        let mut picture = Picture::default();
        for size in sizes {
            composer.compose(&scene, size, &mut picture);
            prop_assert_eq!((picture.width, picture.height), size);
            prop_assert_eq!(picture.pixels.len() as u64, u64::from(size.0) * u64::from(size.1));
            prop_assert!(picture.pixels.iter().all(|pixel| pixel >> 24 == 0));
        }
    }

    /// A composer keeps tables and buffers; nothing of an earlier picture may be seen in a later.
    #[test]
    fn what_was_drawn_before_does_not_show(
        before in (any_options(), any_size(), 0usize..4),
        after in (any_options(), any_size(), 0usize..4),
    ) {
        let people = people();
        let frame = frame_of(&people);
        let restored: Vec<_> = people.iter().zip(1..).map(|(p, id)| p.restored(id)).collect();
        let scene = |faces: usize| Scene {
            camera: Some(&frame),
            faces: &restored[..faces],
            message: None,
            status: status(),
            ..Scene::default()
        };
        let mut composer = Composer::new(before.0);
        let mut picture = Picture::default();
        composer.compose(&scene(before.2), before.1, &mut picture);
        composer.options = after.0.clone();
        // Of the same size the picture keeps its pixels, of another it begins black.
        for size in [before.1, after.1] {
            composer.compose(&scene(after.2), size, &mut picture);
            prop_assert_eq!(&picture, &composed(after.0.clone(), &scene(after.2), size));
        }
    }
}

/// Turning happens to the finished picture.
#[test]
fn a_turned_view_is_the_upright_one_turned() {
    let people = people();
    let frame = frame_of(&people);
    let restored = [people[0].restored(1)];
    let scene = Scene {
        camera: Some(&frame),
        faces: &restored,
        message: None,
        status: status(),
        ..Scene::default()
    };
    for view in View::ALL {
        let upright = composed(options(view), &scene, (300, 200));
        for rotation in Rotation::ALL {
            let mut wanted = Picture::default();
            blit::rotate(&upright, rotation, &mut wanted);
            let turned = ComposeOptions {
                rotation,
                ..options(view)
            };
            let size = rotation.turned((300, 200));
            assert_eq!(composed(turned, &scene, size), wanted, "{view} {rotation}");
        }
    }
}

#[test]
fn a_mirrored_picture_is_the_picture_in_a_mirror() {
    let people = people();
    let frame = frame_of(&people);
    let restored: Vec<_> = people
        .iter()
        .zip(1..)
        .map(|(p, id)| p.restored(id))
        .collect();
    let scene = Scene {
        camera: Some(&frame),
        faces: &restored,
        message: None,
        status: status(),
        ..Scene::default()
    };
    for (view, size) in [(View::Restored, (200, 200)), (View::InPlace, (320, 240))] {
        // Text stays as it is.
        let unmarked = ComposeOptions {
            mark: false,
            ..options(view)
        };
        let mut picture = composed(unmarked.clone(), &scene, size);
        let mirrored = ComposeOptions {
            mirror: true,
            ..unmarked
        };
        let area = layout::Area::new(0, 0, size.0 as usize, size.1 as usize);
        blit::mirror(&mut picture, area);
        assert_eq!(composed(mirrored, &scene, size), picture, "{view}");
    }
    // The words of the side-by-side view stay, in the upper right corner.
    let (plain, mirrored): (Picture, Picture) = [false, true]
        .map(|mirror| {
            composed(
                ComposeOptions {
                    mirror,
                    ..options(View::SideBySide)
                },
                &scene,
                (640, 320),
            )
        })
        .into();
    assert_ne!(plain, mirrored);
    let corner = |picture: &Picture| -> Vec<u32> {
        let rows = (0..50).map(|y| &picture.row(y)[320..]);
        rows.flatten().copied().collect()
    };
    assert!(corner(&plain).contains(&palette::TEXT));
    assert_eq!(corner(&plain), corner(&mirrored));
}

#[test]
fn natural_sizes_suit_the_frame() {
    let size = |view, frame| Composer::new(options(view)).natural_size(frame);
    assert_eq!(size(View::SideBySide, (640, 480)), (800, 480));
    assert_eq!(size(View::InPlace, (320, 240)), (1280, 960));
    assert_eq!(size(View::InPlace, (1920, 1080)), (1920, 1080));
    assert_eq!(size(View::Full, (640, 480)), (640, 480));
    let rotation = Rotation::Deg90;
    let turned = Composer::new(ComposeOptions {
        rotation,
        ..options(View::Strip)
    });
    assert_eq!(turned.natural_size((640, 480)), (720, 640));
    for view in View::ALL {
        assert!(size(view, (0, 0)).0 > 0 && size(view, (u32::MAX, u32::MAX)).0 > 0);
    }
}

/// The 16x16 pixels are equally large in the side-by-side view's natural size.
#[test]
fn the_natural_side_by_side_view_magnifies_evenly() {
    let person = ScenePerson::new(60.0, 70.0, 100.0, 0.15, SKINS[0]);
    let frame = frame_of(&[]);
    let restored = [person.restored(1)];
    let scene = Scene {
        camera: Some(&frame),
        faces: &restored,
        message: None,
        status: status(),
        ..Scene::default()
    };
    let composer = Composer::new(options(View::SideBySide));
    let size = composer.natural_size((320, 240));
    let picture = composed(options(View::SideBySide), &scene, size);
    // The first of the 16x16 pixels is a patch of 8x8.
    let first = pack_rgb(person.lr[0], person.lr[1], person.lr[2]);
    let row = (0..picture.height)
        .map(|y| picture.row(y))
        .find(|row| row.contains(&first))
        .unwrap();
    let start = row.iter().position(|&pixel| pixel == first).unwrap();
    assert_eq!(
        row[start..]
            .iter()
            .take_while(|&&pixel| pixel == first)
            .count()
            % 8,
        0
    );
}

/// A frame that cannot be shown is like a missing camera: a JPEG that was not decoded, a short one.
#[test]
fn a_frame_that_cannot_be_shown_is_no_camera() {
    let whole = frame_of(&[]);
    let jpeg = Frame {
        format: PixelFormat::Mjpg,
        ..whole.clone()
    };
    let short = Frame {
        bytes: whole.bytes[1..].to_vec(),
        ..whole.clone()
    };
    let drawn = |camera| {
        let scene = Scene {
            camera,
            status: status(),
            ..Scene::default()
        };
        composed(options(View::SideBySide), &scene, (320, 240))
    };
    let none = drawn(None);
    assert_ne!(drawn(Some(&whole)), none);
    assert_eq!(drawn(Some(&jpeg)), none);
    assert_eq!(drawn(Some(&short)), none);
}

/// The same grey picture in every raw format gives the same view.
#[test]
fn every_raw_format_is_shown() {
    let (width, height) = (64u32, 48u32);
    let drawn = |format: PixelFormat| {
        let stride = format.min_stride(width);
        // 128 is grey in luma, in chroma and in RGB alike; limited range lightens it a little.
        let bytes = vec![128; format.frame_len(stride, height)];
        let frame = Frame {
            format,
            width,
            height,
            stride,
            bytes,
            ..Frame::empty()
        };
        let scene = Scene {
            camera: Some(&frame),
            message: Some(""),
            ..Scene::default()
        };
        composed(options(View::InPlace), &scene, (128, 96))
    };
    for format in PixelFormat::ALL
        .into_iter()
        .filter(|&format| format != PixelFormat::Mjpg)
    {
        for pixel in drawn(format).pixels {
            let [r, g, b] = unpack_rgb(pixel);
            assert!(
                r == g && g == b && (128..=131).contains(&r),
                "{format}: {pixel:06x}"
            );
        }
    }
}
