//! Reading a dataset.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use face8x_core::geometry::{HR_SIDE, Landmarks, Point};
use face8x_core::{Error, Result};
use memmap2::Mmap;

use super::{
    Alignment, CRC_LEN, CROP_LEN, CROP_MASK, CROP_PIXELS, CROP_SIDE, EXTENSION, MAGIC, PAD,
    PartIndex, Split, WIDE_LEN, WIDE_SIDE, block_len,
};
use crate::{files, trailer};

const REMEDY: &str = "make it again with `face8x-train prepare`";

/// A dataset whose parts are mapped into memory.
pub struct Dataset {
    parts: Vec<DatasetPart>,
    fingerprint: u32,
}

struct DatasetPart {
    path: PathBuf,
    map: Mmap,
    index: PartIndex,
    /// Whether each picture's checksum was compared; once is enough.
    compared: Vec<AtomicBool>,
}

impl Dataset {
    /// Opens all parts in `folder`.
    ///
    /// # Errors
    /// There are none, one is damaged or missing, or they do not belong together.
    pub fn open(folder: &Path) -> Result<Self> {
        let entries = std::fs::read_dir(folder).map_err(|e| files::cannot("read", folder, &e))?;
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|e| e == EXTENSION))
            .collect();
        paths.sort();
        if paths.is_empty() {
            return Err(
                Error::other(format!("there is no dataset in {}", folder.display()))
                    .remedy("make one with `face8x-train prepare`"),
            );
        }
        let mut parts = paths
            .into_iter()
            .map(DatasetPart::open)
            .collect::<Result<Vec<_>>>()?;
        parts.sort_by_key(|part| part.index.part);
        let first = &parts[0].index;
        let together = parts
            .iter()
            .all(|p| (p.index.parts, &p.index.recipe) == (first.parts, &first.recipe));
        if !together {
            return Err(Error::other(format!(
                "the parts in {} come from different runs of prepare",
                folder.display()
            ))
            .remedy("keep the parts of one dataset in a folder of its own"));
        }
        let found: Vec<usize> = parts.iter().map(|p| p.index.part).collect();
        if let Some(missing) = (1..=first.parts).find(|k| !found.contains(k)) {
            return Err(Error::other(format!(
                "part {missing} of {} is missing in {}",
                first.parts,
                folder.display()
            ))
            .remedy(format!(
                "make it with `face8x-train prepare --shard {missing}/{}`",
                first.parts
            )));
        }
        let indices: Vec<&PartIndex> = parts.iter().map(|part| &part.index).collect();
        let fingerprint = crc32fast::hash(&serde_json::to_vec(&indices).unwrap_or_default());
        Ok(Dataset { parts, fingerprint })
    }

    /// A number that differs between datasets of different pictures or recipes.
    pub fn fingerprint(&self) -> u32 {
        self.fingerprint
    }

    /// How the pictures were chosen and aligned.
    pub fn recipe(&self) -> &str {
        &self.parts[0].index.recipe
    }

    /// The pictures of one split.
    ///
    /// # Errors
    /// The dataset has none of it.
    pub fn section(&self, split: Split) -> Result<SplitPictures<'_>> {
        let mut pictures = Vec::new();
        let mut crops = Vec::new();
        for part in &self.parts {
            let (mut offset, mut number) = (0, 0);
            for section in &part.index.sections {
                let len = block_len(section.crops.len());
                if section.split == split && !section.pictures.is_empty() {
                    if !pictures.is_empty() && crops != section.crops {
                        return Err(Error::other(format!(
                            "{} is damaged: its {} pictures have other crops than those before",
                            part.path.display(),
                            split.name()
                        ))
                        .remedy(REMEDY));
                    }
                    crops = section.crops.clone();
                    for (k, name) in section.pictures.iter().enumerate() {
                        pictures.push(Entry {
                            part,
                            offset: offset + k * len,
                            number: number + k,
                            name,
                        });
                    }
                }
                offset += len * section.pictures.len();
                number += section.pictures.len();
            }
        }
        if pictures.is_empty() {
            return Err(
                Error::other(format!("the dataset has no {} pictures", split.name()))
                    .remedy("check the partition file, or the share that prepare keeps apart"),
            );
        }
        Ok(SplitPictures { pictures, crops })
    }
}

impl DatasetPart {
    fn open(path: PathBuf) -> Result<Self> {
        let damaged = |what: &str| {
            Error::other(format!("{} is damaged: {what}", path.display())).remedy(REMEDY)
        };
        let file = File::open(&path).map_err(|e| files::cannot("read", &path, &e))?;
        // SAFETY: the map is read only, and parts are never changed in place: prepare writes a
        // new file and renames it, which leaves the mapped one as it was.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| files::cannot("map", &path, &e))?;
        let (index, start): (PartIndex, usize) =
            trailer::read(&map, MAGIC).map_err(|what| damaged(&what))?;
        let blocks: Option<usize> = index.sections.iter().try_fold(0usize, |sum, section| {
            sum.checked_add(block_len(section.crops.len()).checked_mul(section.pictures.len())?)
        });
        if blocks != Some(start) {
            return Err(damaged("its length does not fit its index"));
        }
        let pictures = index
            .sections
            .iter()
            .map(|section| section.pictures.len())
            .sum();
        let compared = std::iter::repeat_with(AtomicBool::default)
            .take(pictures)
            .collect();
        Ok(DatasetPart {
            path,
            map,
            index,
            compared,
        })
    }
}

/// Where a picture lies.
struct Entry<'a> {
    part: &'a DatasetPart,
    /// Of its block.
    offset: usize,
    /// Its number in the part.
    number: usize,
    name: &'a str,
}

/// The pictures of one split, in order.
pub struct SplitPictures<'a> {
    pictures: Vec<Entry<'a>>,
    crops: Vec<Alignment>,
}

impl<'a> SplitPictures<'a> {
    /// How many pictures there are; never 0.
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Whether there is none, which is never so.
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// The alignment of each crop of a picture.
    pub fn crops(&self) -> &[Alignment] {
        &self.crops
    }

    /// The first crop aligned so.
    ///
    /// # Errors
    /// There is none.
    pub fn crop_by(&self, alignment: Alignment) -> Result<usize> {
        self.crops
            .iter()
            .position(|&a| a == alignment)
            .ok_or_else(|| {
                Error::other(format!(
                    "the dataset holds no crops aligned by {alignment:?}"
                ))
                .remedy("prepare it again with more variants")
            })
    }

    /// Picture `k`; its checksum is compared the first time.
    ///
    /// # Errors
    /// It is damaged.
    pub fn picture(&self, k: usize) -> Result<PictureForms<'a>> {
        let Entry {
            part,
            offset,
            number,
            name,
        } = self.pictures[k];
        let block = &part.map[offset..][..block_len(self.crops.len())];
        let (data, crc) = block.split_at(block.len() - CRC_LEN);
        let compared = &part.compared[number];
        if !compared.load(Ordering::Relaxed) {
            if crc32fast::hash(data).to_le_bytes() != crc {
                return Err(Error::other(format!(
                    "{} is damaged: the checksum of the picture {name} is wrong",
                    part.path.display()
                ))
                .remedy(REMEDY));
            }
            compared.store(true, Ordering::Relaxed);
        }
        Ok(PictureForms { name, data })
    }
}

/// One picture's aligned forms.
#[derive(Debug, Clone, Copy)]
pub struct PictureForms<'a> {
    /// The source's file name.
    pub name: &'a str,
    data: &'a [u8],
}

impl<'a> PictureForms<'a> {
    /// Crop `k`; there are as many as [`SplitPictures::crops`] lists.
    pub fn crop(&self, k: usize) -> Crop<'a> {
        let bytes = &self.data[k * CROP_LEN..][..CROP_LEN];
        let (pixels, rest) = bytes.split_at(CROP_PIXELS);
        let (outside, landmarks) = rest.split_at(CROP_MASK);
        Crop {
            pixels,
            outside,
            landmarks,
        }
    }

    /// The wide grey picture and the landmarks in it.
    pub fn wide(&self) -> (&'a [u8], Landmarks) {
        let bytes = &self.data[self.data.len() - WIDE_LEN..];
        let (pixels, landmarks) = bytes.split_at(WIDE_SIDE * WIDE_SIDE);
        (pixels, read_landmarks(landmarks))
    }
}

/// One aligned face with its border.
#[derive(Debug, Clone, Copy)]
pub struct Crop<'a> {
    /// RGB levels of [`CROP_SIDE`] squared, interleaved.
    pub pixels: &'a [u8],
    outside: &'a [u8],
    landmarks: &'a [u8],
}

impl Crop<'_> {
    /// The canonical face, moved by (`dx`, `dy`) pixels, each at most [`PAD`] either way.
    pub fn face(&self, dx: i32, dy: i32, hr: &mut [u8]) {
        let (x, y) = (corner(dx), corner(dy));
        for (row, out) in hr.chunks_exact_mut(HR_SIDE * 3).enumerate() {
            let at = ((y + row) * CROP_SIDE + x) * 3;
            out.copy_from_slice(&self.pixels[at..][..HR_SIDE * 3]);
        }
    }

    /// Which pixels of [`Crop::face`] lie outside the source picture.
    pub fn outside(&self, dx: i32, dy: i32, outside: &mut [bool]) {
        let (x, y) = (corner(dx), corner(dy));
        for (k, out) in outside.iter_mut().enumerate() {
            let at = (y + k / HR_SIDE) * CROP_SIDE + x + k % HR_SIDE;
            *out = self.outside[at / 8] >> (at % 8) & 1 == 1;
        }
    }

    /// The landmarks in [`Crop::face`], unmoved.
    pub fn landmarks(&self) -> Landmarks {
        read_landmarks(self.landmarks)
    }
}

fn corner(shift: i32) -> usize {
    (PAD as i32 + shift.clamp(-(PAD as i32), PAD as i32)).unsigned_abs() as usize
}

fn read_landmarks(bytes: &[u8]) -> Landmarks {
    let value = |k: usize| f32::from_le_bytes([bytes[k], bytes[k + 1], bytes[k + 2], bytes[k + 3]]);
    std::array::from_fn(|p| Point::new(value(8 * p), value(8 * p + 4)))
}
