//! The heatmaps of a whole dataset.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use face8x_core::geometry::{Landmarks, Point, Rect, Similarity};
use face8x_core::{Error, Result};
use rayon::prelude::*;

use super::store::{self, FILE, HeatmapWriter};
use super::yolo::FeatureDetector;
use super::{Classes, FeatureDetection, FeatureRegion, boxes, detections, heatmap, preview};
use crate::dataset::{CROP_SIDE, Dataset, PAD, PictureForms, Split};
use crate::prepare::{FaceFrom, list, luma, official, progress};

/// Pictures that are worked on before their heatmaps are written.
const CHUNK: usize = 128;

/// Where the boxes come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Boxes {
    /// The dataset's landmarks, by proportion.
    Landmarks,
    /// A YOLO-World network.
    YoloWorld(PathBuf),
    /// A file. Its coordinates are those of the pictures in `pictures`, from which the dataset
    /// was prepared; without them, those of the 128x128 face.
    File {
        file: PathBuf,
        pictures: Option<PathBuf>,
    },
}

/// What to make.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatmapOptions {
    /// The dataset's folder.
    pub dataset: PathBuf,
    /// The file to write; without it, the place in the dataset's folder where training looks.
    pub output: Option<PathBuf>,
    pub boxes: Boxes,
    pub classes: Classes,
    /// A contact sheet to draw.
    pub preview: Option<PathBuf>,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeatmapReport {
    pub pictures: usize,
    pub crops: usize,
    /// Boxes, by class.
    pub boxes: BTreeMap<String, usize>,
    /// Pictures without any box, and the first one's name.
    pub without: (usize, String),
}

impl fmt::Display for HeatmapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>8} pictures, {} crops", self.pictures, self.crops)?;
        for (class, n) in &self.boxes {
            writeln!(f, "{n:>8} boxes of {class}")?;
        }
        if self.without.0 > 0 {
            let (n, first) = &self.without;
            writeln!(
                f,
                "{n:>8} without a box: their heatmaps are 0 (the first: {first})"
            )?;
        }
        Ok(())
    }
}

/// Makes the heatmaps of every crop of a dataset.
///
/// # Errors
/// The dataset, the network or the file of boxes cannot be read or does not fit, no picture has a
/// box, or the output cannot be written; an earlier file stays whole.
pub fn make(options: &HeatmapOptions) -> Result<HeatmapReport> {
    let dataset = Dataset::open(&options.dataset)?;
    let finder = Finder::new(&options.boxes, &options.classes)?;
    let in_place = || options.dataset.join(FILE);
    let output = options.output.clone().unwrap_or_else(in_place);
    let mut writer = HeatmapWriter::create(&output, &dataset, describe(options))?;
    let mut report = HeatmapReport::default();
    let sections: Vec<_> = Split::ALL
        .into_iter()
        .filter_map(|split| Some((split, dataset.section(split).ok()?)))
        .collect();
    let bar = progress(sections.iter().map(|(_, section)| section.len()).sum());
    for (split, section) in &sections {
        writer.section(*split, section.crops().len());
        for first in (0..section.len()).step_by(CHUNK) {
            let chunk = first..(first + CHUNK).min(section.len());
            let made = chunk.clone().into_par_iter().map(|k| {
                let picture = section.picture(k)?;
                picture_heat(&picture, section.crops().len(), &finder, &options.classes)
            });
            for (k, made) in chunk.clone().zip(made.collect::<Result<Vec<_>>>()?) {
                writer.push(&made.levels)?;
                report.add(section.picture(k)?.name, &made, &options.classes);
            }
            bar.inc(chunk.len() as u64);
        }
    }
    bar.finish_and_clear();
    if report.without.0 == report.pictures {
        return Err(Error::other(format!(
            "none of the {} pictures has a box",
            report.pictures
        ))
        .remedy(
            "lower confidence in the file for --classes, or check that names and coordinates fit",
        ));
    }
    writer.finish()?;
    if let Some(path) = &options.preview {
        preview::draw(path, &dataset, &output)?;
    }
    Ok(report)
}

/// How the boxes were found.
fn describe(options: &HeatmapOptions) -> String {
    match &options.boxes {
        Boxes::Landmarks => "landmarks".into(),
        Boxes::YoloWorld(file) => format!("YOLO-World {}", file.display()),
        Boxes::File { file, .. } => format!("boxes of {}", file.display()),
    }
}

/// One picture's heatmaps.
struct PictureHeatmaps {
    /// Of all crops, as they are stored.
    levels: Vec<u8>,
    /// The classes of the first crop's boxes.
    classes: Vec<usize>,
}

impl HeatmapReport {
    fn add(&mut self, name: &str, made: &PictureHeatmaps, classes: &Classes) {
        self.pictures += 1;
        self.crops += made.levels.len() / (CROP_SIDE / 2).pow(2);
        for &class in &made.classes {
            let name = classes.classes[class].name.clone();
            *self.boxes.entry(name).or_default() += 1;
        }
        if made.classes.is_empty() {
            if self.without.0 == 0 {
                self.without.1 = name.into();
            }
            self.without.0 += 1;
        }
    }
}

fn picture_heat(
    picture: &PictureForms,
    crops: usize,
    finder: &Finder,
    classes: &Classes,
) -> Result<PictureHeatmaps> {
    let first = finder.first_crop(picture)?;
    let found = padded(&picture.crop(0).landmarks());
    let mut made = PictureHeatmaps {
        levels: Vec::new(),
        classes: Vec::new(),
    };
    for k in 0..crops {
        let crop = picture.crop(k);
        let here = padded(&crop.landmarks());
        let regions = match &first {
            None => by_landmarks(&here, classes),
            Some(regions) => moved(regions, &found, &here),
        };
        if k == 0 {
            made.classes = regions.iter().map(|region| region.class).collect();
        }
        let pixels = crop.pixels.as_chunks::<3>().0;
        let grey: Vec<u8> = pixels.iter().map(|&rgb| luma(rgb)).collect();
        let heat = heatmap(&grey, CROP_SIDE, &regions, classes);
        made.levels.extend(store::halve(&heat));
    }
    Ok(made)
}

/// Landmarks of the face as those of the crop with its border.
fn padded(landmarks: &Landmarks) -> Landmarks {
    let pad = PAD as f32;
    landmarks.map(|p| Point::new(p.x + pad, p.y + pad))
}

fn by_landmarks(landmarks: &Landmarks, classes: &Classes) -> Vec<FeatureRegion> {
    let known = |(name, bounds)| {
        let class = classes.find(name)?;
        Some(FeatureRegion { class, bounds })
    };
    boxes(landmarks).into_iter().filter_map(known).collect()
}

/// Regions of the frame in which the landmarks lie at `from`, in that in which they lie at `to`.
fn moved(regions: &[FeatureRegion], from: &Landmarks, to: &Landmarks) -> Vec<FeatureRegion> {
    let similarity = Similarity::fit(from, to).unwrap_or(Similarity::IDENTITY);
    let scale = similarity.scale();
    let shift = |region: &FeatureRegion| {
        let (b, centre) = (&region.bounds, similarity.apply(region.bounds.centre()));
        let (w, h) = (b.w * scale, b.h * scale);
        FeatureRegion {
            bounds: Rect::new(centre.x - w / 2.0, centre.y - h / 2.0, w, h),
            ..*region
        }
    };
    regions.iter().map(shift).collect()
}

/// Finds the boxes of a picture.
enum Finder {
    Landmarks,
    Detector(Box<FeatureDetector>),
    File {
        found: HashMap<String, Vec<FeatureDetection>>,
        /// The landmarks in the source pictures; without them the boxes are the face's.
        faces: Option<HashMap<String, FaceFrom>>,
    },
}

impl Finder {
    fn new(boxes: &Boxes, classes: &Classes) -> Result<Self> {
        Ok(match boxes {
            Boxes::Landmarks => Finder::Landmarks,
            Boxes::YoloWorld(path) => {
                Finder::Detector(Box::new(FeatureDetector::load(path, classes)?))
            }
            Boxes::File { file, pictures } => Finder::File {
                found: detections::read(file, classes)?,
                faces: pictures.as_deref().map(faces).transpose()?,
            },
        })
    }

    /// The regions in the first crop; none where they follow from each crop's landmarks.
    fn first_crop(&self, picture: &PictureForms) -> Result<Option<Vec<FeatureRegion>>> {
        let crop = picture.crop(0);
        match self {
            Finder::Landmarks => Ok(None),
            Finder::Detector(detector) => {
                let found = detector.detect(crop.pixels, CROP_SIDE, CROP_SIDE)?;
                Ok(Some(found.iter().map(|d| d.region).collect()))
            }
            Finder::File { found, faces } => {
                let found = found.get(picture.name).map_or(&[][..], Vec::as_slice);
                let regions: Vec<FeatureRegion> = found.iter().map(|d| d.region).collect();
                let to = padded(&crop.landmarks());
                let from = match faces {
                    None => crop.landmarks(),
                    Some(faces) => source_landmarks(faces, picture.name, &crop.landmarks())?,
                };
                Ok(Some(moved(&regions, &from, &to)))
            }
        }
    }
}

fn faces(folder: &Path) -> Result<HashMap<String, FaceFrom>> {
    let items = list(folder, 0.0)?;
    Ok(items
        .into_iter()
        .map(|item| (item.name, item.face))
        .collect())
}

/// The landmarks in the source picture of those that lie at `face` in the face.
fn source_landmarks(
    faces: &HashMap<String, FaceFrom>,
    name: &str,
    face: &Landmarks,
) -> Result<Landmarks> {
    match faces.get(name) {
        Some(FaceFrom::Landmarks(landmarks)) => Ok(*landmarks),
        Some(FaceFrom::Official(_)) => {
            let back = official().invert();
            Ok(face.map(|p| back.apply(p)))
        }
        _ => Err(Error::other(format!(
            "cannot find where the face of {name} lies in its source picture"
        ))
        .remedy("name the folder that the dataset was prepared from, with its list of landmarks; or give boxes in the 128x128 face, without --pictures")),
    }
}
