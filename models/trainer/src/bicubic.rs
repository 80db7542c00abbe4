//! Bicubic enlargement, the reference that every figure stands beside.

use face8x_core::geometry::{HR_SIDE, LR_SIDE};
use face8x_core::resample::cubic_weight;

use crate::runner::{HR_LEN, LR_LEN};

/// The four nearest samples and their weights for each output pixel: Keys' cubic with a = -0.5,
/// as in Pillow; samples beyond the edge are left out and the rest weighs more.
fn taps() -> Vec<[(usize, f32); 4]> {
    let kernel = |x: f32| cubic_weight(-0.5, f64::from(x)) as f32;
    let ratio = LR_SIDE as f32 / HR_SIDE as f32;
    (0..HR_SIDE)
        .map(|k| {
            let centre = (k as f32 + 0.5) * ratio - 0.5;
            let first = centre.floor() as i32 - 1;
            let taps: [(i32, f32); 4] = std::array::from_fn(|t| {
                let at = first + t as i32;
                let inside = (0..LR_SIDE as i32).contains(&at);
                (
                    at,
                    if inside {
                        kernel(centre - at as f32)
                    } else {
                        0.0
                    },
                )
            });
            let total: f32 = taps.iter().map(|tap| tap.1).sum();
            taps.map(|(at, w)| {
                (
                    at.clamp(0, LR_SIDE as i32 - 1).unsigned_abs() as usize,
                    w / total,
                )
            })
        })
        .collect()
}

/// Enlarges a 16x16 RGB picture to 128x128 (interleaved levels).
pub fn enlarge(lr: &[u8]) -> Vec<u8> {
    debug_assert_eq!(lr.len(), LR_LEN);
    let taps = taps();
    let mut rows = vec![0f32; LR_SIDE * HR_SIDE * 3];
    for (k, out) in rows.iter_mut().enumerate() {
        let (y, x, c) = (k / (HR_SIDE * 3), k / 3 % HR_SIDE, k % 3);
        *out = taps[x]
            .iter()
            .map(|&(at, w)| w * f32::from(lr[(y * LR_SIDE + at) * 3 + c]))
            .sum();
    }
    (0..HR_LEN)
        .map(|k| {
            let (y, rest) = (k / (HR_SIDE * 3), k % (HR_SIDE * 3));
            let v: f32 = taps[y]
                .iter()
                .map(|&(at, w)| w * rows[at * HR_SIDE * 3 + rest])
                .sum();
            v.round_ties_even().clamp(0.0, 255.0) as u8
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grey_picture_stays_grey_and_a_ramp_stays_a_ramp() {
        assert!(enlarge(&[77; LR_LEN]).iter().all(|&v| v == 77));
        let ramp: Vec<u8> = (0..LR_LEN).map(|k| (k / 3 % LR_SIDE * 16) as u8).collect();
        let large = enlarge(&ramp);
        for x in 16..112 {
            let wanted = ((x as f32 + 0.5) / 8.0 - 0.5) * 16.0;
            assert!((f32::from(large[3 * (64 * HR_SIDE + x)]) - wanted).abs() <= 0.51);
        }
    }
}
