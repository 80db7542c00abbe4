//! From pictures of faces to a packed dataset.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use face8x_core::{Error, Result};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use crate::dataset::{Alignment, DatasetWriter, Split};
use crate::files;

mod crops;
pub(crate) use crops::{luma, official};
mod jitter;
pub use jitter::normal;
mod source;
#[cfg(test)]
mod tests;

pub use source::{FaceFrom, Item, list};

/// Pictures that are worked on before their crops are written.
const CHUNK: usize = 128;

/// What to prepare, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct PrepareOptions {
    /// A folder in CelebA's layout, or a plain folder of pictures.
    pub source: PathBuf,
    /// The folder that becomes the dataset.
    pub output: PathBuf,
    /// Crops aligned by landmarks of each training picture; the first without jitter.
    pub variants: usize,
    /// Crops aligned by a jittered face box of each training picture.
    pub boxes: usize,
    /// The share of pictures kept for validation where the source has no partition file.
    pub validation: f64,
    /// This machine's number, from 1, and how many share the work.
    pub shard: (usize, usize),
    /// Only so many pictures, for a trial.
    pub limit: Option<usize>,
    /// Of the jitter.
    pub seed: u64,
}

/// Why a picture was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    Unreadable,
    NoLandmarks,
    LandmarksOutside,
    NotAligned,
    TooSmall,
    NoFace,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LeftOut::Unreadable => "the picture cannot be read",
            LeftOut::NoLandmarks => "the landmark file has no line for it",
            LeftOut::LandmarksOutside => "landmarks lie outside the picture",
            LeftOut::NotAligned => "the landmarks coincide",
            LeftOut::TooSmall => "the face is smaller than 48 pixels",
            LeftOut::NoFace => "the detector found no face",
        })
    }
}

/// What became of the pictures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrepareReport {
    /// Pictures that were taken, by split.
    pub taken: BTreeMap<&'static str, usize>,
    /// Pictures that were left out, with the first one's name, by reason.
    pub left_out: BTreeMap<LeftOut, (usize, String)>,
}

impl fmt::Display for PrepareReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (split, n) in &self.taken {
            writeln!(f, "{n:>8} {split} pictures")?;
        }
        for (reason, (n, first)) in &self.left_out {
            writeln!(f, "{n:>8} left out: {reason} (the first: {first})")?;
        }
        Ok(())
    }
}

/// Prepares a dataset, or this shard's part of it.
///
/// # Errors
/// The source has no pictures or broken lists, none of its pictures is of use, or the output
/// cannot be written. A broken picture is not an error: it is left out and counted.
pub fn prepare(options: &PrepareOptions) -> Result<PrepareReport> {
    let (part, parts) = options.shard;
    if part == 0 || part > parts {
        return Err(Error::usage(format!(
            "--shard {part}/{parts}: count from 1/{parts} to {parts}/{parts}"
        )));
    }
    if options.variants == 0 {
        return Err(Error::usage(
            "--variants 0: each picture needs at least one crop",
        ));
    }
    let mut items = list(&options.source, options.validation)?;
    items.truncate(options.limit.unwrap_or(usize::MAX));
    let items: Vec<Item> = items
        .into_iter()
        .enumerate()
        .filter_map(|(k, item)| (k % parts == part - 1).then_some(item))
        .collect();
    files::make_folder(&options.output)?;
    let recipe = format!(
        "variants {} boxes {} seed {} validation {} limit {:?}",
        options.variants, options.boxes, options.seed, options.validation, options.limit
    );
    let mut writer = DatasetWriter::create(&options.output, part, parts, recipe)?;
    let mut report = PrepareReport::default();
    let bar = progress(items.len());
    for split in Split::ALL {
        let items: Vec<&Item> = items.iter().filter(|item| item.split == split).collect();
        if items.is_empty() {
            continue;
        }
        let crops = crops_of(split, options);
        writer.section(split, crops.clone());
        for chunk in items.chunks(CHUNK) {
            pack(chunk, &crops, options.seed, &mut writer, &mut report)?;
            bar.inc(chunk.len() as u64);
        }
    }
    bar.finish_and_clear();
    if report.taken.is_empty() {
        return Err(Error::other(format!(
            "none of the {} pictures in {} is of use\n{report}",
            items.len(),
            options.source.display()
        ))
        .remedy("check that the landmark file belongs to these pictures"));
    }
    writer.finish()?;
    Ok(report)
}

/// How each crop of a picture is aligned.
fn crops_of(split: Split, options: &PrepareOptions) -> Vec<Alignment> {
    let (variants, boxes) = match split {
        Split::Train => (options.variants, options.boxes),
        Split::Validation | Split::Test => (1, 1),
    };
    let landmarks = std::iter::repeat_n(Alignment::Landmarks, variants);
    landmarks
        .chain(std::iter::repeat_n(Alignment::Box, boxes))
        .collect()
}

/// Aligns some pictures on all threads and appends them in order.
fn pack(
    items: &[&Item],
    crops: &[Alignment],
    seed: u64,
    writer: &mut DatasetWriter,
    report: &mut PrepareReport,
) -> Result<()> {
    let made: Vec<_> = items
        .par_iter()
        .map_init(crops::FaceCropper::new, |cropper, item| {
            cropper.picture(item, crops, seed)
        })
        .collect();
    for (item, made) in items.iter().zip(made) {
        match made {
            Ok(picture) => {
                writer.push(&picture)?;
                *report.taken.entry(item.split.name()).or_default() += 1;
            }
            Err(reason) => {
                log::debug!("{} left out: {reason}", item.name);
                let first = || (0, item.name.clone());
                report.left_out.entry(reason).or_insert_with(first).0 += 1;
            }
        }
    }
    Ok(())
}

/// A progress bar; it stays silent where there is no terminal.
pub(crate) fn progress(len: usize) -> ProgressBar {
    let bar = ProgressBar::new(len as u64);
    let style = "{wide_bar} {pos}/{len} {per_sec} {eta}";
    bar.set_style(
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar
}
