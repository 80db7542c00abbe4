use super::figures::misaligned;
use super::*;

#[test]
fn a_crop_shows_the_wide_picture_where_it_should() {
    // A wide picture that tells the column; the crop spans 112 of its 224 canonical pixels.
    let wide: Vec<u8> = (0..WIDE_SIDE * WIDE_SIDE)
        .map(|k| (k % WIDE_SIDE) as u8)
        .collect();
    let crop = cut(&wide, WIDE_SIDE, &crop_of(CENTRE, SPAN, 0.0));
    for x in 0..Points::SIDE {
        let canonical = CENTRE.x - SPAN / 2.0 + (x as f32 + 0.5) * SPAN / Points::SIDE as f32;
        let column = (canonical + 48.0) / WIDE_SPAN * WIDE_SIDE as f32 - 0.5;
        assert!((crop[20 * Points::SIDE + x] - column).abs() < 0.01);
    }
}

#[test]
fn the_figures_count_what_was_found() {
    let points = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.4, 0.8), (0.6, 0.8)];
    let points = points.map(|(x, y)| Point::new(x, y));
    let face = Sample {
        levels: Vec::new(),
        points: Some(points),
    };
    let other = Sample {
        levels: Vec::new(),
        points: None,
    };
    let answer = |shift: f32, c: f32| -> Vec<f32> {
        points
            .iter()
            .flat_map(|p| [p.x + shift, p.y])
            .chain([c])
            .collect()
    };
    let samples = [face.clone(), face, other.clone(), other];
    let found = [
        answer(0.02, 0.9),
        answer(0.06, 0.2),
        answer(0.0, 0.9),
        answer(0.0, 0.1),
    ];
    let f = figures(&samples, &found);
    for (found, wanted) in [
        (f.mean, 10.0),
        (f.over_tenth, 50.0),
        (f.faces_seen, 50.0),
        (f.others_seen, 50.0),
    ] {
        assert!((found - wanted).abs() < 1e-3, "{f:?}");
    }
}

#[test]
fn a_camera_shows_a_face_in_its_place() {
    // A ramp keeps its levels under every symmetric blur.
    let wide: Vec<u8> = (0..WIDE_SIDE * WIDE_SIDE)
        .map(|k| (40 + k % WIDE_SIDE) as u8)
        .collect();
    let to_crop = crop_of(CENTRE, SPAN, 0.1);
    let direct = cut(&wide, WIDE_SIDE, &to_crop);
    let mut rng = fastrand::Rng::with_seed(2);
    for side in [12.0, 24.0, 47.0] {
        let shot = Shot::plain(side, 0.0, 0.0, &mut rng);
        let (seen, seen_side, to_wide) = photograph(&wide, &shot, &mut rng).unwrap();
        let crop = cut(&seen, seen_side, &to_wide.then(&to_crop));
        let off = crop.iter().zip(&direct).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f32::max) < 1.5, "side {side}");
    }
}

#[test]
fn an_alignment_by_the_true_points_is_not_off() {
    let truth = canonical::CANONICAL_LANDMARKS.map(|p| Point::new(p.x / 128.0, p.y / 128.0));
    let (side, shift) = misaligned(&truth, &truth).unwrap();
    assert!((side - 1.0).abs() < 1e-5 && shift < 1e-5);
    let moved = truth.map(|p| Point::new(p.x + 0.05, p.y));
    let (_, shift) = misaligned(&truth, &moved).unwrap();
    assert!((shift - 0.05).abs() < 1e-4, "{shift}");
}
