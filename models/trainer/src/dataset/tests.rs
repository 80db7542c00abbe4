use std::fs;

use face8x_core::geometry::Point;
use proptest::prelude::*;

use super::*;

fn picture(name: &str, seed: u64, crops: usize) -> PictureData {
    let mut rng = fastrand::Rng::with_seed(seed);
    let landmarks = std::array::from_fn(|k| Point::new(k as f32 + seed as f32, 0.5));
    let mut crop = || {
        let pixels = (0..CROP_PIXELS).map(|_| rng.u8(..)).collect();
        let outside = (0..CROP_SIDE * CROP_SIDE).map(|_| rng.bool()).collect();
        (pixels, outside, landmarks)
    };
    let crops = (0..crops).map(|_| crop()).collect();
    let wide = (
        (0..WIDE_SIDE * WIDE_SIDE).map(|_| rng.u8(..)).collect(),
        landmarks,
    );
    PictureData {
        name: name.into(),
        crops,
        wide,
    }
}

fn write_part(folder: &std::path::Path, part: usize, parts: usize, recipe: &str) {
    let mut writer = DatasetWriter::create(folder, part, parts, recipe.into()).unwrap();
    writer.section(Split::Train, vec![Alignment::Landmarks, Alignment::Box]);
    writer
        .push(&picture(&format!("a{part}"), part as u64, 2))
        .unwrap();
    writer
        .push(&picture(&format!("b{part}"), 10 + part as u64, 2))
        .unwrap();
    writer.section(Split::Validation, vec![Alignment::Landmarks]);
    writer
        .push(&picture(&format!("v{part}"), 20 + part as u64, 1))
        .unwrap();
    writer.finish().unwrap();
}

#[test]
fn what_is_written_is_read_over_all_parts() {
    let folder = tempfile::tempdir().unwrap();
    write_part(folder.path(), 2, 2, "r");
    write_part(folder.path(), 1, 2, "r");
    let dataset = Dataset::open(folder.path()).unwrap();
    let train = dataset.section(Split::Train).unwrap();
    assert_eq!(train.len(), 4);
    assert_eq!(train.crop_by(Alignment::Box).unwrap(), 1);
    for (k, (name, seed)) in [("a1", 1), ("b1", 11), ("a2", 2), ("b2", 12)]
        .into_iter()
        .enumerate()
    {
        let (found, wanted) = (train.picture(k).unwrap(), picture(name, seed, 2));
        assert_eq!(found.name, name);
        for c in 0..2 {
            assert_eq!(found.crop(c).pixels, wanted.crops[c].0);
            assert_eq!(found.crop(c).landmarks(), wanted.crops[c].2);
        }
        assert_eq!(found.wide().0, wanted.wide.0);
        assert_eq!(found.wide().1, wanted.wide.1);
    }
    let validation = dataset.section(Split::Validation).unwrap();
    assert_eq!(validation.len(), 2);
    assert!(dataset.section(Split::Test).is_err());
    assert!(validation.crop_by(Alignment::Box).is_err());
}

proptest! {
    #[test]
    fn a_shifted_face_is_cut_where_it_should_be(dx in -2i32..=2, dy in -2i32..=2, at in 0usize..128 * 128) {
        let folder = tempfile::tempdir().unwrap();
        write_part(folder.path(), 1, 1, "r");
        let dataset = Dataset::open(folder.path()).unwrap();
        let crop = dataset.section(Split::Train).unwrap().picture(0).unwrap().crop(1);
        let wanted = picture("a1", 1, 2).crops.remove(1);
        let (mut hr, mut outside) = (vec![0; 128 * 128 * 3], vec![false; 128 * 128]);
        crop.face(dx, dy, &mut hr);
        crop.outside(dx, dy, &mut outside);
        let (x, y) = ((at % 128) as i32 + 2 + dx, (at / 128) as i32 + 2 + dy);
        let from = (y * 132 + x) as usize;
        prop_assert_eq!(&hr[3 * at..3 * at + 3], &wanted.0[3 * from..3 * from + 3]);
        prop_assert_eq!(outside[at], wanted.1[from]);
    }
}

#[test]
fn damage_anywhere_is_found() {
    let folder = tempfile::tempdir().unwrap();
    write_part(folder.path(), 1, 1, "r");
    let path = folder.path().join("faces-1-of-1.f8x");
    let whole = fs::read(&path).unwrap();
    let mut rng = fastrand::Rng::with_seed(5);
    for _ in 0..40 {
        let mut bytes = whole.clone();
        let at = rng.usize(..bytes.len());
        bytes[at] ^= 1 << rng.u8(..8);
        fs::write(&path, bytes).unwrap();
        let found = Dataset::open(folder.path()).and_then(|dataset| {
            for split in [Split::Train, Split::Validation] {
                let section = dataset.section(split)?;
                for k in 0..section.len() {
                    section.picture(k)?;
                }
            }
            Ok(())
        });
        assert!(found.is_err(), "byte {at}");
    }
    for keep in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..keep]).unwrap();
        assert!(Dataset::open(folder.path()).is_err());
    }
}

#[test]
fn missing_and_foreign_parts_are_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Dataset::open(folder.path()).is_err());
    write_part(folder.path(), 1, 2, "r");
    let error = Dataset::open(folder.path()).err().unwrap();
    assert!(error.to_string().contains("part 2 of 2"), "{error}");
    write_part(folder.path(), 2, 2, "another");
    let error = Dataset::open(folder.path()).err().unwrap();
    assert!(error.to_string().contains("different runs"), "{error}");
}

#[test]
fn a_split_has_one_set_of_crops() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = DatasetWriter::create(folder.path(), 1, 1, "r".into()).unwrap();
    writer.section(Split::Train, vec![Alignment::Box]);
    writer.push(&picture("a", 1, 1)).unwrap();
    writer.section(Split::Train, vec![Alignment::Landmarks, Alignment::Box]);
    writer.push(&picture("b", 2, 2)).unwrap();
    writer.finish().unwrap();
    let dataset = Dataset::open(folder.path()).unwrap();
    let error = dataset.section(Split::Train).err().unwrap();
    assert!(error.to_string().contains("other crops"), "{error}");
}
