//! The head of the portrait, at every size.

use super::people::Person;
use super::ycc;
use crate::{Error, Result};
use face8x_core::geometry::{HR_SIDE, Landmarks, Point, Similarity, canonical};
use face8x_core::portrait::{PORTRAIT, PORTRAIT_LANDMARKS};

/// Sizes of the portrait, each half of the one before.
const LEVELS: usize = 5;
/// The two ellipses that hold the head in the portrait: its hair, and its face down to the chin, each
/// with its centre and half axes.
const OUTLINE: [[f32; 4]; 2] = [[228.0, 76.0, 71.0, 59.0], [225.0, 121.0, 45.0, 66.0]];

/// The portrait as luma, Cb and Cr.
pub(super) struct PortraitHead {
    levels: Vec<PortraitLevel>,
}

struct PortraitLevel {
    side: usize,
    pixels: Vec<[f32; 3]>,
}

impl PortraitHead {
    /// # Errors
    /// The program file is damaged.
    pub(super) fn load() -> Result<PortraitHead> {
        let portrait = image::load_from_memory(PORTRAIT)
            .map_err(|error| Error::other(format!("the demo portrait: {error}")))?
            .into_rgb8();
        let mut levels = vec![PortraitLevel {
            side: portrait.width() as usize,
            pixels: portrait.pixels().map(|p| ycc(p.0.map(f32::from))).collect(),
        }];
        while levels.len() < LEVELS {
            let Some(halved) = levels.last().map(PortraitLevel::halved) else {
                break;
            };
            levels.push(halved);
        }
        Ok(PortraitHead { levels })
    }

    /// How much of a pixel at `at` (of the portrait, `pitch` portrait pixels large) the head covers, 0
    /// to 1, and its colour there.
    pub(super) fn sample(&self, at: Point, pitch: f32) -> (f32, [f32; 3]) {
        let inside = |[x, y, rx, ry]: [f32; 4]| {
            let reach = ((at.x - x) / rx).hypot((at.y - y) / ry);
            (1.0 - reach) * rx.min(ry)
        };
        let depth = OUTLINE.map(inside).into_iter().fold(f32::MIN, f32::max);
        let cover = (0.5 + depth / pitch).clamp(0.0, 1.0);
        if cover == 0.0 {
            return (0.0, [0.0; 3]);
        }
        let index = pitch.max(1.0).log2().round() as usize;
        let index = index.min(self.levels.len() - 1);
        (cover, self.levels[index].sample(at, (1 << index) as f32))
    }
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

    /// The colour at `at`, bilinearly, where a pixel is `unit` of the portrait's.
    fn sample(&self, at: Point, unit: f32) -> [f32; 3] {
        let last = (self.side - 2) as f32;
        let place = |v: f32| (v / unit - 0.5).clamp(0.0, last);
        let (x, y) = (place(at.x), place(at.y));
        let (u, v) = (x.fract(), y.fract());
        let first = y as usize * self.side + x as usize;
        let row = |first: usize, c: usize| {
            let (a, b) = (self.pixels[first][c], self.pixels[first + 1][c]);
            a + (b - a) * u
        };
        std::array::from_fn(|c| {
            let (above, below) = (row(first, c), row(first + self.side, c));
            above + (below - above) * v
        })
    }
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
