//! Alignment as a real detector makes it: a little off.

use face8x_core::geometry::canonical;
use face8x_core::geometry::{HR_SIDE, Point, Rect, Similarity};

/// Standard deviations of a landmark alignment's error: radians, natural logarithm of the scale,
/// pixels of the canonical face. A landmark network of 7 MMAC leaves about as much.
const ROTATION: f32 = 2.0 * std::f32::consts::PI / 180.0;
const SCALE: f32 = 0.02;
const SHIFT: f32 = 0.8;

/// Standard deviations of a detector's box: of its centre by its side, and of its side's logarithm.
const BOX_CENTRE: f32 = 0.04;
const BOX_SIDE: f32 = 0.06;

/// A normally distributed number (Box and Muller 1958).
pub fn normal(rng: &mut fastrand::Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.f32()).ln()).sqrt();
    radius * (rng.f32() * std::f32::consts::TAU).cos()
}

/// The alignment `base` with an error of a landmark detector's size.
pub fn landmarks(base: &Similarity, rng: &mut fastrand::Rng) -> Similarity {
    let (scale, angle) = ((normal(rng) * SCALE).exp(), normal(rng) * ROTATION);
    let centre = Point::new(HR_SIDE as f32 / 2.0, HR_SIDE as f32 / 2.0);
    let moved = Point::new(
        centre.x + normal(rng) * SHIFT,
        centre.y + normal(rng) * SHIFT,
    );
    base.then(&Similarity::about(centre, moved, scale, angle))
}

/// The alignment by a box around the same face, with a detector's error and without rotation.
pub fn by_box(base: &Similarity, rng: &mut fastrand::Rng) -> Option<Similarity> {
    let exact = canonical::face_box(base);
    let centre = exact.centre();
    let side = exact.w * (normal(rng) * BOX_SIDE).exp();
    let x = centre.x + normal(rng) * BOX_CENTRE * exact.w - side / 2.0;
    let y = centre.y + normal(rng) * BOX_CENTRE * exact.w - side / 2.0;
    canonical::from_box(&Rect::new(x, y, side, side))
}
