//! The head of the portrait, at every size.

use super::people::Person;
use super::ycc;
use crate::{Error, Result};
use face8x_core::geometry::{HR_SIDE, Landmarks, Point, Similarity, canonical};
use face8x_core::portrait::{PORTRAIT, PORTRAIT_LANDMARKS};

/// Sizes of the portrait, each half of the one before.
const LEVELS: usize = 5;
/// The square of the portrait with the head: its first column, from the first row on, and its side. Both
/// are multiples of the coarsest level's pixels, so that every level is a part of the whole portrait's.
const LEFT: u32 = 96;
const SIDE: u32 = 256;
/// The two ellipses that hold the head in the portrait: its hair, and its face down to the chin, each
/// with its centre and half axes.
const OUTLINE: [[f32; 4]; 2] = [[228.0, 76.0, 71.0, 59.0], [225.0, 121.0, 45.0, 66.0]];

/// Luma, Cb, Cr and nothing: four floats fill a vector register.
pub(super) type Colour = [f32; 4];

/// The part of the portrait with the head, in luma and chroma.
pub(super) struct PortraitHead {
    levels: Vec<PortraitLevel>,
}

struct PortraitLevel {
    side: usize,
    pixels: Vec<Colour>,
}

/// The portrait at the size of a frame's pixels.
pub(super) struct SizedHead<'a> {
    level: &'a PortraitLevel,
    /// Pixels of the level to one of the portrait.
    scale: f32,
    /// Portrait pixels to one that is to be drawn.
    pitch: f32,
    /// For each ellipse the squares of the reach within which all is covered, and from which nothing is.
    fades: [[f32; 2]; 2],
}

impl PortraitHead {
    /// # Errors
    /// The program file is damaged.
    pub(super) fn load() -> Result<PortraitHead> {
        let portrait = image::load_from_memory(PORTRAIT)
            .map_err(|error| Error::other(format!("the demo portrait: {error}")))?
            .crop_imm(LEFT, 0, SIDE, SIDE)
            .into_rgb8();
        let mut levels = vec![PortraitLevel {
            side: portrait.width() as usize,
            pixels: portrait
                .pixels()
                .map(|p| colour(p.0.map(f32::from)))
                .collect(),
        }];
        while levels.len() < LEVELS {
            let Some(halved) = levels.last().map(PortraitLevel::halved) else {
                break;
            };
            levels.push(halved);
        }
        Ok(PortraitHead { levels })
    }

    /// The head for pixels that are `pitch` portrait pixels large.
    pub(super) fn sized(&self, pitch: f32) -> SizedHead<'_> {
        let index = pitch.max(1.0).log2().round() as usize;
        let index = index.min(self.levels.len() - 1);
        SizedHead {
            level: &self.levels[index],
            scale: 1.0 / (1 << index) as f32,
            pitch,
            fades: OUTLINE.map(|[.., rx, ry]| {
                // A little more against rounding.
                let half = pitch / (2.0 * rx.min(ry)) + 1e-4;
                [(1.0 - half).max(0.0), 1.0 + half].map(|reach| reach * reach)
            }),
        }
    }
}

impl SizedHead<'_> {
    /// How much of a pixel at `at` (of the portrait) the head covers, 0 to 1, and its colour there.
    #[inline]
    pub(super) fn sample(&self, at: Point) -> (f32, Colour) {
        match self.cover(at) {
            0.0 => (0.0, [0.0; 4]),
            cover => {
                let at = Point::new(at.x - LEFT as f32, at.y);
                (cover, self.level.sample(at, self.scale))
            }
        }
    }

    /// Roots are taken where the outline is near.
    #[inline]
    fn cover(&self, at: Point) -> f32 {
        let square = |[x, y, rx, ry]: [f32; 4]| {
            let (u, v) = ((at.x - x) * (1.0 / rx), (at.y - y) * (1.0 / ry));
            u * u + v * v
        };
        let [hair, face] = OUTLINE.map(square);
        let [[hair_in, hair_out], [face_in, face_out]] = self.fades;
        if hair < hair_in || face < face_in {
            return 1.0;
        }
        if hair > hair_out && face > face_out {
            return 0.0;
        }
        self.exact_cover(at)
    }

    fn exact_cover(&self, at: Point) -> f32 {
        let inside = |[x, y, rx, ry]: [f32; 4]| {
            let reach = length((at.x - x) / rx, (at.y - y) / ry);
            (1.0 - reach) * rx.min(ry)
        };
        let depth = OUTLINE.map(inside).into_iter().fold(f32::MIN, f32::max);
        (0.5 + depth / self.pitch).clamp(0.0, 1.0)
    }
}

/// Length of the vector (x, y), as `hypot` of C libraries has it, which is slow to call.
#[inline]
pub(super) fn length(x: f32, y: f32) -> f32 {
    let square = |v: f32| f64::from(v) * f64::from(v);
    (square(x) + square(y)).sqrt() as f32
}

impl PortraitLevel {
    fn halved(&self) -> PortraitLevel {
        let side = self.side / 2;
        let mean = |k: usize| {
            let first = 2 * (k / side) * self.side + 2 * (k % side);
            let four = [first, first + 1, first + self.side, first + self.side + 1];
            std::array::from_fn(|c| four.iter().map(|at| self.pixels[*at][c]).sum::<f32>() / 4.0)
        };
        PortraitLevel {
            side,
            pixels: (0..side * side).map(mean).collect(),
        }
    }

    /// The colour at `at`, bilinearly, where the portrait's pixels are `scale` of this one's.
    #[inline]
    fn sample(&self, at: Point, scale: f32) -> Colour {
        let last = (self.side - 2) as f32;
        let place = |v: f32| {
            let v = (v * scale - 0.5).clamp(0.0, last);
            // A cast to 32 bits is one instruction on most processors.
            let whole = v as i32;
            (whole as usize, v - whole as f32)
        };
        let ((x, u), (y, v)) = (place(at.x), place(at.y));
        let first = y * self.side + x;
        let (upper, lower) = (&self.pixels[first..], &self.pixels[first + self.side..]);
        let row =
            |[a, b]: &[Colour; 2]| -> Colour { std::array::from_fn(|c| a[c] + (b[c] - a[c]) * u) };
        let (Some(above), Some(below)) = (upper.first_chunk(), lower.first_chunk()) else {
            return [0.0; 4];
        };
        let (above, below) = (row(above), row(below));
        std::array::from_fn(|c| above[c] + (below[c] - above[c]) * v)
    }
}

/// Red, green and blue as they are drawn.
pub(super) fn colour(rgb: [f32; 3]) -> Colour {
    let [luma, cb, cr] = ycc(rgb);
    [luma, cb, cr, 0.0]
}

/// From the portrait to the frame, for the head of `person`.
pub(super) fn placed(person: &Person) -> Option<Similarity> {
    let middle = HR_SIDE as f32 / 2.0;
    let to_frame = Similarity::about(
        Point::new(middle, middle),
        person.face,
        person.side / HR_SIDE as f32,
        person.tilt,
    );
    Some(canonical::from_landmarks(&PORTRAIT_LANDMARKS)?.then(&to_frame))
}

/// Where the landmarks of `person` are in the frame.
pub(super) fn landmarks(person: &Person) -> Landmarks {
    let placed = placed(person).unwrap_or(Similarity::IDENTITY);
    PORTRAIT_LANDMARKS.map(|p| placed.apply(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_cover_is_the_exact_one() {
        let head = PortraitHead::load().unwrap();
        for pitch in [0.3, 1.0, 2.7, 9.0, 40.0, 500.0] {
            let sized = head.sized(pitch);
            for (x, y) in (0..120).flat_map(|y| (0..120).map(move |x| (x, y))) {
                let at = Point::new(120.0 + 1.7 * x as f32, -10.0 + 1.9 * y as f32);
                assert_eq!(sized.cover(at), sized.exact_cover(at), "{pitch} {at:?}");
            }
        }
    }
}
