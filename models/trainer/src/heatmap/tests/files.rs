use std::fs;
use std::path::Path;

use face8x_core::geometry::{CANONICAL_LANDMARKS, HR_SIDE, Similarity};

use super::super::{detections, store};
use super::*;
use crate::dataset::{self, Alignment, CROP_SIDE, Dataset, PAD, PictureData, Split, WIDE_SIDE};
use crate::files::Atomic;
use crate::trailer;

/// From the first crop to the second: larger, turned and moved.
fn second() -> Similarity {
    Similarity::about(Point::new(64.0, 64.0), Point::new(66.0, 61.0), 1.1, 0.05)
}

/// The level of a scene at a point of the first crop's face.
fn scene(p: Point) -> u8 {
    (128.0 + 60.0 * (p.x / 4.0).sin() + 60.0 * (p.y / 5.0).cos()) as u8
}

/// A dataset of 3 training pictures and 2 for validation with two crops each.
fn dataset(folder: &Path, recipe: &str) -> Dataset {
    let mut writer = dataset::DatasetWriter::create(folder, 1, 1, recipe.into()).unwrap();
    let landmarks = CANONICAL_LANDMARKS;
    let crop = |to: &Similarity| {
        let back = to.invert();
        let at = |k: usize| {
            let (x, y) = ((k % CROP_SIDE) as f32 + 0.5, (k / CROP_SIDE) as f32 + 0.5);
            scene(back.apply(Point::new(x - PAD as f32, y - PAD as f32)))
        };
        let pixels = (0..CROP_SIDE * CROP_SIDE)
            .flat_map(|k| [at(k); 3])
            .collect();
        let outside = vec![false; CROP_SIDE * CROP_SIDE];
        (pixels, outside, landmarks.map(|p| to.apply(p)))
    };
    for (split, n) in [(Split::Train, 3), (Split::Validation, 2)] {
        writer.section(split, vec![Alignment::Landmarks, Alignment::Box]);
        for k in 0..n {
            let picture = PictureData {
                name: format!("{}{k}.png", split.name()),
                crops: vec![crop(&Similarity::IDENTITY), crop(&second())],
                wide: (vec![0; WIDE_SIDE * WIDE_SIDE], landmarks),
            };
            writer.push(&picture).unwrap();
        }
    }
    writer.finish().unwrap();
    Dataset::open(folder).unwrap()
}

fn options(folder: &Path, boxes: Boxes) -> HeatmapOptions {
    HeatmapOptions {
        dataset: folder.to_owned(),
        output: None,
        boxes,
        classes: Classes::default(),
        preview: None,
    }
}

fn face(heatmaps: &Heatmaps, crop: usize, shift: (i32, i32)) -> Vec<f32> {
    let mut heat = vec![0.0; HR_SIDE * HR_SIDE];
    heatmaps
        .face((Split::Validation, 1, crop), shift, &mut heat)
        .unwrap();
    heat
}

/// How alike two heatmaps are: their correlation.
fn alike(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// With numbers of crops that make the length of a block overflow: the last would make it 0.
#[test]
fn an_index_of_impossible_numbers_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path(), "r");
    let path = folder.path().join("heatmaps.f8h");
    for crops in [usize::MAX, usize::MAX / 4356 + 1, 3879067394747003967] {
        let section = serde_json::json!({"split": "train", "pictures": 1u64 << 60, "crops": crops});
        let index = serde_json::json!({
            "dataset": dataset.fingerprint(), "source": "x", "sections": [section],
        });
        let mut file = Atomic::create(&path).unwrap();
        trailer::write(&mut file, &index, b"F8XHEAT1").unwrap();
        file.finish().unwrap();
        let error = Heatmaps::open(&path, &dataset).err().unwrap();
        assert!(
            error.to_string().contains("does not fit its index"),
            "{error}"
        );
    }
}

#[test]
fn a_dataset_gets_a_heatmap_for_each_crop() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path(), "r");
    let sheet = folder.path().join("sheet.png");
    let report = make(&HeatmapOptions {
        preview: Some(sheet.clone()),
        ..options(folder.path(), Boxes::Landmarks)
    });
    let report = report.unwrap();
    assert_eq!(
        (report.pictures, report.crops, report.without.0),
        (5, 10, 0)
    );
    assert_eq!(report.boxes["eye"], 10);
    assert_eq!(
        image::image_dimensions(sheet).unwrap(),
        (4 * 3 * 128, 2 * 128)
    );
    let heatmaps = Heatmaps::open(&folder.path().join(FILE), &dataset).unwrap();
    assert_eq!(heatmaps.source(), "landmarks");
    // What is stored is the heatmap of the crop, but for its halved resolution.
    let section = dataset.section(Split::Validation).unwrap();
    for crop in 0..2 {
        let stored = section.picture(1).unwrap().crop(crop);
        let grey: Vec<u8> = stored.pixels.iter().step_by(3).copied().collect();
        let pad = PAD as f32;
        let points = stored.landmarks().map(|p| Point::new(p.x + pad, p.y + pad));
        let regions: Vec<FeatureRegion> = boxes(&points)
            .into_iter()
            .map(|(name, bounds)| FeatureRegion {
                class: Classes::default().find(name).unwrap(),
                bounds,
            })
            .collect();
        let whole = heatmap(&grey, CROP_SIDE, &regions, &Classes::default());
        let found = face(&heatmaps, crop, (1, -2));
        for (k, found) in found.iter().enumerate() {
            let (x, y) = (k % HR_SIDE + PAD + 1, k / HR_SIDE + PAD - 2);
            let wanted = whole[y * CROP_SIDE + x];
            assert!((found - wanted).abs() < 0.04, "{x} {y}: {found} {wanted}");
        }
    }
}

#[test]
fn boxes_of_a_file_follow_the_crops() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path(), "r");
    let by_landmarks = folder.path().join("landmarks.f8h");
    make(&HeatmapOptions {
        output: Some(by_landmarks.clone()),
        ..options(folder.path(), Boxes::Landmarks)
    })
    .unwrap();
    // The same boxes, as they lie in source pictures that are twice as large and moved.
    let source = tempfile::tempdir().unwrap();
    fs::create_dir(source.path().join("img")).unwrap();
    let to_source = |p: Point| Point::new(2.0 * p.x + 10.0, 2.0 * p.y + 20.0);
    let mut csv = "picture,class,x0,y0,x1,y1\n".to_owned();
    let mut list = "5\nleft right nose mouth mouth\n".to_owned();
    for split in [Split::Train, Split::Validation] {
        let section = dataset.section(split).unwrap();
        for k in 0..section.len() {
            let name = section.picture(k).unwrap().name;
            fs::write(source.path().join("img").join(name), b"").unwrap();
            let points = CANONICAL_LANDMARKS.map(to_source);
            let points = points.map(|p| format!("{} {}", p.x, p.y)).join(" ");
            list += &format!("{name} {points}\n");
            for (class, b) in boxes(&CANONICAL_LANDMARKS) {
                let (p, q) = (Point::new(b.x, b.y), Point::new(b.x + b.w, b.y + b.h));
                let (p, q) = (to_source(p), to_source(q));
                csv += &format!("{name},{class},{},{},{},{}\n", p.x, p.y, q.x, q.y);
            }
        }
    }
    fs::write(source.path().join("list_landmarks_celeba.txt"), list).unwrap();
    let file = source.path().join("boxes.csv");
    fs::write(&file, csv).unwrap();
    let pictures = Some(source.path().to_owned());
    make(&options(folder.path(), Boxes::File { file, pictures })).unwrap();
    let open = |path: &Path| Heatmaps::open(path, &dataset).unwrap();
    let (a, b) = (open(&by_landmarks), open(&folder.path().join(FILE)));
    assert_eq!(face(&a, 0, (0, 0)), face(&b, 0, (0, 0)));
    // Boxes stay upright where the second crop is turned, and so differ a little.
    assert!(alike(&face(&a, 1, (0, 0)), &face(&b, 1, (0, 0))) > 0.97);
    assert!(alike(&face(&a, 0, (0, 0)), &face(&b, 1, (0, 0))) < 0.95);
}

#[test]
fn csv_and_json_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, json) = (folder.path().join("a.csv"), folder.path().join("a.json"));
    let rows = "picture,class,x0,y0,x1,y1,score\n1.jpg,eye,1,2,11,12,0.9\n1.jpg,eye,1,2,11,13,0.8\n\
                2.jpg, mouth, 5,5, 9.5,9,0.2\n2.jpg,nose,5,5,9,9,0.01\n";
    fs::write(&csv, rows).unwrap();
    let entries = r#"[{"picture": "1.jpg", "class": "eye", "box": [1, 2, 11, 12], "score": 0.9},
        {"picture": "2.jpg", "class": "mouth", "box": [5, 5, 9.5, 9], "score": 0.2}]"#;
    fs::write(&json, entries).unwrap();
    let classes = Classes::default();
    let found = detections::read(&csv, &classes).unwrap();
    assert_eq!(found, detections::read(&json, &classes).unwrap());
    assert_eq!((found.len(), found["1.jpg"].len()), (2, 1));
    assert_eq!(
        found["1.jpg"][0].region.bounds,
        Rect::new(1.0, 2.0, 10.0, 10.0)
    );
}

#[test]
fn mistakes_in_a_file_of_boxes_are_named_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let head = "picture,class,x0,y0,x1,y1\n";
    for (name, text, word) in [
        ("a.csv", String::new(), "first line"),
        ("a.csv", "name,box\n".into(), "first line"),
        (
            "a.csv",
            format!("{head}1.jpg,eye,1,2,3\n"),
            "line 2 has 5 fields",
        ),
        ("a.csv", format!("{head}\n1.jpg,eye,1,2,3,x\n"), "line 3"),
        ("a.csv", format!("{head}1.jpg,eye,1,2,1,4\n"), "no area"),
        ("a.csv", format!("{head}1.jpg,eye,1,2,NaN,4\n"), "no area"),
        ("a.csv", format!("{head}1.jpg,tail,1,2,3,4\n"), "tail"),
        ("a.json", "{".into(), "line 1"),
        (
            "a.json",
            r#"[{"picture": "1", "class": "eye"}]"#.into(),
            "box",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &text).unwrap();
        let error = detections::read(&path, &Classes::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(word) && error.contains(name),
            "{text}: {error}"
        );
    }
}

#[test]
fn heatmaps_of_another_dataset_and_damaged_ones_are_refused() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = dataset(a.path(), "r");
    let other = dataset(b.path(), "another");
    make(&options(a.path(), Boxes::Landmarks)).unwrap();
    let path = a.path().join(FILE);
    let error = Heatmaps::open(&path, &other).err().unwrap();
    assert!(error.to_string().contains("another dataset") && error.remedy_text().is_some());
    assert!(Heatmaps::open(&b.path().join(FILE), &other).is_err());
    let whole = fs::read(&path).unwrap();
    let mut rng = fastrand::Rng::with_seed(4);
    for _ in 0..30 {
        let mut bytes = whole.clone();
        let at = rng.usize(..bytes.len());
        bytes[at] ^= 1 << rng.u8(..8);
        fs::write(&path, bytes).unwrap();
        let found = Heatmaps::open(&path, &first).and_then(|heatmaps| {
            let mut heat = vec![0.0; HR_SIDE * HR_SIDE];
            for (split, n) in [(Split::Train, 3), (Split::Validation, 2)] {
                for k in 0..n {
                    heatmaps.face((split, k, 0), (0, 0), &mut heat)?;
                }
            }
            Ok(())
        });
        assert!(found.is_err(), "byte {at}");
    }
    for keep in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..keep]).unwrap();
        assert!(Heatmaps::open(&path, &first).is_err());
    }
}

#[test]
fn a_failure_leaves_the_earlier_heatmaps_whole() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path(), "r");
    make(&options(folder.path(), Boxes::Landmarks)).unwrap();
    let before = fs::read(folder.path().join(FILE)).unwrap();
    let file = folder.path().join("boxes.csv");
    fs::write(&file, "picture,class,x0,y0,x1,y1\nnobody.png,eye,1,1,9,9\n").unwrap();
    let error = make(&options(
        folder.path(),
        Boxes::File {
            file,
            pictures: None,
        },
    ))
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("none of the 5 pictures has a box"),
        "{error}"
    );
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), before);
    assert!(Heatmaps::open(&folder.path().join(FILE), &dataset).is_ok());
}

#[test]
fn the_paper_s_classes_stand_in_the_example_and_mistakes_are_named() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/prompts.toml");
    assert_eq!(Classes::read(&example).unwrap(), Classes::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    let eye = "[[class]]\nname = \"eye\"\nweight = 1.0\n";
    for (text, word) in [
        ("confidence = 0.1".to_owned(), "class"),
        ("class = []".into(), "no [[class]]"),
        (format!("confidence = 2.0\n{eye}"), "confidence"),
        (format!("{eye}{eye}"), "twice"),
        (format!("{eye}fade = \"up\"\n"), "up"),
        (eye.replace("1.0", "-1.0"), "weight of eye"),
    ] {
        fs::write(&path, &text).unwrap();
        let error = Classes::read(&path).unwrap_err().to_string();
        assert!(
            error.contains(word) && error.contains("c.toml"),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_halved_heatmap_keeps_its_highest_value() {
    let mut heat = vec![0.0; CROP_SIDE * CROP_SIDE];
    assert!(store::halve(&heat).iter().all(|&v| v == 0));
    heat[CROP_SIDE * 5 + 9] = 1.0;
    heat[0] = 0.5;
    let levels = store::halve(&heat);
    assert_eq!(
        (levels.len(), levels[2 * 66 + 4], levels[0]),
        (66 * 66, 255, 128)
    );
}
