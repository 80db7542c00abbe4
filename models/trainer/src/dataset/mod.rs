//! The packed dataset: aligned faces in a few memory-mapped files.
//!
//! A dataset is a folder of one or more parts, `faces-1-of-4.f8x` and so on. A part is
//!
//! ```text
//! pictures of every section, one block each, in order
//!     crops: 132x132 RGB levels | 1 bit a pixel: outside the source picture | 5 landmarks (f32)
//!     wide:  128x128 grey levels of the 224x224 around the canonical face | 5 landmarks (f32)
//!     CRC-32 of the block
//! the index, as JSON | its CRC-32 | its length (u64) | the magic bytes
//! ```
//!
//! All numbers are little-endian. A crop is the canonical face with a border of [`PAD`] pixels,
//! so that training can shift it.

use serde::{Deserialize, Serialize};

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Crop, Dataset, PictureForms, SplitPictures};
pub use write::{DatasetWriter, PictureData};

/// Border around the canonical face, in pixels.
pub const PAD: usize = 2;
/// Side of a stored crop.
pub const CROP_SIDE: usize = face8x_core::geometry::HR_SIDE + 2 * PAD;
/// Side of the wide grey picture, in its own pixels.
pub const WIDE_SIDE: usize = 128;
/// What it covers, in pixels of the canonical face, around its centre.
pub const WIDE_SPAN: f32 = 224.0;

/// How a file of this form ends.
const MAGIC: &[u8; 8] = b"F8XDATA1";
/// The end of the names of its files.
const EXTENSION: &str = "f8x";

const CROP_PIXELS: usize = CROP_SIDE * CROP_SIDE * 3;
const CROP_MASK: usize = (CROP_SIDE * CROP_SIDE).div_ceil(8);
const LANDMARKS_LEN: usize = 5 * 2 * 4;
const CROP_LEN: usize = CROP_PIXELS + CROP_MASK + LANDMARKS_LEN;
const WIDE_LEN: usize = WIDE_SIDE * WIDE_SIDE + LANDMARKS_LEN;
const CRC_LEN: usize = 4;

/// Bytes of the block of a picture with this many crops.
fn block_len(crops: usize) -> usize {
    crops * CROP_LEN + WIDE_LEN + CRC_LEN
}

/// What a face was aligned by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alignment {
    /// Its five points.
    Landmarks,
    /// A face box, as a detector without landmarks gives it.
    Box,
}

/// What a picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    Train,
    Validation,
    Test,
}

impl Split {
    /// Every split, in the order in which they are stored.
    pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }
}

/// The pictures of one split within a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct IndexSection {
    split: Split,
    /// The alignment of each crop of a picture.
    crops: Vec<Alignment>,
    /// File names of the pictures, in order.
    pictures: Vec<String>,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PartIndex {
    /// This part's number, from 1, and how many there are.
    part: usize,
    parts: usize,
    /// How the pictures were chosen and aligned; the same in all parts.
    recipe: String,
    sections: Vec<IndexSection>,
}
