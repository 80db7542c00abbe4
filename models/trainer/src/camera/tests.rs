use serde::Deserialize;

use super::*;

/// What numpy made: see tests/references/camera.py.
#[derive(Deserialize)]
struct References {
    steps: Steps,
    optics: Vec<Optics>,
}

#[derive(Deserialize)]
struct Steps {
    side: usize,
    picture: Vec<f32>,
    reach: f32,
    denoised: Vec<f32>,
    amount: f32,
    sharpened: Vec<f32>,
}

#[derive(Deserialize)]
struct Optics {
    side: f32,
    phase: [f32; 2],
    blur: f32,
    places: Vec<[usize; 2]>,
    levels: Vec<[f32; 3]>,
}

fn references() -> References {
    serde_json::from_str(include_str!("../../tests/references/camera.json")).unwrap()
}

/// The face of tests/references/camera.py.
fn face() -> Vec<u8> {
    let level = |k: usize| {
        let (x, y, c) = (k / 3 % HR_SIDE, k / 3 / HR_SIDE, k % 3);
        ((x * 7 + y * 13 + c * 50 + x * y % 31 * 4) % 256) as u8
    };
    (0..HR_LEN).map(level).collect()
}

/// A face whose levels grow evenly from left to right.
fn ramp() -> Vec<u8> {
    (0..HR_LEN).map(|k| (40 + k / 3 % HR_SIDE) as u8).collect()
}

fn shot(side: f32) -> Shot {
    Shot {
        phase: [0.0; 2],
        ..Shot::plain(side, 0.0, 0.0, &mut fastrand::Rng::with_seed(1))
    }
}

#[test]
fn optics_agree_with_numpy() {
    for case in references().optics {
        let shot = Shot {
            phase: case.phase,
            blur: case.blur,
            ..shot(case.side)
        };
        let seen = light(&face(), &shot);
        assert_eq!(seen.side, case.side.ceil() as usize + 2 * BORDER);
        for ([x, y], wanted) in case.places.iter().zip(&case.levels) {
            let at = (y * seen.side + x) * 3;
            for (found, wanted) in seen.levels[at..at + 3].iter().zip(wanted) {
                let off = (found - wanted).abs();
                assert!(
                    off < 0.15,
                    "side {}, ({x}, {y}): {found} {wanted}",
                    case.side
                );
            }
        }
    }
}

#[test]
fn denoising_and_sharpening_agree_with_numpy() {
    let reference = references().steps;
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
    let picture = || Seen {
        side: reference.side,
        levels: reference.picture.clone(),
    };
    let mut seen = picture();
    steps::denoise(&mut seen, reference.reach);
    assert!(close(&seen.levels, &reference.denoised));
    let mut seen = picture();
    steps::sharpen(&mut seen, reference.amount);
    assert!(close(&seen.levels, &reference.sharpened));
}

#[test]
fn light_is_neither_made_nor_lost() {
    for (side, phase, blur) in [(10.0, 0.3, 0.7), (16.0, 0.9, 0.0), (63.7, 0.5, 0.25)] {
        let count = side as usize + 2 * BORDER;
        for row in optics::shares(side, phase, blur, count) {
            let total: f32 = row.iter().sum();
            assert!((total - 1.0).abs() < 1e-5 && row.iter().all(|&s| s >= -1e-6));
        }
    }
}

#[test]
fn the_aligner_puts_the_face_back_in_its_place() {
    // A ramp keeps its levels under every symmetric blur, so a wrong phase or scale would show.
    let hr = ramp();
    for (side, phase) in [(11.0, [0.0, 0.5]), (16.0, [0.7, 0.2]), (47.3, [0.4, 0.9])] {
        let shot = Shot {
            phase,
            ..shot(side)
        };
        let capture = take(&hr, &shot, &mut fastrand::Rng::with_seed(2)).unwrap();
        let enlarged = capture.enlarged(&mut Aligner::new()).unwrap();
        for k in 0..HR_LEN {
            // The mirrored edges of the ramp are not straight.
            if (32..96).contains(&(k / 3 % HR_SIDE)) {
                let off = (f32::from(enlarged[k]) - f32::from(hr[k])).abs();
                assert!(off <= 1.5, "side {side}: {} {}", enlarged[k], hr[k]);
            }
        }
    }
}

#[test]
fn an_error_of_the_detector_moves_what_the_aligner_gives() {
    let mut rng = fastrand::Rng::with_seed(3);
    let shots = |misalignment: f32, rng: &mut fastrand::Rng| -> Vec<Similarity> {
        let shot = |_| Shot::plain(16.0, 0.0, misalignment, rng).error;
        (0..2000).map(shot).collect()
    };
    assert!(shots(0.0, &mut rng).iter().all(|s| {
        let p = s.apply(Point::new(30.0, 50.0));
        (p.x - 30.0).abs() < 1e-3 && (p.y - 50.0).abs() < 1e-3
    }));
    let centre = Point::new(64.0, 64.0);
    let moved = shots(1.0, &mut rng);
    let shift = moved.iter().map(|s| (s.apply(centre).x - 64.0).powi(2));
    let sd = (shift.sum::<f32>() / 2000.0).sqrt() / 128.0;
    assert!((sd - 0.032).abs() < 0.003, "{sd}");
    let scale = moved.iter().map(|s| s.scale().ln().powi(2));
    let sd = (scale.sum::<f32>() / 2000.0).sqrt();
    assert!((sd - 0.08).abs() < 0.006, "{sd}");
    // Between two rows of the table, and beyond its ends.
    assert!((error_at(14.0)[1] - 0.035).abs() < 1e-6);
    assert_eq!(error_at(5.0)[1..], DETECTOR_ERROR[0][1..]);
    assert_eq!(error_at(200.0)[1..], DETECTOR_ERROR[6][1..]);
}

#[test]
fn noise_light_and_compression_do_what_they_say() {
    let grey = vec![128; HR_LEN];
    let mean = |bytes: &[u8], c: usize| {
        let values = bytes.iter().skip(c).step_by(3).map(|&v| f64::from(v));
        values.sum::<f64>() / (bytes.len() / 3) as f64
    };
    let run = |shot: Shot| {
        let mut rng = fastrand::Rng::with_seed(4);
        take(&grey, &shot, &mut rng).unwrap().frame.bytes
    };
    assert!(run(shot(16.0)).iter().all(|&v| v == 128));
    let noisy = run(Shot {
        noise: 6.0,
        ..shot(64.0)
    });
    let variance = noisy.iter().map(|&v| (f64::from(v) - 128.0).powi(2));
    let sd = (variance.sum::<f64>() / noisy.len() as f64).sqrt();
    assert!((sd - 6.0).abs() < 0.2, "{sd}");
    let tinted = run(Shot {
        gains: [1.25, 1.0, 0.5],
        ..shot(16.0)
    });
    assert_eq!([0, 1, 2].map(|c| mean(&tinted, c)), [160.0, 128.0, 64.0]);
    // Light of half the strength is the level of half to the power of 1 / gamma.
    let linear = run(Shot {
        gains: [0.5; 3],
        gamma: 2.2,
        ..shot(16.0)
    });
    assert_eq!(
        mean(&linear, 0),
        (128.0f64 * 0.5f64.powf(1.0 / 2.2)).round()
    );
    let compressed = |quality| {
        let jpeg = Some((quality, [3, 11]));
        let shot = Shot { jpeg, ..shot(24.0) };
        let clean = take(
            &face(),
            &Shot { jpeg: None, ..shot },
            &mut fastrand::Rng::new(),
        )
        .unwrap();
        let made = take(&face(), &shot, &mut fastrand::Rng::new()).unwrap();
        let pairs = clean.frame.bytes.iter().zip(&made.frame.bytes);
        pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>()
    };
    assert!(compressed(95) > 0.0 && compressed(95) < compressed(40));
}

#[test]
fn draws_stay_within_the_configuration() {
    let camera = TrainingCamera::default();
    let mut rng = fastrand::Rng::with_seed(5);
    let mut sides = Vec::new();
    for _ in 0..300 {
        let shot = camera.draw(&mut rng);
        assert!((camera.side[0]..=camera.side[1] * 1.001).contains(&shot.side));
        assert!((camera.blur[0]..=camera.blur[1]).contains(&shot.blur));
        assert!((camera.noise[0]..=camera.noise[1]).contains(&shot.noise));
        assert!(shot.jpeg.is_none_or(|(q, _)| (60..=95).contains(&q)));
        sides.push(shot.side);
        take(&face(), &shot, &mut rng)
            .unwrap()
            .lr(&mut Aligner::new())
            .unwrap();
    }
    // Even in the logarithm: half of the sides are below the geometric mean of 25.3.
    let small = sides.iter().filter(|&&side| side < 25.3).count();
    assert!((120..180).contains(&small), "{small}");
}

#[test]
fn values_out_of_range_are_named() {
    assert!(TrainingCamera::default().check().is_ok());
    let wrong = [
        (
            TrainingCamera {
                side: [2.0, 64.0],
                ..TrainingCamera::default()
            },
            "camera.side is two sizes from 4 to 128",
        ),
        (
            TrainingCamera {
                blur: [0.7, 0.2],
                ..TrainingCamera::default()
            },
            "camera.blur is two numbers from 0 to 4",
        ),
        (
            TrainingCamera {
                noise: [f32::NAN, 3.0],
                ..TrainingCamera::default()
            },
            "camera.noise is two numbers from 0 to 64",
        ),
        (
            TrainingCamera {
                share: 1.5,
                ..TrainingCamera::default()
            },
            "camera.share is from 0 to 1",
        ),
    ];
    for (camera, message) in wrong {
        assert_eq!(camera.check().unwrap_err().to_string(), message);
    }
}
