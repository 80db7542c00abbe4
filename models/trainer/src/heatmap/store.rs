//! Heatmaps in a memory-mapped file.
//!
//! ```text
//! pictures of every section of the dataset, one block each, in its order
//!     crops: 66x66 levels of the heatmap, half as wide as the crop
//!     CRC-32 of the block
//! the index (see the module trailer)
//! ```

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use face8x_core::geometry::HR_SIDE;
use face8x_core::{Error, Result};
use memmap2::Mmap;
use serde::{Deserialize, Serialize};

use crate::dataset::{CROP_SIDE, Dataset, PAD, Split};
use crate::files::{self, Atomic};
use crate::trailer;

const MAGIC: &[u8; 8] = b"F8XHEAT1";
const REMEDY: &str = "make it again with `face8x-train heatmaps`";
/// Side of a stored heatmap.
const SIDE: usize = CROP_SIDE / 2;
const AREA: usize = SIDE * SIDE;
const CRC_LEN: usize = 4;

/// The name of the file in a dataset's folder.
pub const FILE: &str = "heatmaps.f8h";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct HeatmapIndex {
    /// [`Dataset::fingerprint`] of the dataset that they belong to.
    dataset: u32,
    /// How the boxes were found.
    source: String,
    sections: Vec<SectionIndex>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct SectionIndex {
    split: Split,
    pictures: usize,
    crops: usize,
}

impl SectionIndex {
    /// Bytes of a picture's block; `None` where no file can hold it.
    fn checked_block(&self) -> Option<usize> {
        self.crops.checked_mul(AREA)?.checked_add(CRC_LEN)
    }

    /// The same of a section that [`Heatmaps::open`] has checked.
    fn block(&self) -> usize {
        self.crops * AREA + CRC_LEN
    }
}

/// The heatmaps of a dataset's crops.
pub struct Heatmaps {
    path: PathBuf,
    map: Mmap,
    index: HeatmapIndex,
    /// Whether each picture's checksum was compared; once is enough.
    compared: Vec<AtomicBool>,
}

impl Heatmaps {
    /// Opens the heatmaps of `dataset`.
    ///
    /// # Errors
    /// Missing, damaged, or of another dataset.
    pub fn open(path: &Path, dataset: &Dataset) -> Result<Self> {
        let damaged = |what: &str| {
            Error::other(format!("{} is damaged: {what}", path.display())).remedy(REMEDY)
        };
        let file = File::open(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Error::other(format!("there are no heatmaps at {}", path.display()))
                    .remedy("make them with `face8x-train heatmaps`")
            }
            _ => files::cannot("read", path, &e),
        })?;
        // SAFETY: the map is read only, and the file is never changed in place: a new one is
        // written under another name and renamed, which leaves the mapped one as it was.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| files::cannot("map", path, &e))?;
        let (index, start): (HeatmapIndex, usize) =
            trailer::read(&map, MAGIC).map_err(|what| damaged(&what))?;
        let blocks = index.sections.iter().try_fold(0usize, |sum, s| {
            sum.checked_add(s.checked_block()?.checked_mul(s.pictures)?)
        });
        if blocks != Some(start) {
            return Err(damaged("its length does not fit its index"));
        }
        if index.dataset != dataset.fingerprint() {
            return Err(Error::other(format!(
                "the heatmaps in {} are of another dataset",
                path.display()
            ))
            .remedy(REMEDY));
        }
        let pictures = index.sections.iter().map(|s| s.pictures).sum();
        let compared = std::iter::repeat_with(AtomicBool::default);
        Ok(Heatmaps {
            path: path.to_owned(),
            map,
            index,
            compared: compared.take(pictures).collect(),
        })
    }

    /// How the boxes were found.
    pub fn source(&self) -> &str {
        &self.index.source
    }

    /// The heatmap of crop `crop` of picture `k`, 0 to 1, moved as
    /// [`Crop::face`](crate::dataset::Crop::face) moves it; `heat` has 128x128 values.
    ///
    /// # Errors
    /// It is damaged, or there is none.
    pub fn face(
        &self,
        (split, k, crop): (Split, usize, usize),
        (dx, dy): (i32, i32),
        heat: &mut [f32],
    ) -> Result<()> {
        let crops = self.picture(split, k)?;
        let levels = crops.get(crop * AREA..(crop + 1) * AREA);
        let levels = levels.ok_or_else(|| self.missing(split, k))?;
        let taps = |shift: i32| {
            move |at: usize| {
                let x = (PAD + at).saturating_add_signed(shift as isize) as f32;
                let x = ((x + 0.5) / 2.0 - 0.5).clamp(0.0, (SIDE - 1) as f32);
                (x as usize, (x as usize + 1).min(SIDE - 1), x.fract())
            }
        };
        let columns: Vec<_> = (0..HR_SIDE).map(taps(dx)).collect();
        for (row, (y0, y1, v)) in heat
            .chunks_exact_mut(HR_SIDE)
            .zip((0..HR_SIDE).map(taps(dy)))
        {
            for (heat, &(x0, x1, u)) in row.iter_mut().zip(&columns) {
                let level = |x: usize, y: usize| f32::from(levels[y * SIDE + x]) / 255.0;
                let across = |y: usize| level(x0, y) * (1.0 - u) + level(x1, y) * u;
                *heat = across(y0) * (1.0 - v) + across(y1) * v;
            }
        }
        Ok(())
    }

    fn missing(&self, split: Split, k: usize) -> Error {
        let name = split.name();
        let path = self.path.display();
        Error::other(format!("{path} has no heatmap of {name} picture {k}")).remedy(REMEDY)
    }

    /// The levels of all crops of a picture; its checksum is compared the first time.
    fn picture(&self, split: Split, mut k: usize) -> Result<&[u8]> {
        let wanted = k;
        let (mut offset, mut number) = (0, 0);
        for section in &self.index.sections {
            if section.split == split && k < section.pictures {
                let block = &self.map[offset + k * section.block()..][..section.block()];
                let (levels, crc) = block.split_at(block.len() - CRC_LEN);
                let compared = &self.compared[number + k];
                if !compared.load(Ordering::Relaxed) {
                    if crc32fast::hash(levels).to_le_bytes() != crc {
                        return Err(Error::other(format!(
                            "{} is damaged: the checksum of {} picture {wanted} is wrong",
                            self.path.display(),
                            split.name()
                        ))
                        .remedy(REMEDY));
                    }
                    compared.store(true, Ordering::Relaxed);
                }
                return Ok(levels);
            }
            if section.split == split {
                k -= section.pictures;
            }
            offset += section.block() * section.pictures;
            number += section.pictures;
        }
        Err(self.missing(split, wanted))
    }
}

/// Heatmaps in the making.
pub struct HeatmapWriter {
    file: Atomic,
    index: HeatmapIndex,
}

impl HeatmapWriter {
    /// Starts the heatmaps of `dataset`; `source` says how the boxes were found.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(path: &Path, dataset: &Dataset, source: String) -> Result<Self> {
        Ok(HeatmapWriter {
            file: Atomic::create(path)?,
            index: HeatmapIndex {
                dataset: dataset.fingerprint(),
                source,
                sections: Vec::new(),
            },
        })
    }

    /// Begins a section, whose pictures follow and have so many crops.
    pub fn section(&mut self, split: Split, crops: usize) {
        self.index.sections.push(SectionIndex {
            split,
            pictures: 0,
            crops,
        });
    }

    /// Appends a picture's levels, those of [`halve`] for each crop.
    ///
    /// # Errors
    /// The disk is full.
    pub fn push(&mut self, levels: &[u8]) -> Result<()> {
        if let Some(section) = self.index.sections.last_mut() {
            debug_assert_eq!(levels.len(), section.crops * AREA);
            section.pictures += 1;
        }
        self.file.write(levels)?;
        self.file.write(&crc32fast::hash(levels).to_le_bytes())
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

/// A crop's heatmap as it is stored: means of 2x2 pixels, the highest 255.
pub fn halve(heat: &[f32]) -> Vec<u8> {
    let mean = |k: usize| {
        let at = k / SIDE * 2 * CROP_SIDE + k % SIDE * 2;
        heat[at] + heat[at + 1] + heat[at + CROP_SIDE] + heat[at + CROP_SIDE + 1]
    };
    let means: Vec<f32> = (0..AREA).map(mean).collect();
    let most = means.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    means
        .iter()
        .map(|v| (255.0 * v / most).round() as u8)
        .collect()
}
