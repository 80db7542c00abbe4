//! How light the skin of a face is, to measure groups by themselves.
//!
//! The individual typology angle, arctan((L* - 50) / b*) in CIELAB (Chardon, Cretois and Hourseau,
//! *Skin colour typology and suntanning pathways*, International Journal of Cosmetic Science 1991). It
//! is the picture's, under its own light, so it sorts pictures rather than people.

use face8x_core::geometry::HR_SIDE;

use super::Case;

/// The cheeks: places in the canonical face, and half their sides, in pixels.
const CHEEKS: [(usize, usize); 2] = [(48, 82), (80, 82)];
const REACH: usize = 4;

/// A third of the faces by their skin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Third {
    Light,
    Middle,
    Dark,
}

/// The cases of a third.
pub fn third(mut cases: Vec<Case>, third: Third) -> Vec<Case> {
    cases.sort_by(|a, b| angle(&b.hr).total_cmp(&angle(&a.hr)));
    let n = cases.len();
    let (first, end) = match third {
        Third::Light => (0, n / 3),
        Third::Middle => (n / 3, 2 * n / 3),
        Third::Dark => (2 * n / 3, n),
    };
    cases.drain(first..end).collect()
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

    #[test]
    fn the_lightest_third_is_the_lightest() {
        let case = |k: u8| Case {
            name: k.to_string(),
            lr: Vec::new(),
            hr: [60 + 30 * k, 50 + 25 * k, 40 + 20 * k].repeat(HR_SIDE * HR_SIDE),
            outside: Vec::new(),
            features: Vec::new(),
        };
        let cases: Vec<Case> = [3, 0, 5, 1, 4, 2].map(case).to_vec();
        let names = |of| -> Vec<String> {
            third(cases.clone(), of)
                .into_iter()
                .map(|case| case.name)
                .collect()
        };
        assert_eq!(names(Third::Light), ["5", "4"]);
        assert_eq!(names(Third::Middle), ["3", "2"]);
        assert_eq!(names(Third::Dark), ["1", "0"]);
    }
}
