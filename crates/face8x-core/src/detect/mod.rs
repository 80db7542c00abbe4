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
//! use face8x_core::{detect, downscaled::Downscaled};
//! # fn main() -> face8x_core::Result<()> {
//! let mut detector = detect::open("centre")?;
//! let picture = Downscaled { frame_width: 640, frame_height: 480, ..Downscaled::default() };
//! let mut found = Vec::new();
//! detector.detect(&picture, &mut found)?;
//! assert_eq!(found[0].face_box.centre().x, 320.0);
//! # Ok(())
//! # }
//! ```

mod auto;
mod fixed;
mod photo;
mod rustface;
mod yunet;

use crate::downscaled::Downscaled;
use crate::face::Detection;
use crate::{Error, Result};

pub use photo::PhotoSearch;

/// The picture that a detector searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetectorInput {
    /// No pixels: the result depends on the frame's size alone.
    None,
    /// Luma, downscaled by a whole factor until it fits this width and height.
    Luma(u32, u32),
    /// RGB, downscaled in the same way.
    Rgb(u32, u32),
}

impl DetectorInput {
    /// Bytes of the largest such picture.
    pub fn max_bytes(self) -> usize {
        let (width, height, channels) = match self {
            DetectorInput::None => (0, 0, 0),
            DetectorInput::Luma(width, height) => (width, height, 1),
            DetectorInput::Rgb(width, height) => (width, height, 3),
        };
        width as usize * height as usize * channels
    }
}

/// Something that finds faces in a picture.
pub trait Detector: Send {
    /// Its name, as in `--detector`.
    fn name(&self) -> String;

    /// The picture that it needs.
    fn input(&self) -> DetectorInput;

    /// Clears `found`, then adds the faces of `picture`, in frame coordinates, in any order.
    ///
    /// # Errors
    /// The picture could not be searched; the next may be.
    fn detect(&mut self, picture: &Downscaled, found: &mut Vec<Detection>) -> Result<()>;
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
    pub open: fn(&str) -> Result<Box<dyn Detector>>,
}

/// Every detector, the default first.
pub const DETECTORS: &[DetectorKind] = &[
    DetectorKind {
        name: "auto",
        form: "auto[:WIDTHxHEIGHT]",
        help: "rustface finds faces, the embedded landmark network follows them in every frame",
        open: auto::open,
    },
    DetectorKind {
        name: "rustface",
        form: "rustface[:WIDTHxHEIGHT]",
        help: "SeetaFace's frontal detector: quick looks at 320x240 and close ones at 640x480, or one size",
        open: rustface::open,
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
    DetectorKind {
        name: "yunet",
        form: "yunet:FILE",
        help: "OpenCV's YuNet from an ONNX file of yours, 320x320, with five landmarks",
        open: yunet::open,
    },
];

/// The detector for photographs: a finer search than a camera has time for.
pub const PHOTO_DETECTOR: &str = "auto:1920x1440";

/// Opens the detector of `uri`: a row of [`DETECTORS`].
///
/// # Errors
/// A usage error where the URI names no detector or its value makes no sense; the detector's own error
/// where it cannot be opened (a missing or wrong model file).
pub fn open(uri: &str) -> Result<Box<dyn Detector>> {
    let (kind, value) = kind_of(uri)?;
    (kind.open)(value)
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

    #[test]
    fn every_row_opens_by_its_name_and_auto_adds_landmarks_to_rustface() {
        let auto = open("auto").unwrap();
        assert_eq!(auto.name(), "rustface with landmarks");
        assert_eq!(auto.input(), DetectorInput::Luma(640, 480));
        assert!(open_tracker("auto:320x240").unwrap().engine().is_some());
        assert!(open_tracker("rustface").unwrap().engine().is_none());
        assert_eq!(
            open("rustface").unwrap().input(),
            DetectorInput::Luma(640, 480)
        );
        assert_eq!(
            open("rustface:320x240").unwrap().input(),
            DetectorInput::Luma(320, 240)
        );
        assert_eq!(open("centre").unwrap().input(), DetectorInput::None);
        assert_eq!(open("box:1,2,30,30").unwrap().name(), "box:1,2,30,30");
    }

    #[test]
    fn an_unknown_detector_names_the_nearest() {
        let error = open("rustfase").err().unwrap();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error.remedy_text().unwrap().contains("rustface"),
            "{error:?}"
        );
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
            "rustface:640",
            "rustface:0x0",
            "rustface:99999x99999",
            "auto:9",
            "yunet",
        ] {
            let error = open(uri).err().unwrap_or_else(|| panic!("{uri} opened"));
            assert_eq!(error.exit_code(), 2, "{uri}: {error}");
            assert!(error.remedy_text().is_some(), "{uri}: {error}");
        }
    }
}
