//! Boxes of a face's features from its five landmarks.

use face8x_core::geometry::{Landmarks, Point, Rect};

/// The boxes of an upright face by the proportions of an average one: centres from the landmarks,
/// sides as multiples of the distance between the eyes. They may reach beyond the picture.
pub fn boxes(landmarks: &Landmarks) -> Vec<(&'static str, Rect)> {
    let [left, right, nose, mouth_left, mouth_right] = *landmarks;
    let unit = (right.x - left.x).hypot(right.y - left.y);
    let eyes = middle(left, right);
    let mouth = middle(mouth_left, mouth_right);
    let face = middle(eyes, mouth);
    let bridge = middle(eyes, nose);
    let at = |p: Point, dx: f32, dy: f32| Point::new(p.x + dx * unit, p.y + dy * unit);
    let rect = |c: Point, w: f32, h: f32| {
        let (w, h) = (w * unit, h * unit);
        Rect::new(c.x - w / 2.0, c.y - h / 2.0, w, h)
    };
    vec![
        ("eye", rect(left, 0.55, 0.32)),
        ("eye", rect(right, 0.55, 0.32)),
        ("eyebrows", rect(at(left, 0.0, -0.32), 0.7, 0.22)),
        ("eyebrows", rect(at(right, 0.0, -0.32), 0.7, 0.22)),
        ("nose", rect(at(bridge, 0.0, 0.1), 0.5, 0.95)),
        ("nosetip", rect(nose, 0.32, 0.28)),
        ("mouth", rect(mouth, 1.05, 0.45)),
        ("chin", rect(at(mouth, 0.0, 0.55), 0.9, 0.5)),
        ("ear", rect(at(eyes, -1.25, 0.35), 0.3, 0.75)),
        ("ear", rect(at(eyes, 1.25, 0.35), 0.3, 0.75)),
        ("face", rect(at(face, 0.0, -0.1), 2.5, 3.2)),
        ("head", rect(at(face, 0.0, -0.25), 2.9, 3.9)),
    ]
}

fn middle(a: Point, b: Point) -> Point {
    Point::new((a.x + b.x) / 2.0, (a.y + b.y) / 2.0)
}
