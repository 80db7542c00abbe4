//! What camera pixels see alike, against its definition.

use super::super::overlap::Overlap;
use crate::resample::Rgbx;
use crate::testing::scene::noise;

const WIDTH: usize = 6;
const HEIGHT: usize = 5;
const DENSITY: usize = 3;

/// A point spread function that reaches four samples beyond a pixel, both ways.
const FILTER: [f32; 11] = [
    0.01, 0.03, 0.06, 0.11, 0.18, 0.22, 0.18, 0.11, 0.06, 0.03, 0.01,
];
const BEFORE: usize = 4;

/// A picture on the lattice; its right column lies outside the crop.
fn lattice() -> Vec<Rgbx> {
    let (columns, rows) = (WIDTH * DENSITY, HEIGHT * DENSITY);
    (0..columns * rows)
        .map(|k| {
            if k % columns == columns - 1 {
                return [0.0; 4];
            }
            let level = |c: usize| f32::from(noise(4 * k + c));
            [level(0), level(1), level(2), 1.0]
        })
        .collect()
}

/// The weight with which pixel `pixel` sees sample `sample`, along one axis.
fn sees(pixel: usize, sample: usize) -> f32 {
    let at = (sample + BEFORE).checked_sub(pixel * DENSITY);
    at.and_then(|at| FILTER.get(at)).copied().unwrap_or(0.0)
}

fn filled() -> Overlap {
    let mut overlap = Overlap::default();
    overlap.set_filter(&FILTER, DENSITY);
    overlap.load(&lattice(), WIDTH * DENSITY);
    overlap.fill(WIDTH, HEIGHT, DENSITY, BEFORE);
    overlap
}

#[test]
fn what_two_pixels_see_alike_is_summed_over_the_lattice() {
    let overlap = filled();
    let columns = WIDTH * DENSITY;
    let pixels = WIDTH * HEIGHT;
    let largest = overlap.own(pixels).iter().copied().fold(0.0, f32::max);
    for i in 0..pixels {
        let mut one = vec![0.0; pixels];
        one[i] = 1.0;
        let mut found = vec![0.0; pixels];
        overlap.apply(&one, WIDTH, &mut found);
        for (j, found) in found.into_iter().enumerate() {
            let samples = overlap.variance.iter().enumerate();
            let alike = samples.map(|(k, variance)| {
                let (x, y) = (k % columns, k / columns);
                let both = |pixel: usize| sees(pixel % WIDTH, x) * sees(pixel / WIDTH, y);
                both(i) * both(j) * variance
            });
            let wanted: f32 = alike.sum();
            // Pixels that see very little alike are taken as apart.
            let most = 0.01 * largest;
            assert!(
                (found - wanted).abs() < most,
                "{i} {j}: {found} for {wanted}"
            );
        }
    }
}

#[test]
fn the_variance_follows_the_gradient_and_is_zero_outside_the_crop() {
    let columns = WIDTH * DENSITY;
    // A step between two plain halves, and the last column outside.
    let step = |k: usize| match k % columns {
        x if x == columns - 1 => [0.0; 4],
        x if x < 8 => [50.0, 50.0, 50.0, 1.0],
        _ => [90.0, 90.0, 90.0, 1.0],
    };
    let lattice: Vec<Rgbx> = (0..columns * HEIGHT * DENSITY).map(step).collect();
    let mut overlap = Overlap::default();
    overlap.load(&lattice, columns);
    for row in overlap.variance.chunks_exact(columns) {
        let plain = row[2];
        assert!(plain > 0.0);
        assert!(row[7] > 2.0 * plain && row[8] > 2.0 * plain, "{row:?}");
        assert!((row[14] - plain).abs() < 1e-3 * plain, "{row:?}");
        assert_eq!(row[columns - 1], 0.0);
    }
}
