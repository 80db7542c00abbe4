//! Thirds of the faces, to measure groups by themselves: by how light their skin is, and by how far they are
//! turned.
//!
//! Skin: the individual typology angle, arctan((L* - 50) / b*) in CIELAB (Chardon, Cretois and Hourseau,
//! *Skin colour typology and suntanning pathways*, International Journal of Cosmetic Science 1991). It
//! is the picture's, under its own light, so it sorts pictures rather than people.
//!
//! Pose: how far the nose lies beside the middle of the eyes, by the distance of the eyes. Of a head that is
//! turned by an angle the tip of the nose, which stands out, moves to one side, and the eyes come nearer to
//! each other.

use face8x_core::geometry::{HR_SIDE, Landmarks};

use super::Case;

/// The cheeks: places in the canonical face, and half their sides, in pixels.
const CHEEKS: [(usize, usize); 2] = [(48, 82), (80, 82)];
const REACH: usize = 4;

/// A third of the faces in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Third {
    First,
    Middle,
    Last,
}

/// A third of the cases by their skin, the lightest first.
pub fn by_skin(cases: Vec<Case>, third: Third) -> Vec<Case> {
    by(cases, third, |case| -angle(&case.hr))
}

/// A third of the cases by their pose, those who look at the camera first.
pub fn by_pose(cases: Vec<Case>, third: Third) -> Vec<Case> {
    by(cases, third, |case| turn(&case.landmarks))
}

/// A third of the cases, the least numbers first.
fn by(mut cases: Vec<Case>, third: Third, number: impl Fn(&Case) -> f64) -> Vec<Case> {
    cases.sort_by(|a, b| number(a).total_cmp(&number(b)));
    let n = cases.len();
    let (first, end) = match third {
        Third::First => (0, n / 3),
        Third::Middle => (n / 3, 2 * n / 3),
        Third::Last => (2 * n / 3, n),
    };
    cases.drain(first..end).collect()
}

/// How far the nose lies beside the middle of the eyes, along the line through them, by their distance.
fn turn([left, right, nose, ..]: &Landmarks) -> f64 {
    let (x, y) = (right.x - left.x, right.y - left.y);
    let (dx, dy) = (
        nose.x - (left.x + right.x) / 2.0,
        nose.y - (left.y + right.y) / 2.0,
    );
    f64::from((dx * x + dy * y).abs() / (x * x + y * y))
}

/// The typology angle of the cheeks in degrees, of their mean colour.
fn angle(hr: &[u8]) -> f64 {
    let mut sums = [0.0; 3];
    for (x, y) in CHEEKS {
        for y in y - REACH..y + REACH {
            for x in x - REACH..x + REACH {
                let at = (y * HR_SIDE + x) * 3;
                for (sum, &level) in sums.iter_mut().zip(&hr[at..at + 3]) {
                    *sum += linear(f64::from(level) / 255.0);
                }
            }
        }
    }
    let count = (CHEEKS.len() * 4 * REACH * REACH) as f64;
    let [l, _, b] = lab(sums.map(|sum| sum / count));
    (l - 50.0).atan2(b).to_degrees()
}

/// Light of an sRGB value (IEC 61966-2-1).
fn linear(v: f64) -> f64 {
    match v <= 0.04045 {
        true => v / 12.92,
        false => ((v + 0.055) / 1.055).powf(2.4),
    }
}

/// CIELAB of linear sRGB under D65.
fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
    let x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505;
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089;
    let f = |t: f64| match t > (6.0f64 / 29.0).powi(3) {
        true => t.cbrt(),
        false => t * (29.0f64 / 6.0).powi(2) / 3.0 + 4.0 / 29.0,
    };
    [
        116.0 * f(y) - 16.0,
        500.0 * (f(x) - f(y)),
        200.0 * (f(y) - f(z)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use face8x_core::geometry::{Point, Similarity};

    #[test]
    fn colours_lie_where_cielab_has_them() {
        // White, and sRGB (200, 150, 120) by an independent table.
        let close = |found: [f64; 3], wanted: [f64; 3]| {
            found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 0.3)
        };
        assert!(close(lab([1.0; 3]), [100.0, 0.0, 0.0]));
        let skin = [200.0, 150.0, 120.0].map(|v| linear(v / 255.0));
        assert!(close(lab(skin), [66.10, 14.85, 23.13]), "{:?}", lab(skin));
    }

    fn case(name: u8) -> Case {
        Case {
            name: name.to_string(),
            lr: Vec::new(),
            hr: Vec::new(),
            outside: Vec::new(),
            features: Vec::new(),
            landmarks: Landmarks::default(),
        }
    }

    fn names(cases: Vec<Case>) -> Vec<String> {
        cases.into_iter().map(|case| case.name).collect()
    }

    #[test]
    fn the_lightest_third_is_the_lightest() {
        let of = |k: u8| Case {
            hr: [60 + 30 * k, 50 + 25 * k, 40 + 20 * k].repeat(HR_SIDE * HR_SIDE),
            ..case(k)
        };
        let cases: Vec<Case> = [3, 0, 5, 1, 4, 2].map(of).to_vec();
        let third = |third| names(by_skin(cases.clone(), third));
        assert_eq!(third(Third::First), ["5", "4"]);
        assert_eq!(third(Third::Middle), ["3", "2"]);
        assert_eq!(third(Third::Last), ["1", "0"]);
    }

    #[test]
    fn faces_that_look_at_the_camera_come_first_however_they_lean() {
        // The nose lies 3 k pixels beside the middle of the eyes, to the left or the right, in a face that leans.
        let of = |k: u8| {
            let aside = 3.0 * f32::from(k) * if k.is_multiple_of(2) { -1.0 } else { 1.0 };
            let lean = Similarity::about(
                Point::default(),
                Point::new(64.0, 64.0),
                1.0,
                0.3 * f32::from(k),
            );
            let points = [
                (-20.0, -10.0),
                (20.0, -10.0),
                (aside, 10.0),
                (-15.0, 25.0),
                (15.0, 25.0),
            ];
            Case {
                landmarks: points.map(|(x, y)| lean.apply(Point::new(x, y))),
                ..case(k)
            }
        };
        let cases: Vec<Case> = [3, 0, 5, 1, 4, 2].map(of).to_vec();
        let third = |third| names(by_pose(cases.clone(), third));
        assert_eq!(third(Third::First), ["0", "1"]);
        assert_eq!(third(Third::Middle), ["2", "3"]);
        assert_eq!(third(Third::Last), ["4", "5"]);
        let turned = turn(&of(4).landmarks);
        assert!((turned - 12.0 / 40.0).abs() < 1e-5, "{turned}");
    }
}
