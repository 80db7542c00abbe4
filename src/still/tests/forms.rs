//! What is made of faces: restored, side by side, pasted back, of aligned pictures.

use image::imageops::FilterType;

use super::*;

/// What `detector` and the embedded network make of the portrait.
fn restored_portrait(detector: &str) -> RgbImage {
    let scene = TestFolders::new();
    let (inputs, output) = ([data("still/portrait.jpg")], scene.output(""));
    let detector = face8x_core::detect::open(detector, &SearchOptions::PHOTO).unwrap();
    let restorer = face8x_core::restore::open("auto", None, 1).unwrap();
    let mut restorer = FaceRestorer::from_parts(detector, restorer);
    let mut reported = Vec::new();
    let job = job(&inputs, &output, ImageForm::Restored, 8);
    let summary = run(&job, &mut restorer, &mut |progress| {
        reported.push((progress.done, progress.total, progress.path.to_path_buf()));
    });
    let summary = summary.unwrap();
    assert_eq!(
        (summary.done, summary.faces, summary.exit_code()),
        (1, 1, 0)
    );
    assert_eq!(summary.written, [scene.output("portrait.png")]);
    assert_eq!(reported, [(1, 1, inputs[0].clone())]);
    assert_eq!(scene.results(), ["portrait.png"]);
    read(&summary.written[0])
}

#[test]
fn a_portrait_is_found_aligned_and_restored() {
    // The square that brings her eyes and mouth to their places, as a person reads them off.
    let portrait = read(&data("still/portrait.jpg"));
    let crop = imageops::crop_imm(&portrait, 62, 0, 100, 100).to_image();
    let crop = imageops::resize(&crop, 128, 128, FilterType::CatmullRom);
    let Rect { x, y, w, h } = crop_box(62.0, 0.0, 100.0);
    for (detector, least) in [
        (format!("box:{x},{y},{w},{h}"), 20.0),
        ("auto".into(), 13.0),
    ] {
        let restored = restored_portrait(&detector);
        let likeness = psnr(&restored, &crop);
        assert!(likeness > least, "{detector}: {likeness}");
        // Wrong colours or a wrong orientation would show.
        let mut swapped = restored.clone();
        swapped
            .pixels_mut()
            .for_each(|Rgb(channels)| channels.swap(0, 2));
        let mirrored = imageops::flip_horizontal(&restored);
        let overturned = imageops::flip_vertical(&restored);
        for other in [swapped, mirrored, overturned] {
            let other = psnr(&other, &crop);
            assert!(other < likeness - 0.5, "{detector}: {other} and {likeness}");
        }
    }
}

#[test]
fn side_by_side_shows_crop_pixels_and_restored() {
    let scene = TestFolders::new();
    RgbImage::from_fn(64, 64, |x, _| Rgb([if x < 32 { 20 } else { 220 }, 99, 0]))
        .save(scene.input("a.png"))
        .unwrap();
    scene.run(ImageForm::SideBySide, &[crop_box(0.0, 0.0, 64.0)]);
    let picture = read(&scene.output("a.png"));
    assert_eq!(picture.dimensions(), (524, 128));
    for (x, red, green, blue) in [
        (10, 20, 99, 0),
        (118, 220, 99, 0),
        (130, 48, 48, 48),
        (132, 20, 99, 0),
        (250, 220, 99, 0),
        (262, 48, 48, 48),
        (394, 48, 48, 48),
    ] {
        assert_eq!(
            picture.get_pixel(x, 64),
            &Rgb([red, green, blue]),
            "column {x}"
        );
    }
    // The final picture agrees with the camera's pixels, but for what the network put in.
    for (x, red, green) in [(402, 20, 99), (517, 220, 99)] {
        let Rgb([r, g, _]) = *picture.get_pixel(x, 64);
        assert!(r.abs_diff(red) <= CONTRAST + 10, "column {x}: {r}");
        assert!(g.abs_diff(green) <= CONTRAST + 10, "column {x}: {g}");
    }
    // The middle part is made of 8x8 blocks.
    for (x, y) in (132..260).zip(0..128) {
        let corner = picture.get_pixel(132 + (x - 132) / 8 * 8, y / 8 * 8);
        assert_eq!(picture.get_pixel(x, y), corner);
    }
}

#[test]
fn small_faces_are_pasted_back_and_large_ones_left_alone() {
    let scene = TestFolders::new();
    let picture = RgbImage::from_fn(300, 200, |x, y| Rgb([100, (x % 256) as u8, y as u8]));
    picture.save(scene.input("a.png")).unwrap();
    // Crops of 32 and 150 pixels: four times enlarged, and only the first is replaced.
    let boxes = [crop_box(20.0, 30.0, 32.0), crop_box(100.0, 20.0, 150.0)];
    let summary = scene.run(ImageForm::PasteBack, &boxes);
    assert_eq!(
        (summary.faces, scene.results()),
        (1, vec!["a.png".to_owned()])
    );
    let result = read(&scene.output("a.png"));
    let enlarged = imageops::resize(&picture, 1200, 800, FilterType::CatmullRom);
    assert_eq!(result.dimensions(), enlarged.dimensions());
    for (x, y, pixel) in result.enumerate_pixels() {
        // From the centre of the face's ellipse, whose edge is at 1. The crop begins at (80, 120).
        let (dx, dy) = (x as f32 + 0.5 - 80.0 - 64.0, y as f32 + 0.5 - 120.0 - 70.0);
        let radius = (dx / 54.0).hypot(dy / 56.0);
        let old = enlarged.get_pixel(x, y);
        if radius > 1.02 {
            assert_eq!(pixel, old, "{x}, {y}");
        } else {
            let apart = pixel[0].abs_diff(old[0]);
            assert!(apart <= CONTRAST + 5, "{x}, {y}: {apart}");
            assert!(radius > 0.58 || apart >= CONTRAST - 5, "{x}, {y}: {apart}");
        }
    }
}

#[test]
fn a_picture_of_large_faces_is_written_as_it_is() {
    let scene = TestFolders::new();
    let picture = RgbImage::from_fn(300, 200, |x, y| Rgb([x as u8, y as u8, 3]));
    picture.save(scene.input("a.png")).unwrap();
    let summary = scene.run(ImageForm::PasteBack, &[crop_box(50.0, 20.0, 128.0)]);
    assert_eq!((summary.done, summary.faces), (1, 0));
    assert_eq!(read(&scene.output("a.png")), picture);
}

#[test]
fn a_tiny_face_enlarges_eight_times_at_most_and_may_leave_the_picture() {
    let scene = TestFolders::new();
    grey(50, 40, 30).save(scene.input("a.png")).unwrap();
    let boxes = [crop_box(-2.0, -3.0, 9.0), crop_box(36.0, 26.0, 9.0)];
    let summary = scene.run(ImageForm::PasteBack, &boxes);
    assert_eq!(summary.faces, 2);
    let result = read(&scene.output("a.png"));
    assert_eq!(result.dimensions(), (320, 240));
    let replaced = |x, y| {
        let part = imageops::crop_imm(&result, x, y, 4, 4).to_image();
        part.iter().any(|&level| level != 50)
    };
    assert!(replaced(16, 6) && replaced(314, 234));
    assert!(!replaced(160, 120));
}

#[test]
fn aligned_pictures_need_no_detector() {
    let scene = TestFolders::new();
    fs::copy(data("restore/face-lr.png"), scene.input("16.png")).unwrap();
    fs::copy(data("restore/face-bicubic.png"), scene.input("128.png")).unwrap();
    grey(1, 17, 16).save(scene.input("17.png")).unwrap();
    let inputs = [scene.input("")];
    let mut restorer = FaceRestorer::new().unwrap();
    let job = ImageJob {
        inputs: &inputs,
        recursive: false,
        output: Some(&scene.output("")),
        form: ImageForm::Restored,
        aligned: true,
        faces: 1,
        mark: false,
    };
    let summary = run(&job, &mut restorer, &mut |_| ()).unwrap();
    assert_eq!(scene.results(), ["128.png", "16.png"]);
    let error = &summary.failed[0].error;
    assert!(
        error.to_string().contains("17x16") && error.remedy_text().is_some(),
        "{error}"
    );
    let expected = read(&data("restore/face-sr.png"));
    let restored = read(&scene.output("16.png"));
    assert!(
        restored
            .iter()
            .zip(expected.iter())
            .all(|(a, b)| a.abs_diff(*b) <= 1)
    );
    // The bicubic enlargement reduced again is nearly the 16x16 picture that it was made of.
    assert!(psnr(&read(&scene.output("128.png")), &expected) > 22.0);
    let job = ImageJob {
        form: ImageForm::PasteBack,
        ..job
    };
    assert_eq!(
        run(&job, &mut restorer, &mut |_| ())
            .unwrap_err()
            .exit_code(),
        2
    );
}

#[test]
fn saved_pictures_say_that_they_are_guesses_unless_they_are_for_prints() {
    let scene = TestFolders::new();
    grey(90, 100, 100).save(scene.input("a.png")).unwrap();
    let inputs = [scene.input("a.png")];
    for form in [
        ImageForm::Restored,
        ImageForm::SideBySide,
        ImageForm::PasteBack,
    ] {
        let written = |mark: bool, side: f32| {
            let output = scene.output("a.png");
            let job = ImageJob {
                mark,
                ..job(&inputs, &output, form, 1)
            };
            run(
                &job,
                &mut checks(&[crop_box(30.0, 30.0, side)]),
                &mut |_| (),
            )
            .unwrap();
            let file = fs::read(&output).unwrap();
            let comment = b"tEXtComment\0face8x: a restored face is a plausible guess";
            assert!(file.windows(comment.len()).any(|part| part == comment));
            read(&output)
        };
        let (marked, plain) = (written(true, 30.0), written(false, 30.0));
        let differing = marked.enumerate_pixels().zip(plain.pixels());
        let differing: Vec<_> = differing.filter(|((.., a), b)| a != b).collect();
        assert!(differing.len() > 100, "{form:?}");
        let (width, height) = plain.dimensions();
        for ((x, y, _), _) in differing {
            assert!(y > height * 3 / 4, "{form:?}: {x}, {y}");
            assert!(
                form != ImageForm::SideBySide || x >= width - 128,
                "{form:?}: {x}, {y}"
            );
        }
        // A face that the picture shows well is no guess.
        assert_eq!(written(true, 90.0), written(false, 90.0), "{form:?}");
    }
}
