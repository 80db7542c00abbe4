use super::*;
use crate::runner::HR_LEN;

fn face() -> Vec<u8> {
    let level = |k: usize| {
        let (x, y, c) = (k / 3 % 128, k / 3 / 128, k % 3);
        (128.0 + 70.0 * (x as f32 / 20.0 + c as f32).sin() * (y as f32 / 25.0).cos()) as u8
    };
    (0..HR_LEN).map(level).collect()
}

fn difference(strength: f32) -> f64 {
    let hr = face();
    let mut clean = [0; LR_LEN];
    let hr_array: &[u8; HR_LEN] = hr.as_slice().try_into().unwrap();
    Aligner::new().shrink(hr_array, &mut clean);
    let mut sum = 0.0;
    for seed in 0..20 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let lr = Degrader::new()
            .degrade(&hr, &Degrade::default(), strength, &mut rng)
            .unwrap();
        let square = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
        sum += lr.iter().zip(&clean).map(square).sum::<f64>() / LR_LEN as f64;
    }
    (sum / 20.0).sqrt()
}

#[test]
fn more_strength_does_more_damage() {
    let (none, middle, full) = (difference(0.0), difference(1.0), difference(2.0));
    assert!(none < 3.0, "{none}");
    assert!(none < middle && middle < full, "{none} {middle} {full}");
}

#[test]
fn the_same_seed_does_the_same_damage() {
    let run = || {
        let mut rng = fastrand::Rng::with_seed(9);
        Degrader::new()
            .degrade(&face(), &Degrade::default(), 1.5, &mut rng)
            .unwrap()
    };
    assert_eq!(run(), run());
}

#[test]
fn coarse_chroma_keeps_luma_and_flat_colours() {
    let luma = |l: &[f32]| 0.299 * l[0] + 0.587 * l[1] + 0.114 * l[2];
    for rows_too in [false, true] {
        let mut seen = steps::reduce(&face(), 33);
        let before = seen.levels.clone();
        steps::coarse_chroma(&mut seen, rows_too);
        for (a, b) in seen.levels.chunks(3).zip(before.chunks(3)) {
            assert!((luma(a) - luma(b)).abs() < 0.01);
        }
        let mut flat = steps::Seen {
            side: 5,
            levels: [10.0, 90.0, 200.0].repeat(25),
        };
        steps::coarse_chroma(&mut flat, rows_too);
        assert!(
            flat.levels
                .chunks(3)
                .all(|p| (p[0] - 10.0).abs() < 0.01 && (p[2] - 200.0).abs() < 0.01)
        );
    }
}

#[test]
fn noise_has_its_standard_deviation_and_blur_keeps_the_mean() {
    let mut seen = steps::Seen {
        side: 64,
        levels: vec![128.0; 64 * 64 * 3],
    };
    steps::noise(&mut seen, 6.0, &mut fastrand::Rng::with_seed(1));
    let n = seen.levels.len() as f32;
    let mean = seen.levels.iter().sum::<f32>() / n;
    let variance = seen.levels.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n;
    assert!((mean - 128.0).abs() < 0.3 && (variance.sqrt() - 6.0).abs() < 0.3);
    steps::blur(&mut seen, 2.0);
    let blurred = seen.levels.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n;
    assert!(blurred < variance / 20.0);
}
