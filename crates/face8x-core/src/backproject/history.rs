//! Several frames of one face: half a second of video shows more than any one frame.
//!
//! The picture that was built so far is kept in the canonical place. Each frame is registered
//! against it to a fraction of a camera pixel and corrects it, by a Kalman filter (Kalman, "A New Approach
//! to Linear Filtering and Prediction Problems", 1960) whose one number is the variance of what a camera
//! pixel may see wrong of the picture: the more frames were seen, the less one of them changes. The
//! network's part is the mean of what it made of all frames. Where the face itself changes (a blink, a
//! mouth that opens) the new frame, corrected by itself, is believed at once.

use super::{BackProjector, Canonical, restored_share};
use crate::Result;
use crate::frame::Frame;
use crate::geometry::canonical::{crop_corners, side_of};
use crate::geometry::{HR_SIDE, Point, Similarity};
use crate::pixel::Sr;
use crate::resample::Rgbx;

/// What a frame adds to the variance of the picture's error, in levels squared: the face moves a little,
/// and no registration is exact. Measured: 1 and 10 are 0.05 to 0.1 dB worse at 16 to 32 pixels.
const UNREST: f32 = 4.0;
/// How much of a change of the network's mean goes into the picture. Measured: 1 is as good without errors
/// of registration, and 0.1 to 0.2 dB worse with them.
const NETWORK_SHARE: f32 = 0.7;
/// A block of the canonical face in which changes are noticed, in pixels each way.
const BLOCK: usize = 8;
const BLOCKS: usize = HR_SIDE / BLOCK;
/// A block has changed where its mean differs by more than this many standard deviations of the
/// noise that a camera pixel has, and levels for what registration leaves.
const DEVIATIONS: f32 = 1.5;
const LEVELS: f32 = 6.0;
/// A face that jumps by more than this share of its side, or grows or turns that much, begins anew.
const JUMP: f32 = 0.25;

/// What the last frames have shown of a face.
pub struct FaceHistory {
    limit: u32,
    frames: u32,
    last: Similarity,
    picture: Canonical,
    /// The variance of what a camera pixel may see wrong of the picture, in levels squared.
    error: f32,
    network: Canonical,
    /// The mean of the network's pictures.
    mean: Canonical,
    single: Canonical,
    corrected: Canonical,
    changes: [f32; BLOCKS * BLOCKS],
}

impl FaceHistory {
    /// One that weighs the last `limit` frames; 1 takes each frame by itself.
    pub fn new(limit: u32) -> Self {
        FaceHistory {
            limit: limit.max(1),
            frames: 0,
            last: Similarity::IDENTITY,
            picture: Canonical::default(),
            error: 0.0,
            network: Canonical::default(),
            mean: Canonical::default(),
            single: Canonical::default(),
            corrected: Canonical::default(),
            changes: [0.0; BLOCKS * BLOCKS],
        }
    }

    /// Forgets the face.
    pub fn clear(&mut self) {
        self.frames = 0;
    }

    /// How many frames the picture is made of, up to the limit.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// Takes in a frame in which the face lies at `to_canonical`, of which the network made `sr`;
    /// `noise` is the camera's, in levels. Writes the final picture to `out`: `sr` corrected by what
    /// all frames show; the camera's own pixels of [large](restored_share) faces; `sr` itself of
    /// faces that are too small. What lies outside the frame is black: nobody saw it. Returns the
    /// [share](restored_share) of the picture that is restored.
    ///
    /// # Errors
    /// The frame is not whole, or is a JPEG; the face is far larger than the frame.
    pub fn update(
        &mut self,
        projector: &mut BackProjector,
        frame: &Frame,
        to_canonical: &Similarity,
        noise: f32,
        sr: &Sr,
        out: &mut Sr,
    ) -> Result<f32> {
        let share = restored_share(to_canonical);
        if share < 1.0 {
            projector.camera_face(frame, to_canonical, out)?;
        } else {
            out.copy_from_slice(sr);
        }
        if share > 0.0 && projector.load(frame, to_canonical)? {
            self.take(projector, to_canonical, noise, sr);
            self.picture.store(share, out);
        } else {
            self.clear();
        }
        blacken_outside(frame, to_canonical, out);
        Ok(share)
    }

    /// Brings the picture up to date with the frame that `projector` has loaded.
    fn take(
        &mut self,
        projector: &mut BackProjector,
        to_canonical: &Similarity,
        noise: f32,
        sr: &Sr,
    ) {
        if self.frames > 0 && jumped(&self.last, to_canonical) {
            self.clear();
        }
        self.last = *to_canonical;
        self.network.load(sr);
        if self.limit == 1 || self.frames == 0 {
            let error = projector.correct(noise, &self.network, &mut self.picture);
            self.error = error.unwrap_or_default();
            if self.limit > 1 {
                self.mean.copy_from(&self.network);
            }
            self.frames = 1;
            return;
        }
        projector.register(&self.picture);
        projector.correct(noise, &self.network, &mut self.single);
        self.frames = (self.frames + 1).min(self.limit);
        self.find_changes(noise);
        self.follow_network();
        self.take_changes();
        // No less than one frame of `limit`.
        let least = noise * noise / (self.limit - 1) as f32;
        let error = (self.error + UNREST).max(least);
        self.error = projector.correct_known(noise, error, &self.picture, &mut self.corrected);
        std::mem::swap(&mut self.picture, &mut self.corrected);
    }

    /// Brings the network's mean up to date, and the picture with it.
    fn follow_network(&mut self) {
        let share = 1.0 / self.frames as f32;
        let pictures = self.picture.pixels.as_flattened_mut().iter_mut();
        let means = self.mean.pixels.as_flattened_mut().iter_mut();
        let network = self.network.pixels.as_flattened();
        for ((picture, mean), network) in pictures.zip(means).zip(network) {
            let change = share * (network - *mean);
            *mean += change;
            *picture += NETWORK_SHARE * change;
        }
    }

    /// Where, and how much, the frame's own picture differs from that of the frames before: 0 where
    /// noise explains it, 1 where it certainly does not.
    fn find_changes(&mut self, noise: f32) {
        let limit = 3.0 * (DEVIATIONS * noise + LEVELS);
        for (k, change) in self.changes.iter_mut().enumerate() {
            let first = (k / BLOCKS) * BLOCK * HR_SIDE + (k % BLOCKS) * BLOCK;
            let mut sum = 0.0;
            for y in 0..BLOCK {
                let range = first + y * HR_SIDE..first + y * HR_SIDE + BLOCK;
                let (new, old) = (
                    &self.single.pixels[range.clone()],
                    &self.picture.pixels[range],
                );
                for (new, old) in new.iter().zip(old) {
                    sum += (new[0] + new[1] + new[2]) - (old[0] + old[1] + old[2]);
                }
            }
            let mean = sum.abs() / (BLOCK * BLOCK) as f32;
            *change = ((mean - limit) / limit).clamp(0.0, 1.0);
        }
    }

    /// Shows the frame alone where the face has changed.
    fn take_changes(&mut self) {
        if self.changes.iter().all(|&change| change == 0.0) {
            return;
        }
        for y in 0..HR_SIDE {
            for x in 0..HR_SIDE {
                let change = self.change_at(x, y);
                let k = y * HR_SIDE + x;
                approach(&mut self.picture.pixels[k], &self.single.pixels[k], change);
                approach(&mut self.mean.pixels[k], &self.network.pixels[k], change);
            }
        }
    }

    /// The change at a pixel, between those of the four nearest blocks.
    fn change_at(&self, x: usize, y: usize) -> f32 {
        let place = |at: usize| {
            let at = ((at as f32 + 0.5) / BLOCK as f32 - 0.5).clamp(0.0, (BLOCKS - 1) as f32);
            let low = (at as usize).min(BLOCKS - 2);
            (low, at - low as f32)
        };
        let ((x, u), (y, v)) = (place(x), place(y));
        let row = |y: usize| {
            let at = y * BLOCKS + x;
            self.changes[at] * (1.0 - u) + self.changes[at + 1] * u
        };
        row(y) * (1.0 - v) + row(y + 1) * v
    }
}

fn approach(pixel: &mut Rgbx, new: &Rgbx, share: f32) {
    for (value, new) in pixel.iter_mut().zip(new) {
        *value += share * (new - *value);
    }
}

/// Makes the pixels black whose centre lies outside the frame.
fn blacken_outside(frame: &Frame, to_canonical: &Similarity, out: &mut Sr) {
    let (width, height) = (frame.width as f32, frame.height as f32);
    let inside = |p: Point| (0.0..=width).contains(&p.x) && (0.0..=height).contains(&p.y);
    if crop_corners(to_canonical).into_iter().all(inside) {
        return;
    }
    let back = to_canonical.invert();
    for (k, pixel) in out.iter_mut().enumerate() {
        let (x, y) = ((k % HR_SIDE) as f32 + 0.5, (k / HR_SIDE) as f32 + 0.5);
        if !inside(back.apply(Point::new(x, y))) {
            *pixel = 0;
        }
    }
}

/// Whether a face that lay at `from` cannot have come to `to` from one frame to the next.
fn jumped(from: &Similarity, to: &Similarity) -> bool {
    let middle = HR_SIDE as f32 / 2.0;
    let centre = |similarity: &Similarity| similarity.invert().apply(Point::new(middle, middle));
    let (a, b) = (centre(from), centre(to));
    let turn = (from.rotation() - to.rotation()).sin().abs();
    (a.x - b.x).hypot(a.y - b.y) > JUMP * side_of(to)
        || (from.scale() / to.scale()).ln().abs() > JUMP
        || turn > JUMP
}
