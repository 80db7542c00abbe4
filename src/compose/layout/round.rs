//! The hero view in a disc, whose corners no round panel shows.

use super::Area;
use super::hero::Words;

/// Sides of the hero to the rows of the camera's picture and to the side of a square beside it.
const SMALLEST: usize = 4;

/// Where the parts of the view lie in a disc: all four corners of each are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Disc {
    /// The restored face: a square in the middle.
    pub face: Area,
    /// Above it.
    pub camera: Area,
    /// Left and right of it.
    pub squares: [Area; 2],
    /// The lines of words, below it.
    pub lines: [Area; 2],
}

/// Half the columns of a disc of this radius, so many rows from its middle.
fn half_chord(radius: usize, rows: usize) -> usize {
    (radius * radius).saturating_sub(rows * rows).isqrt()
}

/// Arranges the view in the largest disc of `whole` without its outermost `gap` pixels; `lines` is
/// what the two lines of words need.
pub(crate) fn disc(whole: Area, aspect: (usize, usize), gap: usize, lines: [Words; 2]) -> Disc {
    let radius = (whole.w.min(whole.h) / 2).saturating_sub(gap);
    let middle = (whole.x + whole.w / 2, whole.y + whole.h / 2);
    let sides = (0..=2 * radius).rev();
    let mut found = sides.filter_map(|side| around(middle, radius, side, aspect, gap, lines));
    found.next().unwrap_or_default()
}

/// The parts around a hero of this side, where all of them are of use.
fn around(
    (x, y): (usize, usize),
    radius: usize,
    side: usize,
    (aw, ah): (usize, usize),
    gap: usize,
    lines: [Words; 2],
) -> Option<Disc> {
    let half = side / 2;
    let columns = |rows: usize| (rows * aw).checked_div(ah).unwrap_or(0).max(1);
    // The hero is larger than what is around it.
    let limit = radius.checked_sub(half + gap)?.min(half);
    let camera = (1..=limit).rev().find(|&rows| {
        let corner = half + gap + rows;
        columns(rows).div_ceil(2) <= half_chord(radius, corner)
    })?;
    let square = (1..=limit).rev().find(|&square| {
        let corner = half + gap + square;
        square.div_ceil(2) <= half_chord(radius, corner)
    })?;
    if (camera * SMALLEST).min(square * SMALLEST) < side || side == 0 {
        return None;
    }
    let mut below = half + gap;
    let mut places = [Area::default(); 2];
    for (place, line) in places.iter_mut().zip(lines) {
        let bottom = below + line.rows;
        let half = half_chord(radius, bottom);
        if bottom > radius || 2 * half < line.columns {
            return None;
        }
        *place = Area::new(x - half, y + below, 2 * half, line.rows);
        below = bottom;
    }
    let camera_w = columns(camera);
    let beside = |left: usize| Area::new(left, y - square / 2, square, square);
    Some(Disc {
        face: Area::new(x - half, y - half, 2 * half, 2 * half),
        camera: Area::new(x - camera_w / 2, y - half - gap - camera, camera_w, camera),
        squares: [beside(x - half - gap - square), beside(x + half + gap)],
        lines: places,
    })
}

/// The largest square in the disc of `whole` without its outermost `gap` pixels.
pub(crate) fn square_in_disc(whole: Area, gap: usize) -> Area {
    let radius = (whole.w.min(whole.h) / 2).saturating_sub(gap);
    let side = 2 * (radius * radius / 2).isqrt();
    whole.centred(side, side)
}
