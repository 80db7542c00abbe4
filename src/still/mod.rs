//! Still pictures: the engine of `face8x image`.

use std::path::{Path, PathBuf};

use image::imageops;
use image::{Rgb, RgbImage};

use crate::records::FaceRecord;
use crate::{Error, Result, photo};
use face8x_core::face::Detection;
use face8x_core::frame::Frame;
use face8x_core::geometry::{HR_SIDE, LR_SIDE};
use face8x_core::pixel::unpack_rgb;
use face8x_core::{ErrorKind, FaceRestorer, RestoredFace};

mod canvas;
mod found;
mod inputs;
mod paste;
mod save;

use found::FoundFace;
pub(crate) use found::FoundFaces;
use inputs::Inputs;
use save::Outputs;

/// Pixels between the parts of [`ImageForm::SideBySide`].
const GAP: usize = 4;
/// The grey between them.
const GAP_LEVEL: u8 = 48;

/// What is made of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImageForm {
    /// For each face a 128x128 picture.
    Restored,
    /// For each face a picture of four parts: the face as the picture shows it, its 16x16 pixels
    /// magnified, restored from them alone, and the final picture. Of an aligned face the last two
    /// are the same, and one is left out.
    SideBySide,
    /// The whole picture, enlarged at most 8 times, with the faces replaced that the picture
    /// itself does not show well.
    PasteBack,
}

/// The work of [`run`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageJob<'a> {
    /// Files and folders; of a folder the pictures in it.
    pub inputs: &'a [PathBuf],
    /// Whether folders in folders are read; the results lie in folders of the same names.
    pub recursive: bool,
    /// A folder, or a file that ends in `.png` where there is one picture. Without one the faces are
    /// only found.
    pub output: Option<&'a Path>,
    /// What is made of each picture.
    pub form: ImageForm,
    /// Whether the pictures are aligned faces already, of 16x16 or 128x128 pixels: none is searched,
    /// and each gives one result.
    pub aligned: bool,
    /// How many faces of a picture, the largest first.
    pub faces: usize,
    /// Whether restored faces are marked as guesses.
    pub mark: bool,
}

/// The outcome of one picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ImageOutcome {
    /// These files were written, with this many restored faces in all.
    Written { files: Vec<PathBuf>, faces: usize },
    /// No face was found and nothing written.
    NoFace,
    /// Nothing, or not everything, could be written.
    Failed(Error),
}

impl ImageOutcome {
    /// Nothing was to be written.
    const FOUND: ImageOutcome = ImageOutcome::Written {
        files: Vec::new(),
        faces: 0,
    };
}

/// A picture is done.
#[derive(Debug)]
pub(crate) struct ImageProgress<'a> {
    /// Pictures done so far, this one among them, and pictures in all.
    pub done: usize,
    pub total: usize,
    /// The picture, what was found in it, and its outcome.
    pub path: &'a Path,
    pub found: &'a FoundFaces,
    pub outcome: &'a ImageOutcome,
}

/// A picture, or a folder, that failed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ImageFailure {
    pub path: PathBuf,
    pub error: Error,
}

/// The outcome of all pictures.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ImageSummary {
    /// Pictures that were done.
    pub done: usize,
    /// Faces that were restored.
    pub faces: usize,
    /// Files that were written.
    pub written: Vec<PathBuf>,
    /// Pictures in which no face was found.
    pub without_face: Vec<PathBuf>,
    /// Pictures that failed, with the reasons.
    pub failed: Vec<ImageFailure>,
    /// Files and folders in the folders that are no pictures, or not read.
    pub passed_over: usize,
}

impl ImageSummary {
    /// The process's exit code: 1 where something failed. A picture without a face is no failure.
    pub(crate) fn exit_code(&self) -> u8 {
        u8::from(!self.failed.is_empty())
    }

    fn add(&mut self, path: &Path, outcome: ImageOutcome) {
        match outcome {
            ImageOutcome::Written { files, faces } => {
                self.done += 1;
                self.faces += faces;
                self.written.extend(files);
            }
            ImageOutcome::NoFace => self.without_face.push(path.into()),
            ImageOutcome::Failed(error) => self.failed.push(ImageFailure {
                path: path.into(),
                error,
            }),
        }
    }
}

/// Restores the faces of still pictures with `restorer`, and calls `progress` after each picture, and
/// before them for each folder that has none.
///
/// A picture's result has its name with the extension `.png`, and -1, -2 and so on where several
/// faces each give one. Files that are there already are replaced, whole or not at all; no result
/// replaces that of another picture of the same run, or one of the pictures themselves.
///
/// # Errors
/// Only what concerns the whole run: no inputs, an output that cannot be written to, one output
/// file for several pictures. What fails for one picture is in the summary and the others are done.
pub(crate) fn run(
    job: &ImageJob<'_>,
    restorer: &mut FaceRestorer,
    progress: &mut dyn FnMut(ImageProgress),
) -> Result<ImageSummary> {
    if job.inputs.is_empty() {
        return Err(Error::usage("no pictures given").remedy("name files or folders"));
    }
    if job.aligned && job.form == ImageForm::PasteBack {
        return Err(
            Error::usage("aligned pictures have nothing to paste back into")
                .remedy("leave out one of the two"),
        );
    }
    let Inputs {
        pictures,
        failures,
        passed_over,
    } = inputs::expand(job.inputs, job.recursive);
    let outputs = job.output.map(|output| Outputs::open(output, &pictures));
    let mut worker = ImageWorker {
        job,
        restorer,
        outputs: outputs.transpose()?,
        found: FoundFaces::default(),
        subfolder: PathBuf::new(),
    };
    let mut summary = ImageSummary {
        failed: failures,
        passed_over,
        ..ImageSummary::default()
    };
    for failure in &summary.failed {
        progress(ImageProgress {
            done: 0,
            total: pictures.len(),
            path: &failure.path,
            found: &FoundFaces::default(),
            outcome: &ImageOutcome::Failed(failure.error.clone()),
        });
    }
    for (index, (path, subfolder)) in pictures.iter().enumerate() {
        worker.found = FoundFaces::default();
        worker.subfolder.clone_from(subfolder);
        let outcome = worker.picture(path).unwrap_or_else(ImageOutcome::Failed);
        progress(ImageProgress {
            done: index + 1,
            total: pictures.len(),
            path,
            found: &worker.found,
            outcome: &outcome,
        });
        summary.add(path, outcome);
    }
    Ok(summary)
}

struct ImageWorker<'a> {
    job: &'a ImageJob<'a>,
    restorer: &'a mut FaceRestorer,
    outputs: Option<Outputs>,
    /// What was found in the picture at hand.
    found: FoundFaces,
    /// Where the picture's results go, below the output.
    subfolder: PathBuf,
}

/// A photograph as a frame: a camera has worked on it.
fn photograph(picture: RgbImage) -> Result<Frame> {
    let (width, height) = picture.dimensions();
    Ok(Frame {
        processed: true,
        ..Frame::from_rgb(width, height, picture.into_raw())?
    })
}

impl ImageWorker<'_> {
    fn picture(&mut self, path: &Path) -> Result<ImageOutcome> {
        let picture = photo::load(path)?;
        self.found.size = Some(picture.dimensions());
        if self.job.aligned {
            return self.aligned(path, picture);
        }
        let frame = photograph(picture)?;
        let mut found = self.restorer.find(&frame)?;
        found.truncate(self.job.faces);
        self.found.add(&found);
        if found.is_empty() {
            return Ok(ImageOutcome::NoFace);
        }
        match self.job.form {
            _ if self.outputs.is_none() => Ok(ImageOutcome::FOUND),
            ImageForm::PasteBack => self.paste_back(path, &frame, &found),
            ImageForm::Restored | ImageForm::SideBySide => self.one_each(path, &frame, &found),
        }
    }

    /// The names of `count` results of the picture at `path`.
    fn names(&mut self, path: &Path, count: usize) -> Result<Vec<PathBuf>> {
        let outputs = self.outputs.as_mut();
        outputs.map_or(Ok(Vec::new()), |o| o.names(path, &self.subfolder, count))
    }

    /// An aligned face.
    fn aligned(&mut self, path: &Path, picture: RgbImage) -> Result<ImageOutcome> {
        let frame = photograph(picture)?;
        let face = self
            .restorer
            .restore_aligned(&frame)
            .map_err(|error| match error.kind() {
                ErrorKind::Picture => error
                    .remedy("leave out --aligned: face8x then finds and aligns the faces itself"),
                _ => error,
            })?;
        self.found
            .faces
            .push(FoundFace::new(FaceRecord::aligned(&face.to_canonical)));
        if self.outputs.is_none() {
            return Ok(ImageOutcome::FOUND);
        }
        let crop = magnified(&frame.bytes, frame.width as usize);
        let files = self.names(path, 1)?;
        self.write_face(&files[0], &crop, &face)?;
        self.found.faces[0].set_restored(&files[0]);
        Ok(ImageOutcome::Written { files, faces: 1 })
    }

    /// A file for each face.
    fn one_each(
        &mut self,
        path: &Path,
        frame: &Frame,
        found: &[Detection],
    ) -> Result<ImageOutcome> {
        let files = self.names(path, found.len())?;
        let restored = self.restorer.restore_faces(frame, found)?;
        for (index, (file, face)) in files.iter().zip(restored).enumerate() {
            let crop = self.restorer.crop(frame, &face.to_canonical)?;
            self.write_face(file, &magnified(crop.as_slice(), HR_SIDE), &face)?;
            self.found.faces[index].set_restored(file);
        }
        Ok(ImageOutcome::Written {
            files,
            faces: found.len(),
        })
    }

    /// The whole picture, in one file.
    fn paste_back(
        &mut self,
        path: &Path,
        frame: &Frame,
        found: &[Detection],
    ) -> Result<ImageOutcome> {
        let files = self.names(path, 1)?;
        let mut restored = self.restorer.restore_faces(frame, found)?;
        let replaced: Vec<bool> = restored.iter().map(|face| face.share > 0.0).collect();
        restored.retain(|face| face.share > 0.0);
        if restored.is_empty() {
            log::info!(
                "{}: its faces are large enough and stay as they are",
                path.display()
            );
        }
        let picture = paste::paste_back(frame, &restored, self.job.mark)?;
        save::write_png(&files[0], &picture)?;
        for (face, replaced) in self.found.faces.iter_mut().zip(replaced) {
            if replaced {
                face.set_restored(&files[0]);
            }
        }
        Ok(ImageOutcome::Written {
            files,
            faces: restored.len(),
        })
    }

    /// Writes one face in the form that is asked for; `crop` shows it as the picture does.
    fn write_face(&self, file: &Path, crop: &RgbImage, face: &RestoredFace) -> Result<()> {
        let last = magnified(&face.rgb(), HR_SIDE);
        let low = magnified(face.lr.as_slice(), LR_SIDE);
        let network: Vec<u8> = face.sr.iter().copied().flat_map(unpack_rgb).collect();
        let network = magnified(&network, HR_SIDE);
        let parts = match (self.job.form, self.job.aligned) {
            (ImageForm::SideBySide, true) => vec![crop, &low, &last],
            (ImageForm::SideBySide, false) => vec![crop, &low, &network, &last],
            _ => vec![&last],
        };
        let width = (parts.len() * (HR_SIDE + GAP) - GAP) as u32;
        let mut picture = RgbImage::from_pixel(width, HR_SIDE as u32, Rgb([GAP_LEVEL; 3]));
        for (part, x) in parts.into_iter().zip((0..).step_by(HR_SIDE + GAP)) {
            imageops::replace(&mut picture, part, x, 0);
        }
        if self.job.mark && face.share > 0.0 {
            save::mark(&mut picture, width as usize - HR_SIDE);
        }
        save::write_png(file, &picture)
    }
}

/// A 128x128 picture of `side` x `side` interleaved RGB pixels, each a square of its colour.
fn magnified(rgb: &[u8], side: usize) -> RgbImage {
    RgbImage::from_fn(HR_SIDE as u32, HR_SIDE as u32, |x, y| {
        let at = |v: u32| v as usize * side / HR_SIDE;
        let first = (at(y) * side + at(x)) * 3;
        Rgb([rgb[first], rgb[first + 1], rgb[first + 2]])
    })
}

#[cfg(test)]
mod tests;
