//! Several frames of one face: half a second of video shows more than any one frame.
//!
//! The picture that was built so far is kept in the canonical place. Each frame is registered
//! against it to a fraction of a camera pixel and corrects it, by a Kalman filter (Kalman, "A New Approach
//! to Linear Filtering and Prediction Problems", 1960) whose one number is the variance of what a camera
//! pixel may see wrong of the picture: the more frames were seen, the less one of them changes. The
//! network's part is the mean of what it made of all frames. Where the face itself changes (a blink, a
//! mouth that opens) the picture begins anew with what the network makes of the frame, and the frame is believed
//! as much as a first one.

use super::blocks::{BLOCKS, BlockValues, for_each_pixel};
use super::canonical::levels_of;
use super::{BackProjector, Canonical, Variance, restored_share};
use crate::Result;
use crate::also_for_avx2;
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
/// A block has changed where its mean differs by more than this many standard deviations of the
/// noise that a camera pixel has, and levels for what registration leaves.
const DEVIATIONS: f32 = 1.5;
const LEVELS: f32 = 6.0;
/// How much of a frame's differences goes into the usual ones.
const USUAL_SHARE: f32 = 0.25;
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
    /// The same of what the network made of the first frame.
    network_error: f32,
    /// The mean of the network's pictures.
    mean: Canonical,
    /// By how much camera and picture usually differ (see [`BackProjector::differences`]); before the second
    /// frame it is not known.
    usual: BlockValues,
    changes: BlockValues,
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
            network_error: 0.0,
            mean: Canonical::default(),
            usual: [0.0; BLOCKS * BLOCKS],
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
        if self.limit == 1 || self.frames == 0 {
            self.picture.load(sr);
            if self.limit > 1 {
                self.mean.copy_from(&self.picture);
            }
            let variance = projector.correct(noise, &mut self.picture);
            let Variance { before, after } = variance.unwrap_or_default();
            (self.network_error, self.error) = (before, after);
            self.frames = 1;
            self.usual.fill(f32::NAN);
            return;
        }
        self.frames = (self.frames + 1).min(self.limit);
        self.follow_network(sr);
        projector.register(&self.picture);
        // No less than one frame of `limit`.
        let least = noise * noise / (self.limit - 1) as f32;
        let error = (self.error + UNREST).max(least);
        let changed = self.finds_changes(projector, noise);
        if changed {
            self.take_changes(sr);
            projector.look_at(&self.picture);
        }
        let rise = changed.then_some((&self.changes, self.network_error / error));
        self.error = projector.correct_known(noise, error, rise, &mut self.picture);
    }

    /// Brings the network's mean up to date, and the picture with it.
    fn follow_network(&mut self, sr: &Sr) {
        let share = 1.0 / self.frames as f32;
        follow_mean(&mut self.picture.pixels, &mut self.mean.pixels, sr, share);
    }

    /// Whether the face has changed anywhere: whether the camera's pixels differ from the expected ones
    /// otherwise than they usually do. `changes` then says where and how much: 0 where noise explains it, 1 where
    /// it certainly does not.
    fn finds_changes(&mut self, projector: &BackProjector, noise: f32) -> bool {
        projector.differences(&mut self.changes);
        let limit = 3.0 * (DEVIATIONS * noise + LEVELS);
        let mut found = false;
        for (change, usual) in self.changes.iter_mut().zip(&mut self.usual) {
            if usual.is_nan() {
                *usual = *change;
            }
            let unusual = *change - *usual;
            *usual += USUAL_SHARE * unusual;
            *change = ((unusual.abs() - limit) / limit).clamp(0.0, 1.0);
            found |= *change > 0.0;
        }
        found
    }

    /// Shows what the network makes of the frame alone where the face has changed.
    fn take_changes(&mut self, sr: &Sr) {
        for_each_pixel(&self.changes, |k, change| {
            let network = levels_of(sr[k]);
            approach(&mut self.picture.pixels[k], &network, change);
            approach(&mut self.mean.pixels[k], &network, change);
        });
    }
}

also_for_avx2! {
    /// Moves `mean` by `share` of the way to `sr`, and `picture` by as much of that as it follows.
    fn follow_mean(picture: &mut [Rgbx], mean: &mut [Rgbx], sr: &Sr, share: f32) as follow_mean_any
}

#[inline(always)]
fn follow_mean_any(picture: &mut [Rgbx], mean: &mut [Rgbx], sr: &Sr, share: f32) {
    for ((picture, mean), &packed) in picture.iter_mut().zip(mean).zip(sr) {
        let network = levels_of(packed);
        for k in 0..4 {
            let change = share * (network[k] - mean[k]);
            mean[k] += change;
            picture[k] += NETWORK_SHARE * change;
        }
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
