//! Still pictures: the engine of `face8x image`.

use std::path::{Path, PathBuf};

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::{Error, Result, photo};
use face8x_core::align::{Aligner, Hr};
use face8x_core::convert::Converter;
use face8x_core::detect::Detector;
use face8x_core::frame::{Frame, PixelFormat};
use face8x_core::geometry::canonical;
use face8x_core::geometry::{HR_SIDE, LR_SIDE, Similarity};
use face8x_core::pixel::unpack_rgb;
use face8x_core::restore::{Lr, Restorer, Sr};

mod find;
mod inputs;
mod paste;
mod save;

use paste::Restored;
use save::Outputs;

/// Pixels between the parts of [`Form::SideBySide`].
const GAP: usize = 4;
/// The grey between them.
const GAP_LEVEL: u8 = 48;

/// What is made of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For each face a 128x128 picture.
    Restored,
    /// For each face a picture of three parts: the face as the picture shows it, its 16x16 pixels
    /// magnified, and restored.
    SideBySide,
    /// The whole picture, enlarged at most 8 times, with the faces that have fewer than 128 pixels
    /// a side replaced.
    PasteBack,
}

/// What [`run`] is to do.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Files and folders; of a folder the JPEG, PNG and WebP pictures directly in it.
    pub inputs: &'a [PathBuf],
    /// A folder, or a file that ends in `.png` where there is one picture.
    pub output: &'a Path,
    /// What is made of each picture.
    pub form: Form,
    /// How many faces of a picture, the largest first.
    pub faces: usize,
}

/// What came of one picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// These files were written, with this many restored faces in all.
    Written { files: Vec<PathBuf>, faces: usize },
    /// No face was found and nothing written.
    NoFace,
    /// Nothing, or not everything, could be written.
    Failed(Error),
}

/// A picture is done.
#[derive(Debug)]
pub struct Progress<'a> {
    /// Pictures done so far, this one among them, and pictures in all.
    pub done: usize,
    pub total: usize,
    /// The picture and what came of it.
    pub path: &'a Path,
    pub outcome: &'a Outcome,
}

/// A picture, or a folder, that could not be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub path: PathBuf,
    pub error: Error,
}

/// What came of all pictures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// Pictures that were done.
    pub done: usize,
    /// Faces that were restored.
    pub faces: usize,
    /// Files that were written.
    pub written: Vec<PathBuf>,
    /// Pictures in which no face was found.
    pub without_face: Vec<PathBuf>,
    /// Pictures that could not be done, with the reasons.
    pub failed: Vec<Failure>,
}

impl Summary {
    /// The process's exit code: 1 where something failed. A picture without a face is no failure.
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.failed.is_empty())
    }

    fn add(&mut self, path: &Path, outcome: Outcome) {
        match outcome {
            Outcome::Written { files, faces } => {
                self.done += 1;
                self.faces += faces;
                self.written.extend(files);
            }
            Outcome::NoFace => self.without_face.push(path.into()),
            Outcome::Failed(error) => self.failed.push(Failure {
                path: path.into(),
                error,
            }),
        }
    }
}

/// Restores the faces of still pictures; `progress` is told of each picture.
///
/// A picture's result has its name with the extension `.png`, and -1, -2 and so on where several
/// faces each give one. Files that are there already are replaced, whole or not at all; no result
/// replaces that of another picture of the same run, or one of the pictures themselves.
///
/// `detector` finds the faces ([`PHOTO_DETECTOR`](face8x_core::detect::PHOTO_DETECTOR) is a good one). Without one the pictures are taken to
/// be aligned faces: 16x16 pixels, or 128x128, which are reduced to 16x16 first; each gives one
/// result.
///
/// # Errors
/// Only what concerns the whole run: no inputs, an output that cannot be written to, one output
/// file for several pictures. What fails for one picture is in the summary and the others are done.
pub fn run<'a>(
    job: &'a Job<'a>,
    detector: Option<&'a mut dyn Detector>,
    restorer: &'a mut dyn Restorer,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary> {
    if job.inputs.is_empty() {
        return Err(Error::usage("no picture is named").remedy("name files or folders"));
    }
    if detector.is_none() && job.form == Form::PasteBack {
        return Err(
            Error::usage("aligned pictures have nothing to paste back into")
                .remedy("leave out one of the two"),
        );
    }
    let (pictures, failed) = inputs::expand(job.inputs);
    let outputs = Outputs::open(job.output, &pictures)?;
    let mut worker = Worker {
        job,
        detector,
        restorer,
        outputs,
        aligner: Aligner::new(),
        converter: Converter::new(),
    };
    let mut summary = Summary {
        failed,
        ..Summary::default()
    };
    for (index, path) in pictures.iter().enumerate() {
        let outcome = worker.picture(path).unwrap_or_else(Outcome::Failed);
        progress(Progress {
            done: index + 1,
            total: pictures.len(),
            path,
            outcome: &outcome,
        });
        summary.add(path, outcome);
    }
    Ok(summary)
}

struct Worker<'a> {
    job: &'a Job<'a>,
    detector: Option<&'a mut dyn Detector>,
    restorer: &'a mut dyn Restorer,
    outputs: Outputs,
    aligner: Aligner,
    converter: Converter,
}

impl Worker<'_> {
    fn picture(&mut self, path: &Path) -> Result<Outcome> {
        let picture = photo::load(path)?;
        let Some(detector) = self.detector.as_deref_mut() else {
            return self.aligned(path, &picture);
        };
        let frame = frame_of(picture);
        let found = find::find(&mut self.converter, detector, &frame, self.job.faces)?;
        let faces: Vec<_> = found.iter().filter_map(canonical::from_detection).collect();
        match self.job.form {
            _ if faces.is_empty() => Ok(Outcome::NoFace),
            Form::PasteBack => self.paste_back(path, &frame, &faces),
            Form::Restored | Form::SideBySide => self.one_each(path, &frame, &faces),
        }
    }

    /// An aligned face.
    fn aligned(&mut self, path: &Path, picture: &RgbImage) -> Result<Outcome> {
        let (lr_side, hr_side) = (LR_SIDE as u32, HR_SIDE as u32);
        let mut lr: Lr = [0; LR_SIDE * LR_SIDE * 3];
        match picture.dimensions() {
            size if size == (lr_side, lr_side) => lr.copy_from_slice(picture),
            size if size == (hr_side, hr_side) => {
                let mut hr: Hr = [0; HR_SIDE * HR_SIDE * 3];
                hr.copy_from_slice(picture);
                self.aligner.shrink(&hr, &mut lr);
            }
            (width, height) => {
                return Err(Error::other(format!(
                    "is {width}x{height} pixels; an aligned face has 16x16 or 128x128"
                ))
                .remedy("leave out --aligned: face8x then finds and aligns the faces itself"));
            }
        }
        let sr = self.restore(&lr)?;
        let crop = imageops::resize(picture, hr_side, hr_side, FilterType::Nearest);
        let files = self.outputs.names(path, 1)?;
        self.write_face(&files[0], &crop, &lr, &sr)?;
        Ok(Outcome::Written { files, faces: 1 })
    }

    /// A file for each face.
    fn one_each(&mut self, path: &Path, frame: &Frame, faces: &[Similarity]) -> Result<Outcome> {
        let files = self.outputs.names(path, faces.len())?;
        let mut lr: Lr = [0; LR_SIDE * LR_SIDE * 3];
        for (file, to_face) in files.iter().zip(faces) {
            self.aligner.lr(frame, to_face, &mut lr)?;
            let sr = self.restore(&lr)?;
            let mut crop = RgbImage::new(HR_SIDE as u32, HR_SIDE as u32);
            self.aligner.crop(frame, to_face, HR_SIDE, &mut crop)?;
            self.write_face(file, &crop, &lr, &sr)?;
        }
        Ok(Outcome::Written {
            files,
            faces: faces.len(),
        })
    }

    /// The whole picture, in one file.
    fn paste_back(&mut self, path: &Path, frame: &Frame, faces: &[Similarity]) -> Result<Outcome> {
        let files = self.outputs.names(path, 1)?;
        let mut restored = Vec::new();
        let mut lr: Lr = [0; LR_SIDE * LR_SIDE * 3];
        for &to_face in faces.iter().filter(|face| paste::is_small(face)) {
            self.aligner.lr(frame, &to_face, &mut lr)?;
            restored.push(Restored {
                to_face,
                sr: self.restore(&lr)?,
            });
        }
        if restored.is_empty() {
            log::info!(
                "{}: its faces have 128 pixels or more and stay as they are",
                path.display()
            );
        }
        save::write_png(&files[0], &paste::paste_back(frame, &restored)?)?;
        Ok(Outcome::Written {
            files,
            faces: restored.len(),
        })
    }

    fn restore(&mut self, lr: &Lr) -> Result<Box<Sr>> {
        let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
        self.restorer.restore(lr, &mut sr)?;
        Ok(sr)
    }

    fn write_face(&self, file: &Path, crop: &RgbImage, lr: &Lr, sr: &Sr) -> Result<()> {
        let restored = RgbImage::from_fn(HR_SIDE as u32, HR_SIDE as u32, |x, y| {
            Rgb(unpack_rgb(sr[y as usize * HR_SIDE + x as usize]))
        });
        if self.job.form == Form::Restored {
            return save::write_png(file, &restored);
        }
        let magnified = RgbImage::from_fn(HR_SIDE as u32, HR_SIDE as u32, |x, y| {
            let at = |v: u32| v as usize * LR_SIDE / HR_SIDE;
            let first = (at(y) * LR_SIDE + at(x)) * 3;
            Rgb([lr[first], lr[first + 1], lr[first + 2]])
        });
        let mut picture = RgbImage::from_pixel(
            (3 * HR_SIDE + 2 * GAP) as u32,
            HR_SIDE as u32,
            Rgb([GAP_LEVEL; 3]),
        );
        for (part, x) in [crop, &magnified, &restored]
            .into_iter()
            .zip((0..).step_by(HR_SIDE + GAP))
        {
            imageops::replace(&mut picture, part, x, 0);
        }
        save::write_png(file, &picture)
    }
}

/// The picture as a frame, without a copy.
fn frame_of(picture: RgbImage) -> Frame {
    Frame {
        format: PixelFormat::Rgb3,
        width: picture.width(),
        height: picture.height(),
        stride: 3 * picture.width() as usize,
        bytes: picture.into_raw(),
        ..Frame::empty()
    }
}

#[cfg(test)]
mod tests;
