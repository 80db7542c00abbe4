use proptest::prelude::*;

use super::exact::{add_is_exact, add_scale, short, weight_scale};
use super::*;

proptest! {
    #[test]
    fn a_short_scale_is_just_above_and_times_a_byte_exact(value in 1e-6f32..1e3, q in -255i32..=255) {
        let s = short(value);
        prop_assert!(s >= value && s <= value * 1.0006);
        prop_assert_eq!(f64::from(q as f32 * s), f64::from(q) * f64::from(s));
    }

    #[test]
    fn the_factor_is_the_same_in_each_order(x in 1e-4f32..1.0, w in 1e-6f32..1.0, y in 1e-4f32..1.0) {
        let w2 = weight_scale(x, w, y);
        prop_assert!(w2 >= w && w2 <= w * 1.001);
        prop_assert_eq!(x * w2 / y, w2 * (x / y));
        prop_assert_eq!(x * w2 / y, x * (w2 / y));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn a_sum_has_an_exact_scale_nearby(a in 0.001f32..1.0, b in 0.001f32..1.0, y in 0.001f32..1.0, zero in 0u8..255) {
        let a = Scale { scale: short(a), zero: 0 };
        let b = Scale { scale: short(b), zero };
        let wanted = Scale { scale: short(y), zero: 0 };
        let found = add_scale(a, b, wanted).unwrap();
        prop_assert!(add_is_exact(a, b, found));
        prop_assert!(found.scale >= wanted.scale && found.scale < wanted.scale * 1.1);
    }
}

#[test]
fn ranges_hold_what_was_seen() {
    let ramp: Vec<f32> = (0..1000).map(|k| k as f32 / 100.0).collect();
    let s = ranges::positive(&[&ramp]);
    assert!(s.zero == 0 && s.scale * 255.0 > 9.5 && s.scale * 255.0 < 10.1);
    let both: Vec<f32> = ramp.iter().map(|v| v - 4.0).collect();
    let s = ranges::signed(&[&both]);
    let low = (0.0 - f32::from(s.zero)) * s.scale;
    assert!((low + 4.0).abs() < 0.3, "{low}");
    let s = ranges::residual(&[&[0.1, -0.2, 0.4]], 255.0);
    assert_eq!(
        s,
        Scale {
            scale: 1.0 / 255.0,
            zero: 128
        }
    );
    let flat = ranges::positive(&[&[0.0; 10]]);
    assert!(flat.scale > 0.0);
}

#[test]
fn nothing_to_calibrate_with_is_an_error() {
    let mut weights = Weights::default();
    assert!(quantise(&weights, &[]).is_err());
    weights.insert(
        "stem.w",
        crate::network::Tensor {
            shape: vec![16, 3, 3, 3],
            values: vec![0.0; 432],
        },
    );
    assert!(quantise(&weights, &[vec![0; 768]]).is_err());
}
