use super::*;
use crate::camera::{Shot, take};

/// A face of smooth waves.
fn face(seed: usize) -> Vec<u8> {
    let level = |k: usize| {
        let (x, y, c) = ((k / 3 % HR_SIDE) as f32, (k / 3 / HR_SIDE) as f32, k % 3);
        let wave = (x * 0.13 + seed as f32).sin() + (y * 0.09 + c as f32).cos();
        (128.0 + 50.0 * wave) as u8
    };
    (0..HR_LEN).map(level).collect()
}

#[test]
fn correcting_brings_a_grey_picture_to_what_the_camera_saw() {
    let hr = face(1);
    let grey = vec![128; HR_LEN];
    let error = |picture: &[u8]| {
        let apart = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
        picture.iter().zip(&hr).map(apart).sum::<f64>() / HR_LEN as f64
    };
    let mut rng = fastrand::Rng::with_seed(3);
    let shot = Shot::plain(32.0, 0.0, 0.0, &mut rng);
    let capture = take(&hr, &shot, &mut rng).unwrap();
    let last = corrected(&grey, &capture, 0.0).unwrap();
    assert!(error(&last) < 0.1 * error(&grey), "{}", error(&last));
}

#[test]
fn sharpness_is_the_contrast_of_neighbours() {
    assert_eq!(sharpness(&vec![77; HR_LEN]), 0.0);
    // Columns of 0 and 10: all neighbours to the right differ, none below.
    let stripes: Vec<u8> = (0..HR_LEN).map(|k| (k / 3 % 2 * 10) as u8).collect();
    let expected = (100.0f64 * 127.0 / 128.0 / 2.0).sqrt();
    assert!((sharpness(&stripes) - expected).abs() < 1e-9);
}
