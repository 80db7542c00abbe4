//! A tracker of somebody else's with this crate's detector and restorer. The frames are picture files:
//!
//! ```sh
//! cargo run --release -p face8x-core --example own_tracker -- frames/*.png
//! ```
//!
//! [`Nearest`] stands for any tracker (SORT, ByteTrack, your own): it gives the faces of a frame their
//! numbers. The restorer needs of it where each face is, as a [`Detection`]: a box by the convention
//! of [`canonical`](face8x_core::geometry::canonical), from the eyebrows to below the mouth, or
//! better, five landmarks.

use std::error::Error;
use std::path::{Path, PathBuf};

use face8x_core::face::Detection;
use face8x_core::{FaceRestorer, frame::Frame};

/// A face belongs to the nearest one of the last frame, if that is at most so many widths away.
const NEAR: f32 = 1.0;

/// Somebody else's tracker.
#[derive(Default)]
pub(crate) struct Nearest {
    last: Vec<(u64, Detection)>,
    count: u64,
}

impl Nearest {
    /// Numbers the faces that were found in the next frame.
    pub(crate) fn update(&mut self, found: &[Detection]) -> &[(u64, Detection)] {
        let mut before = std::mem::take(&mut self.last);
        for face in found {
            let here = face.face_box.centre();
            let distance = |other: &(u64, Detection)| {
                let there = other.1.face_box.centre();
                (here.x - there.x).hypot(here.y - there.y)
            };
            let nearest = (0..before.len())
                .min_by(|&a, &b| distance(&before[a]).total_cmp(&distance(&before[b])))
                .filter(|&at| distance(&before[at]) < NEAR * face.face_box.w);
            let id = match nearest {
                Some(at) => before.swap_remove(at).0,
                None => {
                    self.count += 1;
                    self.count
                }
            };
            self.last.push((id, *face));
        }
        &self.last
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        return Err("usage: own_tracker PICTURE...".into());
    }
    follow(&files, Path::new("."))
}

/// Writes the last picture of each face of these frames into `folder`, as `face-1.png` and so on.
pub(crate) fn follow(frames: &[PathBuf], folder: &Path) -> Result<(), Box<dyn Error>> {
    let (mut restorer, mut tracker) = (FaceRestorer::new()?, Nearest::default());
    for file in frames {
        let picture = image::open(file)?.into_rgb8();
        let (width, height) = picture.dimensions();
        let frame = Frame::from_rgb(width, height, picture.into_raw())?;
        let found = restorer.find(&frame)?;
        let (ids, faces): (Vec<u64>, Vec<Detection>) =
            tracker.update(&found).iter().copied().unzip();
        for (id, restored) in ids.iter().zip(restorer.restore_faces(&frame, &faces)?) {
            let file = folder.join(format!("face-{id}.png"));
            image::save_buffer(file, &restored.rgb(), 128, 128, image::ColorType::Rgb8)?;
        }
    }
    Ok(())
}
