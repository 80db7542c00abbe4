//! The packed files of the trainer: an index as JSON behind blocks of pictures.
//!
//! The fuzzer writes the index; blocks that fit it, with their checksums, are put in front.

use std::path::PathBuf;
use std::sync::OnceLock;

use face8x_core::geometry::{HR_SIDE, Point};
use face8x_train::dataset::{
    Alignment, CROP_SIDE, Dataset, DatasetWriter, PictureData, Split, WIDE_SIDE,
};
use face8x_train::heatmap::Heatmaps;
use serde_json::Value;

const LANDMARKS: usize = 5 * 2 * 4;
/// No input makes a larger file.
const MOST: usize = 2 << 20;

/// What the blocks of a kind of file are made of.
struct PackedForm {
    magic: &'static [u8; 8],
    /// Bytes of a crop, and of what follows all crops, without the checksum.
    crop: usize,
    more: usize,
}

const DATASET: PackedForm = PackedForm {
    magic: b"F8XDATA1",
    crop: CROP_SIDE * CROP_SIDE * 3 + (CROP_SIDE * CROP_SIDE).div_ceil(8) + LANDMARKS,
    more: WIDE_SIDE * WIDE_SIDE + LANDMARKS,
};

const HEATMAPS: PackedForm = PackedForm {
    magic: b"F8XHEAT1",
    crop: (CROP_SIDE / 2) * (CROP_SIDE / 2),
    more: 0,
};

impl PackedForm {
    /// The file that ends in this index. The lowest bits of `damage` change the first byte of the
    /// first block, cut off the last byte of the file, and spoil the checksum of the index.
    fn file(&self, index: &[u8], damage: u8) -> Vec<u8> {
        let mut file = Vec::new();
        for (crops, pictures) in sections(index) {
            let block = crops
                .checked_mul(self.crop)
                .and_then(|n| n.checked_add(self.more));
            let all = block.and_then(|n| n.checked_add(4)?.checked_mul(pictures));
            let Some(block) = block.filter(|_| all.is_some_and(|n| file.len() + n <= MOST)) else {
                break;
            };
            let block = vec![0x3f; block];
            let sum = crc32fast::hash(&block).to_le_bytes();
            for _ in 0..pictures {
                file.extend(&block);
                file.extend(sum);
            }
        }
        if let Some(first) = file.first_mut().filter(|_| damage & 1 == 1) {
            *first ^= 0x10;
        }
        file.extend(index);
        let sum = crc32fast::hash(index) ^ u32::from(damage >> 2 & 1);
        file.extend(sum.to_le_bytes());
        file.extend((index.len() as u64).to_le_bytes());
        file.extend(self.magic);
        file.truncate(file.len() - usize::from(damage >> 1 & 1));
        file
    }
}

/// How many crops a picture has and how many pictures there are, of every section of an index.
fn sections(index: &[u8]) -> Vec<(usize, usize)> {
    let count = |value: &Value| match value.as_array() {
        Some(list) => list.len(),
        None => value.as_u64().unwrap_or(0) as usize,
    };
    let index: Value = serde_json::from_slice(index).unwrap_or_default();
    let sections = index["sections"].as_array();
    let both = |section: &Value| (count(&section["crops"]), count(&section["pictures"]));
    sections.map_or(Vec::new(), |all| all.iter().map(both).collect())
}

/// A dataset is refused with a remedy, or each of its pictures can be read.
pub fn dataset(data: &[u8]) {
    let Some((damage, data)) = data.split_first() else {
        return;
    };
    let folder = crate::scratch("dataset");
    std::fs::create_dir_all(&folder).expect("there is room for temporary files");
    let mut parts = data.split(|byte| *byte == 0xff);
    for k in 0..3 {
        let path = folder.join(format!("{k}.f8x"));
        match parts.next() {
            Some(index) => std::fs::write(&path, DATASET.file(index, *damage)),
            None if path.exists() => std::fs::remove_file(&path),
            None => Ok(()),
        }
        .expect("temporary files can be written");
    }
    let dataset = match Dataset::open(&folder) {
        Ok(dataset) => dataset,
        Err(error) => return crate::explained(&error),
    };
    for split in Split::ALL {
        match dataset.section(split) {
            Err(error) => crate::explained(&error),
            Ok(section) => (0..section.len().min(9)).for_each(|k| look(&section, k)),
        }
    }
}

fn look(section: &face8x_train::dataset::SplitPictures, k: usize) {
    let picture = match section.picture(k) {
        Ok(picture) => picture,
        Err(error) => return crate::explained(&error),
    };
    let mut face = vec![0; HR_SIDE * HR_SIDE * 3];
    let mut outside = vec![false; HR_SIDE * HR_SIDE];
    for crop in 0..section.crops().len().min(9) {
        let crop = picture.crop(crop);
        crop.face(2, -2, &mut face);
        crop.outside(-2, 2, &mut outside);
        crop.landmarks();
    }
    picture.wide();
}

/// The folder of a dataset of one picture, `1.jpg`, with one crop.
pub fn small_dataset() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = crate::scratch("small");
        std::fs::create_dir_all(&folder).expect("there is room for temporary files");
        let points = [
            (50.0, 65.0),
            (78.0, 65.0),
            (64.0, 83.0),
            (52.0, 95.0),
            (76.0, 95.0),
        ];
        let landmarks = points.map(|(x, y)| Point::new(x, y));
        let area = CROP_SIDE * CROP_SIDE;
        let pixels = (0..3 * area).map(|k| (k / 7 * k) as u8).collect();
        let picture = PictureData {
            name: "1.jpg".into(),
            crops: vec![(pixels, vec![false; area], landmarks)],
            wide: (vec![0; WIDE_SIDE * WIDE_SIDE], landmarks),
        };
        let write = || {
            let mut writer = DatasetWriter::create(&folder, 1, 1, "fuzz".into())?;
            writer.section(Split::Train, vec![Alignment::Landmarks]);
            writer.push(&picture)?;
            writer.finish()
        };
        write().expect("temporary files can be written");
        folder
    })
}

/// Heatmaps are refused with a remedy, or each of them can be read.
pub fn heatmaps(data: &[u8]) {
    let Some((damage, index)) = data.split_first() else {
        return;
    };
    static DATASET: OnceLock<Dataset> = OnceLock::new();
    let dataset = DATASET.get_or_init(|| Dataset::open(small_dataset()).expect("it is whole"));
    let path = crate::file("heatmaps.f8h", &HEATMAPS.file(index, *damage));
    let heatmaps = match Heatmaps::open(&path, dataset) {
        Ok(heatmaps) => heatmaps,
        Err(error) => return crate::explained(&error),
    };
    let mut heat = vec![0.0; HR_SIDE * HR_SIDE];
    for split in Split::ALL {
        for (picture, crop) in [(0, 0), (0, 1), (1, 0), (7, 2)] {
            match heatmaps.face((split, picture, crop), (2, -2), &mut heat) {
                Ok(()) => assert!(heat.iter().all(|h| (0.0..=1.0).contains(h))),
                Err(error) => crate::explained(&error),
            }
        }
    }
}
