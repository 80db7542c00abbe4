//! Align: a face upright in 16x16 pixels, and as the canonical 128x128 face, straight from the frame.

use crate::also_for_avx2;
use crate::convert::Converter;
use crate::frame::Frame;
use crate::geometry::canonical::{crop_corners, side_of};
use crate::geometry::{HR_SIDE, Point, Similarity};
use crate::pixel::Sr;
use crate::resample::{Patch, Rgbx, Shrinker, add, to_byte, to_pixel};
use crate::{Error, ErrorKind, Result};

pub use crate::pixel::{Hr, Lr};

/// Samples a side that LR is downscaled from: four to each of its pixels.
const GRID: usize = 64;

/// Samples lie at most this many (downscaled) pixels apart. What the frame has between its own limit
/// of 1/2 and that of the samples, 1/3 cycles per pixel, then folds to 1/6 or more: the reduction
/// to a quarter, which passes up to 1/12, removes it.
const MAX_STEP: f32 = 1.5;

/// Downscaled pixels that a patch for LR, or for the whole face in display pixels, can need each
/// way: the diagonal of the samples, and its rim.
const PATCH_SIDE: usize = (HR_SIDE as f32 * MAX_STEP * std::f32::consts::SQRT_2) as usize + 8;

/// Most samples to a pixel of a crop, each way.
const MAX_SAMPLES: f32 = 8.0;

/// Makes the network's input and the canonical face of a frame. Buffers are kept: after
/// the first LR nothing is allocated for faces of any size in frames of the same width.
pub struct Aligner {
    converter: Converter,
    patch: Patch,
    from_grid: Shrinker,
    from_hr: Shrinker,
}

impl Default for Aligner {
    fn default() -> Self {
        Aligner::new()
    }
}

impl Aligner {
    /// An aligner, its weights computed.
    pub fn new() -> Self {
        Aligner {
            converter: Converter::new(),
            patch: Patch::with_capacity(PATCH_SIDE),
            from_grid: Shrinker::new(GRID),
            from_hr: Shrinker::new(HR_SIDE),
        }
    }

    /// Makes room for frames like `frame` at once, so that nothing is allocated when a face comes
    /// nearer.
    ///
    /// # Errors
    /// The frame is not valid, or is a JPEG.
    pub(crate) fn reserve(&mut self, frame: &Frame) -> Result<()> {
        self.converter.reserve(frame)
    }

    /// Makes the network's input: the frame under `similarity` (frame to canonical face), downscaled
    /// to 16x16. It costs the same for small faces and large ones, apart from reading the pixels.
    ///
    /// # Errors
    /// The frame is not valid or is a JPEG; the similarity is not finite; the face is far larger
    /// than the frame (more than 96 times its shorter side).
    pub fn lr(&mut self, frame: &Frame, similarity: &Similarity, lr: &mut Lr) -> Result<()> {
        let back = checked_inverse(similarity)?;
        let step = back.scale() * HR_SIDE as f32 / GRID as f32;
        self.load(frame, similarity, step / MAX_STEP)?;
        let mut row = [[0.0; 4]; GRID];
        for y in 0..GRID {
            sample_row(&self.patch, &back, y, &mut row);
            self.from_grid.put_row(y, &row);
        }
        self.from_grid.finish(lr);
        Ok(())
    }

    /// Makes a crop of `side` x `side` pixels: `out` is filled with three bytes for each, and
    /// `similarity` takes the frame to it. With `side` 128 and an alignment it is the canonical
    /// face, HR. At least 2x2 samples are averaged for each pixel, and more for faces larger than
    /// the crop.
    ///
    /// # Errors
    /// As for [`lr`](Aligner::lr); `out` has another length.
    pub fn crop(
        &mut self,
        frame: &Frame,
        similarity: &Similarity,
        side: usize,
        out: &mut [u8],
    ) -> Result<()> {
        if side.checked_mul(side).and_then(|n| n.checked_mul(3)) != Some(out.len()) {
            return Err(invalid(format!(
                "{} bytes for a crop of {side}x{side}",
                out.len()
            )));
        }
        let back = checked_inverse(similarity)?;
        let scale = back.scale();
        let whole = Similarity::about(
            Point::default(),
            Point::default(),
            HR_SIDE as f32 / side.max(1) as f32,
            0.0,
        );
        let factor = self.load(frame, &similarity.then(&whole), scale / MAX_SAMPLES)?;
        let samples = (scale / factor as f32).ceil().clamp(2.0, MAX_SAMPLES) as usize;
        for (i, pixel) in out.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let corner = ((i % side) as f32, (i / side) as f32);
            let [r, g, b, _] = self.mean(&back, corner, samples);
            *pixel = [r, g, b].map(to_byte);
        }
        Ok(())
    }

    /// Makes the canonical face as the frame shows it, in display pixels, as quickly as live pictures
    /// need it: one sample to a pixel where the face is enlarged, and large faces are downscaled
    /// before they are sampled.
    ///
    /// # Errors
    /// As for [`lr`](Aligner::lr).
    pub fn face(&mut self, frame: &Frame, similarity: &Similarity, out: &mut Sr) -> Result<()> {
        let back = checked_inverse(similarity)?;
        let scale = back.scale();
        let factor = self.load(frame, similarity, scale / MAX_STEP)?;
        // A step of a quarter more than a pixel misses nothing that would be seen.
        let step = scale / factor as f32;
        let samples = (step - 0.25).ceil().clamp(1.0, MAX_STEP.ceil()) as usize;
        draw(self, &back, samples, out);
        Ok(())
    }

    /// Downscales a face that is aligned already to the network's input, as Pillow's `BICUBIC` does.
    pub fn shrink(&mut self, hr: &Hr, lr: &mut Lr) {
        let mut row = [[0.0; 4]; HR_SIDE];
        for (y, line) in hr.chunks_exact(3 * HR_SIDE).enumerate() {
            for (out, p) in row.iter_mut().zip(line.as_chunks::<3>().0) {
                *out = [p[0], p[1], p[2], 0].map(f32::from);
            }
            self.from_hr.put_row(y, &row);
        }
        self.from_hr.finish(lr);
    }

    #[cfg(test)]
    fn patch_capacity(&self) -> usize {
        self.patch.capacity()
    }

    /// Loads what the canonical square needs, reduced by 1 or the next even factor above
    /// `reduction`, and returns the factor. (Even blocks hold whole pairs of pixels that share
    /// their chroma, which is quicker.)
    fn load(&mut self, frame: &Frame, similarity: &Similarity, reduction: f32) -> Result<usize> {
        frame.validate()?;
        let factor = if reduction <= 1.0 {
            1.0
        } else {
            2.0 * (reduction / 2.0).ceil()
        };
        let most = frame.width.min(frame.height).min(256);
        if factor > most as f32 {
            return Err(invalid(format!(
                "a face of {} pixels in a frame of {}x{}",
                side_of(similarity),
                frame.width,
                frame.height
            )));
        }
        let corners = crop_corners(similarity);
        self.patch
            .load(&mut self.converter, frame, &corners, factor as usize)?;
        Ok(factor as usize)
    }

    /// The mean of `samples` x `samples` samples of the crop's pixel at `corner`.
    #[inline(always)]
    fn mean(&self, back: &Similarity, corner: (f32, f32), samples: usize) -> Rgbx {
        let n = samples as f32;
        let mut sum: Rgbx = [0.0; 4];
        for i in 0..samples * samples {
            let (x, y) = ((i % samples) as f32 + 0.5, (i / samples) as f32 + 0.5);
            let at = Point::new(corner.0 + x / n, corner.1 + y / n);
            add(&mut sum, 1.0 / (n * n), &self.patch.sample(back.apply(at)));
        }
        sum
    }
}

also_for_avx2! {
    /// Row `y` of a grid over the canonical face, which `back` takes to the frame.
    fn sample_row(patch: &Patch, back: &Similarity, y: usize, row: &mut [Rgbx; GRID]) as sample_row_any
}

#[inline(always)]
fn sample_row_any(patch: &Patch, back: &Similarity, y: usize, row: &mut [Rgbx; GRID]) {
    let pitch = HR_SIDE as f32 / GRID as f32;
    for (x, sample) in row.iter_mut().enumerate() {
        let at = Point::new((x as f32 + 0.5) * pitch, (y as f32 + 0.5) * pitch);
        *sample = patch.sample(back.apply(at));
    }
}

also_for_avx2! {
    /// The canonical face, of `samples` x `samples` samples a pixel.
    fn draw(aligner: &Aligner, back: &Similarity, samples: usize, out: &mut Sr) as draw_any
}

#[inline(always)]
fn draw_any(aligner: &Aligner, back: &Similarity, samples: usize, out: &mut Sr) {
    for (i, pixel) in out.iter_mut().enumerate() {
        let corner = ((i % HR_SIDE) as f32, (i / HR_SIDE) as f32);
        *pixel = to_pixel(aligner.mean(back, corner, samples));
    }
}

/// Which pixels of the canonical face lie outside a frame of `width` x `height`, so that they are
/// mirrored: true for those whose centre does.
pub fn hr_mask(
    similarity: &Similarity,
    width: u32,
    height: u32,
    outside: &mut [bool; HR_SIDE * HR_SIDE],
) {
    let back = similarity.invert();
    for (i, o) in outside.iter_mut().enumerate() {
        let at = Point::new((i % HR_SIDE) as f32 + 0.5, (i / HR_SIDE) as f32 + 0.5);
        let p = back.apply(at);
        *o = !((0.0..width as f32).contains(&p.x) && (0.0..height as f32).contains(&p.y));
    }
}

fn checked_inverse(similarity: &Similarity) -> Result<Similarity> {
    if similarity.is_regular() {
        Ok(similarity.invert())
    } else {
        Err(invalid(format!("{similarity:?} is not an alignment")))
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Picture, message)
}

#[cfg(test)]
mod tests;
