//! Faces: who is in the picture and where.

use crate::Result;
use crate::geometry::{Landmarks, Rect};

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
