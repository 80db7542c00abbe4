//! Detect: the faces of a picture.
//!
//! A search costs as much as dozens of restored faces. A program that shows live pictures lets a
//! [`Detector`] search on a thread of its own, at its own rate, and follows the faces through the
//! frames in between with a [`Tracker`](crate::track::Tracker).
//!
//! Every detector gives boxes of one convention: the face box of
//! [`canonical`](crate::geometry::canonical). Detectors whose own boxes differ correct them by
//! measured constants.
//!
//! ```
//! use face8x_core::detect::{self, SearchOptions};
//! use face8x_core::frame::Frame;
//! # fn main() -> face8x_core::Result<()> {
//! let mut detector = detect::open("centre", &SearchOptions::PHOTO)?;
//! let picture = Frame::from_rgb(640, 480, vec![0; 640 * 480 * 3])?;
//! let mut found = Vec::new();
//! detector.detect(&picture, &mut found)?;
//! assert_eq!(found[0].face_box.centre().x, 320.0);
//! # Ok(())
//! # }
//! ```

mod auto;
mod fixed;
mod plan;
mod tile;
mod yunet;

use crate::face::Detection;
use crate::frame::Frame;
use crate::{Error, Result};

/// How much of a picture a search goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it, at every scale: for photographs.
    Whole,
    /// A part of it, in turn, and what surrounds the faces that were found before: for live pictures.
    /// A search then costs about the same whatever the camera's resolution.
    InTurn,
}

/// How pictures are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchOptions {
    /// The smallest side of a face's crop in pixels of the picture. A side is measured to a tenth, so
    /// that a face is reported from nine tenths of this on. It bounds the cost: from 24 on a picture
    /// is not enlarged for the search.
    pub min_face: u32,
    /// How much a search goes over.
    pub extent: Extent,
}

impl SearchOptions {
    /// For live pictures.
    pub const LIVE: SearchOptions = SearchOptions {
        min_face: MIN_FACE,
        extent: Extent::InTurn,
    };
    /// For photographs.
    pub const PHOTO: SearchOptions = SearchOptions {
        min_face: MIN_FACE,
        extent: Extent::Whole,
    };

    /// The smallest measured side of a face that is reported.
    pub(crate) fn least_side(&self) -> f32 {
        MEASURED * self.min_face as f32
    }
}

/// The least that a face's measured side is of its true one. Faces of 12 pixels are measured with a
/// standard deviation of 0.8: without an allowance half of them would be dropped, with this one 7 %.
const MEASURED: f32 = 0.9;

/// The smallest side of a face's crop that is looked for, unless another is asked for.
pub const MIN_FACE: u32 = 12;

/// Something that finds faces in a picture.
pub trait Detector: Send {
    /// Its name, as in `--detector`.
    fn name(&self) -> String;

    /// Whether it looks at a picture's pixels. Otherwise what it finds depends on the size alone.
    fn needs_pixels(&self) -> bool;

    /// Clears `found`, then adds the faces of `picture` (of any format but `Mjpg`), in its
    /// coordinates, in any order.
    ///
    /// # Errors
    /// The picture could not be searched; the next may be.
    fn detect(&mut self, picture: &Frame, found: &mut Vec<Detection>) -> Result<()>;
}

/// One row of the table of detectors.
pub struct DetectorKind {
    /// What the URI begins with, up to the colon.
    pub name: &'static str,
    /// How the URI is written, for help.
    pub form: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Opens the detector; the argument is what follows the colon (empty where nothing does).
    pub open: fn(&str, &SearchOptions) -> Result<Box<dyn Detector>>,
}

/// Every detector, the default first.
pub const DETECTORS: &[DetectorKind] = &[
    DetectorKind {
        name: "auto",
        form: "auto",
        help: "the embedded YuNet finds faces, the landmark network confirms and follows them",
        open: auto::open,
    },
    DetectorKind {
        name: "yunet",
        form: "yunet:FILE",
        help: "a YuNet of yours: OpenCV's ONNX file, or one in 8-bit integers",
        open: yunet::open,
    },
    DetectorKind {
        name: "centre",
        form: "centre",
        help: "the middle of the picture, face or not",
        open: fixed::open_centre,
    },
    DetectorKind {
        name: "box",
        form: "box:X,Y,WIDTH,HEIGHT",
        help: "a fixed face box in frame pixels (eyebrows to below the mouth)",
        open: fixed::open_box,
    },
];

/// Opens the detector of `uri`: a row of [`DETECTORS`].
///
/// # Errors
/// A usage error where the URI names no detector or its value makes no sense; the detector's own error
/// where it cannot be opened (a missing or wrong model file).
pub fn open(uri: &str, options: &SearchOptions) -> Result<Box<dyn Detector>> {
    let (kind, value) = kind_of(uri)?;
    (kind.open)(value, options)
}

/// The error of a value behind the name of a detector that takes none.
fn takes_no_value(name: &str, value: &str) -> Error {
    Error::usage(format!(
        "the detector '{name}' takes no value, but has '{value}'"
    ))
}

/// The detector that `uri` names, and what follows its colon.
pub fn kind_of(uri: &str) -> Result<(&'static DetectorKind, &str)> {
    let (name, value) = uri.split_once(':').unwrap_or((uri, ""));
    if let Some(kind) = DETECTORS.iter().find(|kind| kind.name == name) {
        return Ok((kind, value));
    }
    let forms: Vec<&str> = DETECTORS.iter().map(|kind| kind.form).collect();
    Err(Error::unknown("detector", uri, &forms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::open_tracker;

    fn open(uri: &str) -> Result<Box<dyn Detector>> {
        super::open(uri, &SearchOptions::LIVE)
    }

    #[test]
    fn every_row_opens_by_its_name_and_auto_has_landmarks() {
        let auto = open("auto").unwrap();
        assert_eq!(auto.name(), "YuNet with landmarks");
        assert!(auto.needs_pixels());
        let engine = |uri| {
            let tracker = open_tracker(uri, &SearchOptions::LIVE).unwrap();
            tracker.engine().map(str::to_owned)
        };
        assert!(engine("auto").is_some());
        assert_eq!(engine("centre"), None);
        assert!(!open("centre").unwrap().needs_pixels());
        assert_eq!(open("box:1,2,30,30").unwrap().name(), "box:1,2,30,30");
    }

    #[test]
    fn an_unknown_detector_names_the_nearest() {
        let error = open("yunett").err().unwrap();
        assert_eq!(error.exit_code(), 2);
        assert!(error.remedy_text().unwrap().contains("yunet"), "{error:?}");
        let error = open("").err().unwrap();
        assert!(
            error.remedy_text().unwrap().contains("yunet:FILE"),
            "{error:?}"
        );
    }

    #[test]
    fn values_that_make_no_sense_are_usage_errors() {
        for uri in [
            "centre:3",
            "box:",
            "box:1,2,3",
            "box:1,2,0,4",
            "box:a,b,c,d",
            "box:1,2,inf,4",
            "box:NaN,2,3,4",
            "auto:640x480",
            "yunet",
        ] {
            let error = open(uri).err().unwrap_or_else(|| panic!("{uri} opened"));
            assert_eq!(error.exit_code(), 2, "{uri}: {error}");
            assert!(error.remedy_text().is_some(), "{uri}: {error}");
        }
    }
}
