use std::fs;
use std::path::Path;

use face8x_core::geometry::canonical;
use face8x_core::geometry::{CANONICAL_LANDMARKS, Landmarks, Point, Similarity};
use image::{Rgb, RgbImage};

use super::*;
use crate::dataset::{Dataset, PAD};

/// A picture in which red tells the column and green the row.
fn ramp(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, 128])
    })
}

/// The canonical landmarks, twice as far apart, around (100, 120).
fn landmarks() -> Landmarks {
    CANONICAL_LANDMARKS.map(|p| Point::new((p.x - 64.0) * 1.5 + 110.0, (p.y - 80.0) * 1.5 + 120.0))
}

fn line(name: &str, landmarks: &Landmarks) -> String {
    let numbers: Vec<String> = landmarks
        .iter()
        .flat_map(|p| [p.x.to_string(), p.y.to_string()])
        .collect();
    format!("{name} {}\n", numbers.join(" "))
}

fn celeba(folder: &Path) {
    fs::create_dir(folder.join("img")).unwrap();
    let mut list = String::from("5\nnames\n");
    let mut partition = String::new();
    for (k, name) in ["a.png", "b.png", "c.png", "d.png", "e.png"]
        .into_iter()
        .enumerate()
    {
        ramp(220, 240).save(folder.join("img").join(name)).unwrap();
        list += &line(name, &landmarks());
        partition += &format!("{name} {}\n", usize::from(k == 4));
    }
    fs::write(folder.join("img/broken.png"), b"not a picture").unwrap();
    list += &line("broken.png", &landmarks());
    ramp(50, 50).save(folder.join("img/outside.png")).unwrap();
    list += &line("outside.png", &landmarks());
    ramp(220, 240)
        .save(folder.join("img/coincide.png"))
        .unwrap();
    list += &line("coincide.png", &[Point::new(5.0, 5.0); 5]);
    ramp(220, 240)
        .save(folder.join("img/unlisted.png"))
        .unwrap();
    for name in ["broken", "outside", "coincide", "unlisted"] {
        partition += &format!("{name}.png 0\n");
    }
    fs::write(folder.join("list_landmarks_celeba.txt"), list).unwrap();
    fs::write(folder.join("list_eval_partition.txt"), partition).unwrap();
}

fn options(source: &Path, output: &Path) -> PrepareOptions {
    PrepareOptions {
        source: source.into(),
        output: output.into(),
        variants: 2,
        boxes: 1,
        validation: 0.5,
        shard: (1, 1),
        limit: None,
        seed: 0,
    }
}

#[test]
fn broken_pictures_are_counted_and_the_others_aligned() {
    let (source, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    celeba(source.path());
    let report = prepare(&options(source.path(), output.path())).unwrap();
    assert_eq!(report.taken, [("train", 4), ("validation", 1)].into());
    let left: Vec<_> = report
        .left_out
        .iter()
        .map(|(reason, (n, _))| (*reason, *n))
        .collect();
    assert_eq!(
        left,
        [
            (LeftOut::Unreadable, 1),
            (LeftOut::NoLandmarks, 1),
            (LeftOut::LandmarksOutside, 1),
            (LeftOut::NotAligned, 1)
        ]
    );
    let dataset = Dataset::open(output.path()).unwrap();
    let train = dataset.section(crate::dataset::Split::Train).unwrap();
    assert_eq!(
        train.crops(),
        [Alignment::Landmarks, Alignment::Landmarks, Alignment::Box]
    );
    let crop = train.picture(0).unwrap().crop(0);
    for (p, q) in crop.landmarks().iter().zip(&CANONICAL_LANDMARKS) {
        assert!((p.x - q.x).abs() < 1e-3 && (p.y - q.y).abs() < 1e-3);
    }
    // The centre of the canonical face lies where the ramp says so.
    let mut hr = vec![0; 128 * 128 * 3];
    crop.face(0, 0, &mut hr);
    let back = canonical::from_landmarks(&landmarks()).unwrap().invert();
    let p = back.apply(Point::new(64.5, 64.5));
    let at = 3 * (64 * 128 + 64);
    assert!((f32::from(hr[at]) - p.x * 255.0 / 220.0).abs() < 2.0);
    assert!((f32::from(hr[at + 1]) - p.y * 255.0 / 240.0).abs() < 2.0);
}

#[test]
fn shards_make_together_what_one_machine_makes() {
    let source = tempfile::tempdir().unwrap();
    celeba(source.path());
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    prepare(&options(source.path(), one.path())).unwrap();
    for part in 1..=2 {
        prepare(&PrepareOptions {
            shard: (part, 2),
            ..options(source.path(), two.path())
        })
        .unwrap();
    }
    let pixels = |folder: &Path| {
        let dataset = Dataset::open(folder).unwrap();
        let train = dataset.section(crate::dataset::Split::Train).unwrap();
        let mut all: Vec<(String, Vec<u8>)> = (0..train.len())
            .map(|k| train.picture(k).unwrap())
            .map(|p| (p.name.to_owned(), p.crop(1).pixels.to_vec()))
            .collect();
        all.sort();
        all
    };
    assert!(pixels(one.path()) == pixels(two.path()));
}

#[test]
fn the_mask_is_the_aligners() {
    let frame = face8x_core::frame::Frame {
        width: 90,
        height: 70,
        ..face8x_core::frame::Frame::empty()
    };
    let similarity = Similarity::about(Point::new(40.0, 30.0), Point::new(64.0, 60.0), 1.3, 0.4);
    let mut wanted = [false; 128 * 128];
    face8x_core::align::hr_mask(&similarity, 90, 70, &mut wanted);
    let pad = Similarity {
        tx: PAD as f32,
        ty: PAD as f32,
        ..Similarity::IDENTITY
    };
    let found = crops::outside(&similarity.then(&pad), &frame);
    let differing = (0..128 * 128)
        .filter(|k| found[(k / 128 + PAD) * 132 + k % 128 + PAD] != wanted[*k])
        .count();
    // A pixel on the very edge may round either way.
    assert!(differing <= 4, "{differing}");
    assert!(wanted.iter().any(|&o| o) && wanted.iter().any(|&o| !o));
}

#[test]
fn official_pictures_need_no_landmarks() {
    let (source, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = source.path().join("img_align_celeba");
    fs::create_dir(&folder).unwrap();
    ramp(178, 218).save(folder.join("000001.jpg")).unwrap();
    ramp(100, 100).save(folder.join("000002.jpg")).unwrap();
    let report = prepare(&PrepareOptions {
        validation: 0.0,
        ..options(source.path(), output.path())
    })
    .unwrap();
    assert_eq!(report.taken, [("train", 1)].into());
    let dataset = Dataset::open(output.path()).unwrap();
    let picture = dataset
        .section(crate::dataset::Split::Train)
        .unwrap()
        .picture(0)
        .unwrap();
    let mut hr = vec![0; 128 * 128 * 3];
    picture.crop(0).face(0, 0, &mut hr);
    // Row 0 of the face is row 20 of the picture.
    let row = f32::from(hr[1]);
    assert!((row - 20.5 * 255.0 / 218.0).abs() < 3.0, "{row}");
}

#[test]
fn an_empty_folder_and_broken_lists_are_named() {
    let (source, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let error = prepare(&options(source.path(), output.path())).unwrap_err();
    assert!(error.to_string().contains("no pictures"), "{error}");
    celeba(source.path());
    fs::write(
        source.path().join("list_landmarks_celeba.txt"),
        "1\nnames\na.png 1 2 x\n",
    )
    .unwrap();
    let error = prepare(&options(source.path(), output.path())).unwrap_err();
    assert!(error.to_string().contains("line 3"), "{error}");
    assert_eq!(fs::read_dir(output.path()).unwrap().count(), 0);
}

#[test]
fn a_plain_folder_is_searched_by_the_apps_detector() {
    let (source, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let portrait = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../crates/face8x-core/src/portrait/portrait.jpg");
    fs::copy(portrait, source.path().join("portrait.jpg")).unwrap();
    ramp(300, 300)
        .save(source.path().join("nobody.png"))
        .unwrap();
    let report = prepare(&PrepareOptions {
        validation: 0.0,
        ..options(source.path(), output.path())
    })
    .unwrap();
    assert_eq!(report.taken, [("train", 1)].into());
    assert_eq!(
        report.left_out,
        [(LeftOut::NoFace, (1, "nobody.png".to_owned()))].into()
    );
}

/// How many of four pictures, `000001.png` to `000004.png`, are for training, validation and test by a
/// partition file of that name and content.
fn split_of(name: &str, content: &str) -> Result<[usize; 3]> {
    let source = tempfile::tempdir().unwrap();
    let folder = source.path().join("img_align_celeba");
    fs::create_dir(&folder).unwrap();
    for k in 1..=4 {
        fs::write(folder.join(format!("{k:06}.png")), b"").unwrap();
    }
    fs::write(source.path().join(name), content).unwrap();
    let items = list(source.path(), 0.5)?;
    let count = |split| items.iter().filter(|item| item.split == split).count();
    Ok(Split::ALL.map(count))
}

#[test]
fn a_partition_names_pictures_by_their_stems() {
    let txt = "list_eval_partition.txt";
    for (name, content) in [
        (
            txt,
            "000001.png 0\n000002.png 0\n000003.png 1\n000004.png 2\n",
        ),
        (
            txt,
            "000001.jpg 0\n000002.jpg 0\n000003.jpg 1\n000004.jpg 2\n",
        ),
        (
            txt,
            "000001.JPG 0\n000002.JPG 0\n000003.JPG 1\n000004.JPG 2\n",
        ),
        (txt, "1.jpg 0\n2.jpg 0\n3.jpg 1\n4.jpg 2\n"),
        (
            txt,
            "img/000001.jpg 0\nimg/000002.jpg 0\nimg\\000003.jpg 1\nimg/000004.jpg 2\n",
        ),
        (
            "list_eval_partition.csv",
            "image_id,partition\n000001.jpg,0\n000002.jpg,0\n000003.jpg,1\n000004.jpg,2\n",
        ),
    ] {
        assert_eq!(split_of(name, content).unwrap(), [2, 1, 1], "{content}");
    }
    let error = split_of(txt, "000001.jpg 0\n000003.jpg 1\n").unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("2 of 4") && text.contains("000002.png"),
        "{text}"
    );
    assert!(error.remedy_text().is_some());
    let twice = "1.jpg 2\n2.jpg 0\n3.jpg 0\n4.jpg 0\n000001.jpg 0\n";
    let error = split_of(txt, twice).unwrap_err();
    assert!(error.to_string().contains("line 5"), "{error}");
    let error = split_of(txt, "1 0\n2 0\n3 0\n4 3\n").unwrap_err();
    assert!(error.to_string().contains("\"3\""), "{error}");
}

#[test]
fn pictures_of_celebas_png_form_are_split() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/cases/celeba-split/pngfiles_al");
    if !source.is_dir() {
        use std::io::Write as _;
        let missing = source.display();
        writeln!(
            std::io::stderr(),
            "skipped: CelebA's PNG form: {missing} is missing"
        )
        .unwrap();
        return;
    }
    let items = list(&source, 0.05).unwrap();
    let count = |split| items.iter().filter(|item| item.split == split).count();
    assert_eq!(Split::ALL.map(count), [6, 2, 2]);
}
