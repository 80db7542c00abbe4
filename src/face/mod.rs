//! Faces: who is in the picture and where.
//!
//! Searching a picture for faces costs as much as dozens of restored faces, so it is split:
//! a [`Locator`] searches whole pictures on a thread of its own at its own rate
//! ([`LocatorThread`]), and the [`Tracker`] follows what it found through every frame on the work
//! thread, for about a tenth of a millisecond a face. With `auto` it asks the landmark network
//! ([`PointFinder`]) for five points of each face in every frame.
//!
//! # The face box
//! Every locator gives boxes of one convention: the square that in the canonical 128x128 face
//! ([`crate::geometry::CANONICAL_LANDMARKS`]) has the side [`BOX_SIDE`] and the centre
//! [`BOX_CENTRE`], which is the centre of the landmarks' bounding box. It reaches from above the
//! eyebrows to below the mouth. Locators whose own boxes differ correct them by measured constants.
//!
//! # What the pipeline calls, for every frame and in this order
//! 1. Reduce the frame to luma of at most [`TRACK_SIZE`] (`luma`). Where the locator wants
//!    [`Wants::Nothing`], a [`Reduced`] without bytes but with the frame's size and number will do.
//! 2. Where [`LocatorThread::idle`], give it the picture it wants with [`LocatorThread::offer`]:
//!    `luma` itself where it wants that size in luma, otherwise one made for it now (RGB, another
//!    size). When it is busy, no picture is made for it.
//! 3. `tracker.update(frame.timestamp, &luma, thread.poll())`: the faces, the largest first. The
//!    first N of them are those to restore.
//!
//! The tracker needs no picture of the locator's kind: it takes its templates from the picture that
//! comes back with the detections, whatever its size and channels.
//!
//! ```
//! use face8x::face::{self, LocatorThread, Reduced, Tracker};
//! # fn main() -> face8x::Result<()> {
//! let mut thread = LocatorThread::start(face::open("centre")?)?;
//! let mut tracker = Tracker::new();
//! let luma = Reduced { frame_width: 640, frame_height: 480, ..Reduced::default() };
//! if thread.idle() {
//!     thread.offer(&luma);
//! }
//! let faces = tracker.update(std::time::Duration::ZERO, &luma, thread.poll());
//! assert_eq!(faces[0].detection.face_box.centre().x, 320.0);
//! # Ok(())
//! # }
//! ```

mod fixed;
mod points;
mod pyramid;
mod rustface;
mod smooth;
mod template;
mod thread;
mod track;
mod yunet;

#[cfg(test)]
mod scene;

use crate::geometry::{Landmarks, Point, Rect};
use crate::{Error, Result};

pub use points::PointFinder;
pub use thread::{Located, LocatorThread};
pub use track::{MAX_FACES, Tracker};

/// Side of the face box in the canonical 128x128 face.
pub const BOX_SIDE: f32 = 84.0;
/// Centre of the face box in the canonical 128x128 face.
pub const BOX_CENTRE: Point = Point::new(64.0, 80.0);
/// Width and height that the tracker's luma must fit.
pub const TRACK_SIZE: (u32, u32) = (320, 240);

/// A face that a locator found, in frame coordinates (pixels of the camera frame).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// The face box as [`crate::align`] understands it.
    pub face_box: Rect,
    /// Five landmarks, where the locator gives them.
    pub landmarks: Option<Landmarks>,
    /// How sure the locator is, 0 to 1.
    pub confidence: f32,
}

/// A face that is followed from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// The same number as long as the same face is followed; never used twice in a run.
    pub id: u64,
    /// Where it is now.
    pub detection: Detection,
}

/// What picture a locator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// None: the answer does not depend on the pixels.
    Nothing,
    /// Luma, reduced by a whole factor until it fits this width and height.
    Luma(u32, u32),
    /// RGB, reduced in the same way.
    Rgb(u32, u32),
}

impl Wants {
    /// Bytes of the largest picture it stands for.
    pub fn most_bytes(self) -> usize {
        let (width, height, channels) = match self {
            Wants::Nothing => (0, 0, 0),
            Wants::Luma(width, height) => (width, height, 1),
            Wants::Rgb(width, height) => (width, height, 3),
        };
        width as usize * height as usize * channels
    }
}

/// A reduced picture of a frame: 1 (luma) or 3 (RGB, interleaved) bytes a pixel, no padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reduced {
    /// Size of this picture in pixels.
    pub width: u32,
    pub height: u32,
    /// Bytes of a pixel: 1 or 3.
    pub channels: usize,
    /// Frame pixels to a pixel of this picture, each way.
    pub factor: u32,
    /// Size of the frame it was made from.
    pub frame_width: u32,
    pub frame_height: u32,
    /// Number of the frame it was made from.
    pub sequence: u64,
    /// The pixels.
    pub bytes: Vec<u8>,
}

impl Reduced {
    /// Makes this a copy of `other`; allocates only where it has never been as large.
    pub fn copy_from(&mut self, other: &Reduced) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clone_from(&other.bytes);
        *self = Reduced { bytes, ..*other };
    }

    /// Whether it has pixels, as many as its size says.
    pub fn has_pixels(&self) -> bool {
        let pixels = (self.width as usize).checked_mul(self.height as usize);
        self.factor > 0
            && matches!(self.channels, 1 | 3)
            && !self.bytes.is_empty()
            && pixels.and_then(|n| n.checked_mul(self.channels)) == Some(self.bytes.len())
    }
}

/// Something that finds faces in a picture.
pub trait Locator: Send {
    /// Its name, as in `--locator`.
    fn name(&self) -> String;

    /// The picture it wants.
    fn wants(&self) -> Wants;

    /// Clears `found`, then adds the faces of `picture`, in frame coordinates, in any order.
    ///
    /// # Errors
    /// The picture could not be searched; the next may be.
    fn locate(&mut self, picture: &Reduced, found: &mut Vec<Detection>) -> Result<()>;
}

/// One row of the table of locators.
pub struct LocatorKind {
    /// What the URI begins with, up to the colon.
    pub name: &'static str,
    /// How the URI is written, for help.
    pub form: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Opens the locator; the argument is what follows the colon (empty where nothing does).
    pub open: fn(&str) -> Result<Box<dyn Locator>>,
}

/// Every locator, the default first.
pub const LOCATORS: &[LocatorKind] = &[
    LocatorKind {
        name: "auto",
        form: "auto[:WIDTHxHEIGHT]",
        help: "rustface finds faces, the embedded landmark network follows them in every frame",
        open: points::open,
    },
    LocatorKind {
        name: "rustface",
        form: "rustface[:WIDTHxHEIGHT]",
        help: "SeetaFace's frontal detector: quick looks at 320x240 and close ones at 640x480, or one size",
        open: rustface::open,
    },
    LocatorKind {
        name: "centre",
        form: "centre",
        help: "the middle of the picture, face or not",
        open: fixed::open_centre,
    },
    LocatorKind {
        name: "box",
        form: "box:X,Y,WIDTH,HEIGHT",
        help: "a fixed face box in frame pixels (eyebrows to below the mouth)",
        open: fixed::open_box,
    },
    LocatorKind {
        name: "yunet",
        form: "yunet:FILE",
        help: "OpenCV's YuNet from an ONNX file of yours, 320x320, with five landmarks",
        open: yunet::open,
    },
];

/// Opens the locator of `uri`: a row of [`LOCATORS`].
///
/// # Errors
/// A usage error where the URI names no locator or its value makes no sense; what the locator says
/// where it cannot be opened (a missing or wrong model file).
pub fn open(uri: &str) -> Result<Box<dyn Locator>> {
    let (kind, value) = kind_of(uri)?;
    (kind.open)(value)
}

/// The locator that `uri` names, and what follows its colon.
pub(crate) fn kind_of(uri: &str) -> Result<(&'static LocatorKind, &str)> {
    let (name, value) = uri.split_once(':').unwrap_or((uri, ""));
    if let Some(kind) = LOCATORS.iter().find(|kind| kind.name == name) {
        return Ok((kind, value));
    }
    let forms: Vec<&str> = LOCATORS.iter().map(|kind| kind.form).collect();
    Err(Error::unknown("locator", uri, &forms))
}

/// The tracker that goes with the locator of `uri`: for `auto`, one that looks at each face's
/// landmarks in every frame, so that the locator is only asked now and then.
///
/// # Errors
/// The program file is damaged.
pub fn open_tracker(uri: &str) -> Result<Tracker> {
    match uri.split(':').next() {
        Some("auto") => Ok(Tracker::with_landmarks(PointFinder::new()?)),
        _ => Ok(Tracker::new()),
    }
}

/// The face box of five landmarks: the square about their bounding box, measured along the face's
/// own axes, whose larger side is 30 of the canonical face's pixels.
///
/// For an upright face this is the box that the training crops are cut by.
pub(crate) fn box_of_landmarks(landmarks: &Landmarks) -> Rect {
    let [left_eye, right_eye, _, left_mouth, right_mouth] = landmarks;
    let across = Point::new(
        right_eye.x - left_eye.x + right_mouth.x - left_mouth.x,
        right_eye.y - left_eye.y + right_mouth.y - left_mouth.y,
    );
    let length = across.x.hypot(across.y).max(f32::MIN_POSITIVE);
    let (cos, sin) = (across.x / length, across.y / length);
    let mut low = Point::new(f32::INFINITY, f32::INFINITY);
    let mut high = Point::new(f32::NEG_INFINITY, f32::NEG_INFINITY);
    for p in landmarks {
        let (u, v) = (cos * p.x + sin * p.y, cos * p.y - sin * p.x);
        low = Point::new(low.x.min(u), low.y.min(v));
        high = Point::new(high.x.max(u), high.y.max(v));
    }
    let (u, v) = ((low.x + high.x) / 2.0, (low.y + high.y) / 2.0);
    let side = (high.x - low.x).max(high.y - low.y) * (BOX_SIDE / 30.0);
    square(Point::new(cos * u - sin * v, sin * u + cos * v), side)
}

/// The square with this centre and side.
pub(crate) fn square(centre: Point, side: f32) -> Rect {
    Rect::new(centre.x - side / 2.0, centre.y - side / 2.0, side, side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::CANONICAL_LANDMARKS;

    #[test]
    fn every_row_opens_by_its_name_and_auto_adds_landmarks_to_rustface() {
        let auto = open("auto").unwrap();
        assert_eq!(auto.name(), "rustface with landmarks");
        assert_eq!(auto.wants(), Wants::Luma(640, 480));
        assert!(open_tracker("auto:320x240").unwrap().engine().is_some());
        assert!(open_tracker("rustface").unwrap().engine().is_none());
        assert_eq!(open("rustface").unwrap().wants(), Wants::Luma(640, 480));
        assert_eq!(
            open("rustface:320x240").unwrap().wants(),
            Wants::Luma(320, 240)
        );
        assert_eq!(open("centre").unwrap().wants(), Wants::Nothing);
        assert_eq!(open("box:1,2,30,30").unwrap().name(), "box:1,2,30,30");
    }

    #[test]
    fn an_unknown_locator_names_the_nearest() {
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

    #[test]
    fn the_canonical_landmarks_have_the_canonical_box() {
        let face_box = box_of_landmarks(&CANONICAL_LANDMARKS);
        assert_eq!(face_box, Rect::new(22.0, 38.0, 84.0, 84.0));
    }

    #[test]
    fn a_turned_face_has_a_box_of_the_same_size() {
        let (sin, cos) = 0.5f32.sin_cos();
        let turned = CANONICAL_LANDMARKS
            .map(|p| Point::new(10.0 + cos * p.x - sin * p.y, 5.0 + sin * p.x + cos * p.y));
        let face_box = box_of_landmarks(&turned);
        let centre = face_box.centre();
        assert!((face_box.w - 84.0).abs() < 1e-3);
        assert!((centre.x - (10.0 + cos * 64.0 - sin * 80.0)).abs() < 1e-3);
        assert!((centre.y - (5.0 + sin * 64.0 + cos * 80.0)).abs() < 1e-3);
    }

    #[test]
    fn a_reduced_picture_knows_whether_it_has_pixels() {
        let mut picture = Reduced {
            width: 4,
            height: 2,
            channels: 1,
            factor: 1,
            ..Reduced::default()
        };
        assert!(!picture.has_pixels());
        picture.bytes = vec![0; 8];
        assert!(picture.has_pixels());
        picture.channels = 3;
        assert!(!picture.has_pixels());
        let mut copy = Reduced::default();
        copy.copy_from(&picture);
        assert_eq!(copy, picture);
    }
}
