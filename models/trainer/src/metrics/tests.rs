use super::*;

/// A 128x128 picture from a formula, so that the reference can make the same.
fn pattern(k: usize) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(128 * 128 * 3);
    for y in 0..128 {
        for x in 0..128 {
            for c in 0..3 {
                let (xf, yf, cf, kf) = (x as f64, y as f64, c as f64, k as f64);
                let noise = (x * 31 + y * 17 + c * 7) * k % 23;
                let v = 128.0
                    + 60.0 * ((xf + 3.0 * cf) / 9.0).sin() * (yf / (7.0 + kf)).cos()
                    + 30.0 * (xf * yf / (400.0 + 40.0 * kf)).sin()
                    + noise as f64;
                rgb.push(v.round_ties_even().clamp(0.0, 255.0) as u8);
            }
        }
    }
    rgb
}

/// Reference: scikit-image 0.26 (`peak_signal_noise_ratio`, `structural_similarity` with
/// `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255`); MS-SSIM by
/// scipy's `correlate1d` on each scale.
#[test]
fn the_figures_are_those_of_scikit_image() {
    let (a, b) = (pattern(0), pattern(1));
    assert_eq!(a.iter().map(|&v| u64::from(v)).sum::<u64>(), 6_437_582);
    assert_eq!(b.iter().map(|&v| u64::from(v)).sum::<u64>(), 6_995_773);
    let score = Score::of(&a, &b, &[false; 128 * 128], &[true; 128 * 128]);
    for (found, wanted) in [
        (score.psnr, 15.352783556633247),
        (score.psnr_inside, 15.352783556633247),
        (score.ssim, 0.3963732493419143),
        (score.psnr_y, 16.86553002554749),
        (score.ssim_y, 0.49093495154582845),
        (score.ms_ssim, 0.44047032380514306),
        // Where every pixel is a feature.
        (score.features[0], 15.352783556633247),
        (score.features[1], 16.86553002554749),
        (score.features[2], 0.3963732493419143),
        (score.features[3], 0.49093495154582845),
    ] {
        assert!((found - wanted).abs() < 1e-9, "{found} instead of {wanted}");
    }
}

#[test]
fn a_picture_is_like_itself() {
    let a = pattern(1);
    let score = Score::of(&a, &a, &[false; 128 * 128], &[]);
    assert_eq!(score.psnr, 100.0);
    assert!((score.ssim - 1.0).abs() < 1e-12 && (score.ms_ssim - 1.0).abs() < 1e-12);
}

#[test]
fn pixels_outside_do_not_count() {
    let a = pattern(0);
    let mut b = a.clone();
    let mut outside = vec![false; 128 * 128];
    for k in 0..128 {
        b[3 * k] ^= 0x40;
        outside[k] = true;
    }
    let score = Score::of(&a, &b, &outside, &[]);
    assert!(score.psnr < 50.0);
    assert_eq!(score.psnr_inside, 100.0);
}

#[test]
fn features_are_measured_by_themselves() {
    let a = pattern(0);
    let mut b = a.clone();
    // The left half is the feature; the right half differs, and SSIM's window reaches 5 pixels.
    for (k, level) in b.iter_mut().enumerate().filter(|(k, _)| k / 3 % 128 >= 64) {
        *level = level.wrapping_add((k % 50) as u8);
    }
    let left = |to: usize| (0..128 * 128).map(|k| k % 128 < to).collect::<Vec<_>>();
    let score = |features: &[bool]| Score::of(&b, &a, &[false; 128 * 128], features).features;
    let [psnr, psnr_y, ssim, ssim_y] = score(&left(59));
    assert_eq!((psnr, psnr_y), (100.0, 100.0));
    assert!((ssim - 1.0).abs() < 1e-12 && (ssim_y - 1.0).abs() < 1e-12);
    let [psnr, _, ssim, _] = score(&left(64));
    assert!(psnr == 100.0 && ssim < 0.9999);
    assert!(score(&left(70))[0] < 60.0);
    assert!(score(&left(0)).iter().all(|v| v.is_nan()) && score(&[])[0].is_nan());
}

#[test]
fn the_interval_is_that_of_the_normal_distribution() {
    assert_eq!(mean_and_interval(&[]), (0.0, 0.0));
    assert_eq!(mean_and_interval(&[3.0]), (3.0, 0.0));
    assert_eq!(mean_and_interval(&[f64::NAN, 3.0]), (3.0, 0.0));
    let (mean, half) = mean_and_interval(&[1.0, 2.0, 3.0, 4.0]);
    assert!((mean - 2.5).abs() < 1e-12);
    assert!((half - 1.96 * (5.0f64 / 3.0 / 4.0).sqrt()).abs() < 1e-12);
}
