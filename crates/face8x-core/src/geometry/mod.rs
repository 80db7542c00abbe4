//! Points, boxes and similarity transforms, and the canonical face that the networks are trained on.
//!
//! Coordinates are pixel edges: the centre of the top left pixel is (0.5, 0.5), and a picture of
//! width w spans 0 to w.

pub mod canonical;

pub use canonical::CANONICAL_LANDMARKS;

/// Side of the network's input in pixels.
pub const LR_SIDE: usize = 16;
/// Side of the network's output, and of the canonical face, in pixels.
pub const HR_SIDE: usize = 128;

/// A position in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

impl Point {
    /// The point (x, y).
    pub const fn new(x: f32, y: f32) -> Self {
        Point { x, y }
    }
}

/// Left eye, right eye, nose, left and right mouth corner, as they lie in the picture (the left
/// eye is the one further left).
pub type Landmarks = [Point; 5];

/// A rectangle in pixels; it may reach outside the picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

impl Rect {
    /// The rectangle with its top left corner at (x, y).
    pub const fn new(x: f32, y: f32, w: f32, h: f32) -> Self {
        Rect { x, y, w, h }
    }

    /// The square with this centre and side.
    pub const fn square(centre: Point, side: f32) -> Self {
        Rect::new(centre.x - side / 2.0, centre.y - side / 2.0, side, side)
    }

    /// Its centre.
    pub const fn centre(&self) -> Point {
        Point::new(self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Its area in square pixels.
    pub fn area(&self) -> f32 {
        self.w * self.h
    }

    /// Whether all of `other` lies in it.
    pub fn contains(&self, other: &Rect) -> bool {
        other.x >= self.x
            && other.y >= self.y
            && other.x + other.w <= self.x + self.w
            && other.y + other.h <= self.y + self.h
    }

    /// Intersection over union with `other`, 0 to 1.
    pub fn iou(&self, other: &Rect) -> f32 {
        let w = (self.x + self.w).min(other.x + other.w) - self.x.max(other.x);
        let h = (self.y + self.h).min(other.y + other.h) - self.y.max(other.y);
        if w <= 0.0 || h <= 0.0 {
            return 0.0;
        }
        w * h / (self.area() + other.area() - w * h)
    }
}

/// A rotation, uniform scale and shift: x' = a x - b y + tx, y' = b x + a y + ty.
///
/// ```
/// use face8x_core::geometry::{Point, Similarity};
/// let half_turn = Similarity::about(Point::new(2.0, 1.0), Point::new(0.0, 0.0), 3.0, std::f32::consts::PI);
/// let moved = half_turn.apply(Point::new(3.0, 1.0));
/// assert!((moved.x + 3.0).abs() < 1e-5 && moved.y.abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// Scale times the cosine of the angle.
    pub a: f32,
    /// Scale times the sine of the angle.
    pub b: f32,
    /// Shift to the right, after turning and scaling.
    pub tx: f32,
    /// Shift down.
    pub ty: f32,
}

impl Default for Similarity {
    fn default() -> Self {
        Similarity::IDENTITY
    }
}

impl Similarity {
    /// The identity, which changes nothing.
    pub const IDENTITY: Similarity = Similarity {
        a: 1.0,
        b: 0.0,
        tx: 0.0,
        ty: 0.0,
    };

    /// The transform that scales by `scale`, turns by `angle` radians (from x towards y, so clockwise
    /// on the screen) and takes the point `from` to the point `to`.
    pub fn about(from: Point, to: Point, scale: f32, angle: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        let (a, b) = (scale * cos, scale * sin);
        Similarity {
            a,
            b,
            tx: to.x - (a * from.x - b * from.y),
            ty: to.y - (b * from.x + a * from.y),
        }
    }

    /// The transform that takes the points `from` nearest to the points `to` in the least-squares sense,
    /// without reflection (Umeyama 1991; in the plane the minimum has a closed form).
    ///
    /// `None` for fewer than two points, unequal numbers of them, points that all coincide (on
    /// either side), or values that are not finite.
    pub fn fit(from: &[Point], to: &[Point]) -> Option<Self> {
        if from.len() != to.len() || from.len() < 2 {
            return None;
        }
        let (p0, q0) = (mean(from), mean(to));
        let (mut spread, mut dot, mut cross) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py) = (f64::from(p.x) - p0.0, f64::from(p.y) - p0.1);
            let (qx, qy) = (f64::from(q.x) - q0.0, f64::from(q.y) - q0.1);
            spread += px * px + py * py;
            dot += px * qx + py * qy;
            cross += px * qy - py * qx;
        }
        let (a, b) = (dot / spread, cross / spread);
        let fitted = Similarity {
            a: a as f32,
            b: b as f32,
            tx: (q0.0 - (a * p0.0 - b * p0.1)) as f32,
            ty: (q0.1 - (b * p0.0 + a * p0.1)) as f32,
        };
        fitted.is_regular().then_some(fitted)
    }

    /// Where `p` is taken to.
    pub fn apply(&self, p: Point) -> Point {
        Point::new(
            self.a * p.x - self.b * p.y + self.tx,
            self.b * p.x + self.a * p.y + self.ty,
        )
    }

    /// The one that undoes this one; its values are not finite where the scale is 0.
    pub fn invert(&self) -> Self {
        let square = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / square, -self.b / square);
        Similarity {
            a,
            b,
            tx: b * self.ty - a * self.tx,
            ty: -b * self.tx - a * self.ty,
        }
    }

    /// The transform that does this one first and `next` after it.
    pub fn then(&self, next: &Similarity) -> Self {
        let t = next.apply(Point::new(self.tx, self.ty));
        Similarity {
            a: next.a * self.a - next.b * self.b,
            b: next.b * self.a + next.a * self.b,
            tx: t.x,
            ty: t.y,
        }
    }

    /// The scale: how many times longer lines become.
    pub fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }

    /// By how many radians lines turn, from x towards y, -pi to pi.
    pub fn rotation(&self) -> f32 {
        self.b.atan2(self.a)
    }

    /// Whether all its values are finite and it can be undone.
    pub fn is_regular(&self) -> bool {
        let inverse = self.invert();
        [*self, inverse].iter().all(|s| {
            s.scale() > 0.0 && s.scale().is_finite() && s.tx.is_finite() && s.ty.is_finite()
        })
    }
}

fn mean(points: &[Point]) -> (f64, f64) {
    let n = points.len() as f64;
    let sum = points.iter().fold((0.0, 0.0), |s, p| {
        (s.0 + f64::from(p.x), s.1 + f64::from(p.y))
    });
    (sum.0 / n, sum.1 / n)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(p: Point, q: Point) -> bool {
        (p.x - q.x).hypot(p.y - q.y) < 2e-3
    }

    proptest! {
        #[test]
        fn a_similarity_is_found_again_from_its_points(
            scale in 0.2f32..4.0, angle in -3.1f32..3.1, x in -50f32..50.0, y in -50f32..50.0,
            points in prop::collection::vec((-50f32..50.0, -50f32..50.0), 2..7),
        ) {
            let s = Similarity::about(Point::default(), Point::new(x, y), scale, angle);
            let from: Vec<_> = points.iter().map(|&(x, y)| Point::new(x, y)).collect();
            prop_assume!((from[0].x - from[1].x).abs() > 1.0);
            let to: Vec<_> = from.iter().map(|&p| s.apply(p)).collect();
            let found = Similarity::fit(&from, &to).unwrap();
            prop_assert!((found.scale() / s.scale() - 1.0).abs() < 1e-4);
            prop_assert!((found.rotation() - angle).abs() < 1e-3);
            for (p, q) in from.iter().zip(&to) {
                prop_assert!(near(found.apply(*p), *q));
                prop_assert!(near(s.invert().apply(*q), *p));
                prop_assert!(near(s.then(&s.invert()).apply(*p), *p));
                prop_assert!(near(s.then(&found).apply(*p), found.apply(s.apply(*p))));
            }
        }

        #[test]
        fn no_similarity_near_the_fitted_one_is_better(
            points in prop::collection::vec((0f32..90.0, 0f32..90.0, 0f32..90.0, 0f32..90.0), 5),
        ) {
            let from: Vec<_> = points.iter().map(|p| Point::new(p.0, p.1)).collect();
            let to: Vec<_> = points.iter().map(|p| Point::new(p.2, p.3)).collect();
            let error = |s: Similarity| -> f64 {
                from.iter().zip(&to).map(|(p, q)| {
                    let r = s.apply(*p);
                    f64::from(r.x - q.x).powi(2) + f64::from(r.y - q.y).powi(2)
                }).sum()
            };
            let best = Similarity::fit(&from, &to).unwrap();
            for step in [-0.01, 0.01] {
                for other in [
                    Similarity { a: best.a + step, ..best },
                    Similarity { b: best.b + step, ..best },
                    Similarity { tx: best.tx + step, ..best },
                    Similarity { ty: best.ty + step, ..best },
                ] {
                    prop_assert!(error(other) > error(best) - 0.01);
                }
            }
        }
    }

    #[test]
    fn degenerate_points_have_no_fit() {
        let p = Point::new(3.0, 4.0);
        let line = [Point::new(0.0, 0.0), Point::new(1.0, 0.0)];
        assert_eq!(Similarity::fit(&[], &[]), None);
        assert_eq!(Similarity::fit(&[p], &[p]), None);
        assert_eq!(Similarity::fit(&line, &[p]), None);
        assert_eq!(Similarity::fit(&[p, p], &line), None);
        assert_eq!(Similarity::fit(&line, &[p, p]), None);
        assert_eq!(
            Similarity::fit(&[Point::new(f32::NAN, 0.0), p], &line),
            None
        );
        assert_eq!(
            Similarity::fit(&[Point::new(f32::INFINITY, 0.0), p], &line),
            None
        );
        assert!(
            !Similarity {
                a: 0.0,
                b: 0.0,
                tx: 1.0,
                ty: 1.0
            }
            .is_regular()
        );
        assert!(Similarity::IDENTITY.is_regular());
    }
}
