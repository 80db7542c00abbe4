//! Writing one part of a dataset.

use std::path::Path;

use face8x_core::geometry::Landmarks;
use face8x_core::{Error, Result};

use super::{
    Alignment, CROP_MASK, CROP_PIXELS, EXTENSION, IndexSection, MAGIC, PartIndex, Split, WIDE_SIDE,
    block_len,
};
use crate::files::Atomic;
use crate::trailer;

/// The aligned forms of one source picture.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureData {
    pub name: String,
    /// RGB levels, which pixels lie outside the source, and the landmarks, each of a crop of
    /// [`CROP_SIDE`](super::CROP_SIDE).
    pub crops: Vec<(Vec<u8>, Vec<bool>, Landmarks)>,
    /// Grey levels of [`WIDE_SIDE`] squared, and the landmarks in it.
    pub wide: (Vec<u8>, Landmarks),
}

/// A part in the making.
pub struct DatasetWriter {
    file: Atomic,
    index: PartIndex,
}

impl DatasetWriter {
    /// Starts part `part` of `parts` in `folder`. `recipe` says how the pictures are chosen and
    /// aligned; parts of different recipes do not go together.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(folder: &Path, part: usize, parts: usize, recipe: String) -> Result<Self> {
        let file = Atomic::create(&folder.join(format!("faces-{part}-of-{parts}.{EXTENSION}")))?;
        Ok(DatasetWriter {
            file,
            index: PartIndex {
                part,
                parts,
                recipe,
                sections: Vec::new(),
            },
        })
    }

    /// Begins a section; the pictures that follow belong to it and have crops aligned so.
    pub fn section(&mut self, split: Split, crops: Vec<Alignment>) {
        self.index.sections.push(IndexSection {
            split,
            crops,
            pictures: Vec::new(),
        });
    }

    /// Appends a picture to the section that was begun last.
    ///
    /// # Errors
    /// The disk is full, or the picture does not have the section's crops.
    pub fn push(&mut self, picture: &PictureData) -> Result<()> {
        let section = self.index.sections.last_mut();
        let fits = section
            .as_ref()
            .is_some_and(|s| s.crops.len() == picture.crops.len())
            && picture
                .crops
                .iter()
                .all(|(pixels, _, _)| pixels.len() == CROP_PIXELS)
            && picture.wide.0.len() == WIDE_SIDE * WIDE_SIDE;
        let Some(section) = section.filter(|_| fits) else {
            return Err(Error::other(format!(
                "the crops of {} do not fit the section",
                picture.name
            )));
        };
        let mut block = Vec::with_capacity(block_len(picture.crops.len()));
        for (pixels, outside, landmarks) in &picture.crops {
            block.extend(pixels);
            let mut bits = [0u8; CROP_MASK];
            for k in (0..outside.len()).filter(|&k| outside[k]) {
                bits[k / 8] |= 1 << (k % 8);
            }
            block.extend(bits);
            push_landmarks(&mut block, landmarks);
        }
        block.extend(&picture.wide.0);
        push_landmarks(&mut block, &picture.wide.1);
        block.extend(crc32fast::hash(&block).to_le_bytes());
        section.pictures.push(picture.name.clone());
        self.file.write(&block)
    }

    /// Writes the index and gives the file its name.
    ///
    /// # Errors
    /// The disk is full.
    pub fn finish(mut self) -> Result<()> {
        trailer::write(&mut self.file, &self.index, MAGIC)?;
        self.file.finish()
    }
}

fn push_landmarks(block: &mut Vec<u8>, landmarks: &Landmarks) {
    for value in landmarks.iter().flat_map(|p| [p.x, p.y]) {
        block.extend(value.to_le_bytes());
    }
}
