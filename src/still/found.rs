//! What was found in a picture, for other programs.

use std::path::Path;

use serde::Serialize;

use crate::Error;
use crate::records::FaceRecord;
use face8x_core::face::Detection;

/// The faces of a picture.
#[derive(Debug, Default)]
pub(crate) struct FoundFaces {
    /// Width and height, once it is read.
    pub(super) size: Option<(u32, u32)>,
    pub(super) faces: Vec<FoundFace>,
}

/// A face of a picture.
#[derive(Debug, Serialize)]
pub(crate) struct FoundFace {
    #[serde(flatten)]
    face: FaceRecord,
    /// The file that shows it restored.
    restored: Option<String>,
}

impl FoundFace {
    /// A face that is not restored yet.
    pub(super) fn new(face: FaceRecord) -> FoundFace {
        FoundFace {
            face,
            restored: None,
        }
    }

    pub(super) fn set_restored(&mut self, file: &Path) {
        self.restored = Some(text(file));
    }
}

/// One line of `face8x image --json`.
#[derive(Serialize)]
struct PictureRecord<'a> {
    file: String,
    width: Option<u32>,
    height: Option<u32>,
    faces: &'a [FoundFace],
    error: Option<String>,
}

impl FoundFaces {
    /// How many faces were found.
    pub(crate) fn count(&self) -> usize {
        self.faces.len()
    }

    /// Adds the faces of `detections`, all of which can be aligned.
    pub(super) fn add(&mut self, detections: &[Detection]) {
        let face = |found: &Detection| Some(FaceRecord::new(found, &found.to_canonical()?));
        let faces = detections.iter().filter_map(face).map(FoundFace::new);
        self.faces.extend(faces);
    }

    /// The picture at `path` as one line of JSON, without the end of the line.
    pub(crate) fn to_json(&self, path: &Path, error: Option<&Error>) -> String {
        let record = PictureRecord {
            file: text(path),
            width: self.size.map(|(width, _)| width),
            height: self.size.map(|(_, height)| height),
            faces: &self.faces,
            error: error.map(Error::to_string),
        };
        // Nothing in it fails to be written.
        serde_json::to_string(&record).unwrap_or_default()
    }
}

/// A path as JSON can hold it.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
