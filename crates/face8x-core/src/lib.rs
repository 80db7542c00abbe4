//! Finds the faces of a picture and restores them: from the 16x16 pixels that a cheap camera sees
//! of a face to a picture of 128x128. Offline, on the CPU, in pure Rust; made for boards like the
//! Raspberry Pi.
//!
//! > **A guess, never evidence.** 256 pixels do not hold a face. The network adds what faces
//! > usually look like; it cannot know what this one looks like. The picture is a plausible guess,
//! > never evidence of who somebody is.
//!
//! # The faces of a picture
//! ```
//! use face8x_core::{FaceRestorer, frame::Frame, portrait::PORTRAIT};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let picture = image::load_from_memory(PORTRAIT)?.into_rgb8();
//! let (width, height) = picture.dimensions();
//! let frame = Frame::from_rgb(width, height, picture.into_raw())?;
//!
//! let faces = FaceRestorer::new()?.restore(&frame)?;
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(&folder)?;
//! for (number, face) in faces.iter().enumerate() {
//!     let file = format!("face-{number}.png");
//!     image::save_buffer(file, &face.rgb(), 128, 128, image::ColorType::Rgb8)?;
//! }
//! assert_eq!(faces.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # The stages
//! [`FaceRestorer`] goes the whole way for still pictures. Live pictures go the same way stage by
//! stage, so that the search, which takes longer than a frame, can run on a thread of its own:
//!
//! ```text
//!            +-> downscale -> detect --+
//!            |     (convert)           v
//!  Frame ----+------------------->  track  ->  align   ->  restore  ->  backproject
//!  any camera                       boxes to   16x16,      128x128      onto all of the
//!  format                           faces      upright                  camera's pixels
//! ```
//!
//! | stage | takes | gives |
//! |---|---|---|
//! | [`convert`] | a [`Frame`](frame::Frame): YUYV, NV12, JPEG, RGB and more | luma, RGB or display pixels, [downscaled](downscaled::Downscaled) |
//! | [`detect`] | a downscaled picture | [`Detection`](face::Detection)s: a box, five landmarks where the detector has them, a confidence |
//! | [`track`] | every frame, now and then detections | [`Face`](face::Face)s that keep their number and move steadily |
//! | [`align`] | a frame and a face's place | [`Lr`](align::Lr): the face upright in 16x16 pixels |
//! | [`restore`] | `Lr` | [`Sr`](restore::Sr): 128x128 pixels |
//! | [`backproject`] | a frame, a face's place and `Sr` | `Sr` corrected until it agrees with all of the camera's pixels, of this and the last frames |
//!
//! The examples are programs to start from: `restore` for photographs, `camera` for the stages in a
//! loop, `own_tracker` for a tracker of somebody else's.
//!
//! # Coordinates
//! Positions are pixels of the frame, counted at pixel edges: the centre of the top left pixel is
//! (0.5, 0.5), x goes right and y down. A face's place is a [`Similarity`](geometry::Similarity)
//! from the frame to the [canonical face](geometry::canonical), a picture of 128x128 pixels in
//! which the eyes, the nose and the corners of the mouth have fixed places. The size of a face is
//! the number of frame pixels that a side of that square spans: 128 / scale.
//!
//! # What it does not do
//! It opens no camera and no display, starts no thread but the engine's, sets up no logging (it
//! writes to the `log` facade) and prints nothing. Every call that can fail returns an [`Error`]
//! with a kind, and a remedy where one is known. After the first frames of a size the live stages
//! allocate nothing.

pub mod align;
mod also_for_avx2;
pub mod backproject;
mod contain;
pub mod convert;
pub mod detect;
pub mod downscaled;
mod error;
pub mod face;
mod face_restorer;
pub mod files;
pub mod frame;
pub mod geometry;
pub mod landmarks;
mod network;
pub mod pixel;
pub mod portrait;
pub mod resample;
pub mod restore;
pub mod track;

#[cfg(test)]
mod testing;

pub use contain::contain;
pub use error::{Error, ErrorKind, Result};
pub use face_restorer::{FaceRestorer, RestoredFace};
