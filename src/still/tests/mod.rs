//! Whole runs over folders of pictures, good and bad.

use face8x_core::detect::SearchOptions;
use std::fs;

use super::*;
use face8x_core::detect::Detector;
use face8x_core::face::Detection;
use face8x_core::geometry::Rect;
use face8x_core::pixel::pack_rgb;
use face8x_core::restore::{Lr, Restorer, Sr};

mod forms;

/// A folder for pictures and one for results, both gone at the end.
struct TestFolders {
    root: tempfile::TempDir,
}

impl TestFolders {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("in")).unwrap();
        TestFolders { root }
    }

    fn input(&self, name: &str) -> PathBuf {
        self.root.path().join("in").join(name)
    }

    fn output(&self, name: &str) -> PathBuf {
        self.root.path().join("out").join(name)
    }

    /// Names of the results, sorted.
    fn results(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.output(""))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Runs over all of the input folder with the fakes below.
    fn run(&self, form: ImageForm, boxes: &[Rect]) -> ImageSummary {
        let inputs = [self.input("")];
        let output = &self.output("");
        let job = job(&inputs, output, form, 8);
        run(&job, &mut checks(boxes), &mut |_| ()).unwrap()
    }
}

/// A job on pictures in which faces are searched.
fn job<'a>(inputs: &'a [PathBuf], output: &'a Path, form: ImageForm, faces: usize) -> ImageJob<'a> {
    ImageJob {
        inputs,
        recursive: false,
        output: Some(output),
        form,
        aligned: false,
        faces,
        mark: false,
    }
}

/// Finds faces at these boxes in every picture.
struct BoxDetector(Vec<Rect>);

impl Detector for BoxDetector {
    fn name(&self) -> String {
        "boxes".into()
    }

    fn needs_pixels(&self) -> bool {
        false
    }

    fn detect(&mut self, _: &Frame, found: &mut Vec<Detection>) -> Result<()> {
        found.clear();
        found.extend(self.0.iter().map(|&face_box| Detection {
            face_box,
            landmarks: None,
            confidence: 1.0,
        }));
        Ok(())
    }
}

/// Restores every face as the colour of its first pixel, a little lighter and darker by turns: so
/// finely that no camera sees it.
struct Checks;

impl Restorer for Checks {
    fn describe(&self) -> String {
        "checks".into()
    }

    fn restore(&mut self, lr: &Lr, sr: &mut Sr) -> Result<()> {
        for (k, pixel) in sr.iter_mut().enumerate() {
            let light = (k + k / HR_SIDE).is_multiple_of(2);
            let [r, g, b] = [lr[0], lr[1], lr[2]].map(|level| match light {
                true => level.saturating_add(CONTRAST),
                false => level.saturating_sub(CONTRAST),
            });
            *pixel = pack_rgb(r, g, b);
        }
        Ok(())
    }
}

/// See [`Checks`], in levels.
const CONTRAST: u8 = 30;

/// Finds faces at these boxes and restores them as checks.
fn checks(boxes: &[Rect]) -> FaceRestorer {
    FaceRestorer::from_parts(Box::new(BoxDetector(boxes.to_vec())), Box::new(Checks))
}

/// Whether `picture` is of this grey but for the checks.
fn is_checks_of(picture: &RgbImage, level: u8) -> bool {
    picture.dimensions() == (128, 128)
        && picture
            .iter()
            .all(|&found| found.abs_diff(level).abs_diff(CONTRAST) <= 6)
}

/// The box of a face whose crop is the square of this corner and side.
fn crop_box(x: f32, y: f32, side: f32) -> Rect {
    let unit = side / HR_SIDE as f32;
    let b = face8x_core::geometry::canonical::FACE_BOX;
    Rect::new(x + b.x * unit, y + b.y * unit, b.w * unit, b.h * unit)
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(match name.starts_with("restore/") {
            true => "crates/face8x-core/tests/data",
            false => "tests/data",
        })
        .join(name)
}

fn read(path: &Path) -> RgbImage {
    image::open(path).unwrap().into_rgb8()
}

fn grey(level: u8, width: u32, height: u32) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb([level; 3]))
}

fn psnr(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let square = |(&a, &b): (&u8, &u8)| (f64::from(a) - f64::from(b)).powi(2);
    let mean = a.iter().zip(b.iter()).map(square).sum::<f64>() / a.len() as f64;
    10.0 * (255.0 * 255.0 / mean).log10()
}

#[test]
fn faces_are_numbered_from_the_largest() {
    let scene = TestFolders::new();
    let mut picture = grey(40, 200, 100);
    imageops::replace(&mut picture, &grey(200, 100, 100), 100, 0);
    picture.save(scene.input("two.png")).unwrap();
    grey(40, 100, 100).save(scene.input("three.png")).unwrap();
    let boxes = [crop_box(10.0, 30.0, 20.0), crop_box(115.0, 20.0, 32.0)];
    let summary = scene.run(ImageForm::Restored, &boxes);
    assert_eq!(
        (summary.done, summary.faces, summary.exit_code()),
        (2, 4, 0)
    );
    assert_eq!(
        scene.results(),
        ["three-1.png", "three-2.png", "two-1.png", "two-2.png"]
    );
    assert!(is_checks_of(&read(&scene.output("two-1.png")), 200));
    assert!(is_checks_of(&read(&scene.output("two-2.png")), 40));
    // Only the largest, so without a number.
    let inputs = [scene.input("two.png")];
    let output = &scene.output("one.png");
    let job = job(&inputs, output, ImageForm::Restored, 1);
    run(&job, &mut checks(&boxes), &mut |_| ()).unwrap();
    assert!(is_checks_of(&read(&scene.output("one.png")), 200));
}

#[test]
fn a_picture_without_a_face_is_listed_and_nothing_written() {
    let scene = TestFolders::new();
    grey(90, 300, 200).save(scene.input("wall.png")).unwrap();
    let inputs = [scene.input("")];
    let output = &scene.output("");
    let job = job(&inputs, output, ImageForm::PasteBack, 8);
    let detector = face8x_core::detect::open("auto", &SearchOptions::PHOTO).unwrap();
    let mut restorer = FaceRestorer::from_parts(detector, Box::new(Checks));
    let summary = run(&job, &mut restorer, &mut |progress| {
        assert_eq!(progress.outcome, &ImageOutcome::NoFace);
    });
    let summary = summary.unwrap();
    assert_eq!(summary.without_face, [scene.input("wall.png")]);
    assert_eq!((summary.done, summary.exit_code()), (0, 0));
    assert_eq!(scene.results(), [] as [&str; 0]);
}

#[test]
fn the_good_pictures_are_done_and_the_broken_ones_listed() {
    let scene = TestFolders::new();
    grey(7, 64, 64).save(scene.input("10.webp")).unwrap();
    grey(7, 64, 64).save(scene.input("9.png")).unwrap();
    fs::write(scene.input("a-empty.jpg"), "").unwrap();
    fs::write(scene.input("b-text.png"), "no picture").unwrap();
    fs::write(
        scene.input("c-cut.png"),
        &fs::read(scene.input("9.png")).unwrap()[..60],
    )
    .unwrap();
    fs::write(scene.input("d-zero.png"), png_header(0, 10)).unwrap();
    fs::write(scene.input("e-wide.png"), png_header(20_000, 10)).unwrap();
    fs::write(scene.input("f-large.png"), png_header(16_000, 16_000)).unwrap();
    fs::write(scene.input("g-psd.png"), b"8BPS\0\x01\0\0\0\0\0\0").unwrap();
    fs::create_dir(scene.input("folder.png")).unwrap();
    let missing = scene.input("missing.jpg");
    let inputs = [scene.input(""), missing.clone(), scene.input("folder.png")];
    let output = &scene.output("");
    let job = job(&inputs, output, ImageForm::Restored, 1);
    let mut restorer = checks(&[crop_box(0.0, 0.0, 64.0)]);
    let mut outcomes = 0;
    let summary = run(&job, &mut restorer, &mut |_| outcomes += 1).unwrap();
    assert_eq!(outcomes, 11, "the folder without pictures first");
    assert_eq!(scene.results(), ["10.png", "9.png"]);
    assert_eq!((summary.done, summary.exit_code()), (2, 1));
    let failed: Vec<_> = summary
        .failed
        .iter()
        .map(|f| (f.path.clone(), f.error.to_string()))
        .collect();
    for (name, reason) in [
        ("a-empty.jpg", "is empty"),
        ("b-text.png", "not a JPEG"),
        ("c-cut.png", "cannot be decoded"),
        ("d-zero.png", "cannot be decoded"),
        ("e-wide.png", "too large"),
        ("f-large.png", "too large"),
        ("g-psd.png", "QOI picture (its format is Photoshop)"),
        ("folder.png", "no JPEG, PNG, WebP"),
        ("missing.jpg", "No such file"),
    ] {
        let found = failed.iter().find(|(path, _)| *path == scene.input(name));
        assert!(
            found.is_some_and(|(_, error)| error.contains(reason)),
            "{name}: {found:?}"
        );
    }
    assert_eq!(failed.len(), 9);
}

/// A PNG that says it has this size, and has no pixels.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
    header.extend([8, 2, 0, 0, 0]);
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        png_chunk(&header),
        png_chunk(b"IDAT"),
    ]
    .concat()
}

/// A chunk of a PNG; `content` begins with its type.
fn png_chunk(content: &[u8]) -> Vec<u8> {
    let crc = !content.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| {
            (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg())
        })
    });
    let length = content.len() as u32 - 4;
    [&length.to_be_bytes(), content, &crc.to_be_bytes()].concat()
}

#[test]
fn no_result_replaces_another_or_a_picture() {
    let scene = TestFolders::new();
    for name in ["a.png", "a.webp", "b-2.png", "b.png"] {
        grey(9, 32, 32).save(scene.input(name)).unwrap();
    }
    fs::create_dir(scene.output("")).unwrap();
    fs::write(scene.output("a.png"), "an older result").unwrap();
    let boxes = [crop_box(0.0, 0.0, 16.0), crop_box(5.0, 5.0, 20.0)];
    let run_over = |names: &[&str], output: &Path, faces| {
        let inputs: Vec<_> = names.iter().map(|name| scene.input(name)).collect();
        let job = ImageJob {
            inputs: &inputs,
            recursive: false,
            output: Some(output),
            form: ImageForm::Restored,
            aligned: false,
            faces,
            mark: false,
        };
        run(&job, &mut checks(&boxes), &mut |_| ()).unwrap()
    };
    let summary = run_over(&["a.png", "a.webp"], &scene.output(""), 1);
    assert_eq!(summary.written, [scene.output("a.png")]);
    assert_eq!(read(&scene.output("a.png")).dimensions(), (128, 128));
    let error = &summary.failed[0].error;
    assert_eq!(summary.failed[0].path, scene.input("a.webp"));
    assert!(
        error.to_string().contains("already the result of"),
        "{error}"
    );

    let summary = run_over(&["b.png"], &scene.input(""), 2);
    assert_eq!(
        summary.written,
        [scene.input("b-1.png"), scene.input("b-2.png")]
    );
    let summary = run_over(&["b.png", "b-2.png"], &scene.input(""), 2);
    assert_eq!(summary.failed.len(), 1, "{summary:?}");
    assert!(
        summary.failed[0]
            .error
            .to_string()
            .contains("would overwrite"),
        "{summary:?}"
    );
    let summary = run_over(&["a.png"], &scene.input(""), 1);
    assert!(
        summary.failed[0]
            .error
            .to_string()
            .contains("would overwrite"),
        "{summary:?}"
    );
    assert_eq!(scene.results(), ["a.png"]);
}

/// A file is named as it was asked for, and a name that its number makes too long is shortened.
#[test]
fn files_have_the_names_asked_for_and_fit() {
    let scene = TestFolders::new();
    let long = format!("{}x.png", "ö".repeat(125));
    for name in ["a.png", &long] {
        grey(9, 32, 32).save(scene.input(name)).unwrap();
    }
    let boxes = [crop_box(0.0, 0.0, 16.0), crop_box(5.0, 5.0, 20.0)];
    let written = |input: &str, output: &str, faces| {
        let (inputs, output) = ([scene.input(input)], scene.output(output));
        let job = job(&inputs, &output, ImageForm::Restored, faces);
        let summary = run(&job, &mut checks(&boxes), &mut |_| ()).unwrap();
        assert!(summary.failed.is_empty(), "{summary:?}");
        let names = summary.written.iter().map(|path| path.file_name().unwrap());
        let names = names.map(|name| name.to_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(written("a.png", "X.PNG", 1), ["X.PNG"]);
    assert_eq!(written("a.png", "Y.Png", 2), ["Y-1.Png", "Y-2.Png"]);
    let stem = "ö".repeat(124);
    let numbered = [1, 2].map(|number| format!("{stem}-{number}.png"));
    assert_eq!(written(&long, "", 2), numbered);
    assert_eq!(written(&long, "", 1), std::slice::from_ref(&long));
}

#[test]
fn an_output_that_cannot_be_written_fails_before_the_work() {
    let scene = TestFolders::new();
    for name in ["a.png", "b.png"] {
        grey(9, 32, 32).save(scene.input(name)).unwrap();
    }
    let run_to = |inputs: &[PathBuf], output: &Path| {
        let job = job(inputs, output, ImageForm::Restored, 1);
        run(&job, &mut checks(&[]), &mut |_| panic!("work began")).unwrap_err()
    };
    let both = [scene.input("")];
    // A file where the folder should be.
    let error = run_to(&both, &scene.input("a.png/out"));
    assert!(error.to_string().contains("cannot write to"), "{error}");
    assert!(error.remedy_text().is_some());
    let error = run_to(&both, Path::new("/proc/face8x"));
    assert_eq!(error.exit_code(), 1);
    for (inputs, output) in [
        (&both[..], "one.png"),
        (&both[..], "one.jpg"),
        (&both[..1], "one.GIF"),
        (&both[..1], "one.avif"),
        (&[][..], "out"),
    ] {
        let error = run_to(inputs, &scene.output(output));
        assert_eq!(error.exit_code(), 2, "{error}");
        assert!(error.remedy_text().is_some());
    }
}
