//! From a face in the frame to the network's input.
//!
//! The **canonical face** is a picture of 128x128 pixels in which the five landmarks lie at
//! [`CANONICAL_LANDMARKS`]. A [`Similarity`] takes the frame to it. The network's input, LR, is
//! its antialiased bicubic reduction to 16x16. [`Aligner`](crate::align::Aligner) makes both; the
//! trainer calls the same code, so that the network is trained on the pixels that it will get.
//!
//! A **face box** is the square that has, in the canonical face, the side 84 and its centre at
//! (64, 80): the middle of the landmarks' bounding box, reaching about from the brows to below the
//! chin ([`FACE_BOX`]). Detectors calibrate their own boxes to it. Of a box that is not square, the
//! square around its centre with the longer side is meant, so that nothing of it is lost.
//!
//! A face that reaches outside the frame is completed by mirroring the frame at its outermost
//! pixels (as OpenCV's `BORDER_REFLECT_101`), as in training.

use super::{HR_SIDE, Landmarks, Point, Rect, Similarity};

/// Where the five landmarks lie in the canonical 128x128 face: the square-178 centre crop of
/// CelebA's aligned 178x218 frame, resized to 128.
pub const CANONICAL_LANDMARKS: Landmarks = [
    Point::new(50.0, 65.0),
    Point::new(78.0, 65.0),
    Point::new(64.0, 83.0),
    Point::new(52.0, 95.0),
    Point::new(76.0, 95.0),
];

/// The face box in the canonical face.
pub const FACE_BOX: Rect = Rect::new(22.0, 38.0, 84.0, 84.0);

/// The part of the canonical face that the landmark network sees: a square of side 112 with its
/// centre at (64, 72).
pub const LANDMARK_CROP: Rect = Rect::new(8.0, 16.0, 112.0, 112.0);

/// Size of CelebA's aligned pictures (`img_align_celeba`). The canonical face is their middle square
/// of 178 pixels.
pub const CELEBA_ALIGNED: (u32, u32) = (178, 218);

/// The smallest face that is aligned: pixels of the frame to a side of the canonical face.
const MIN_SIDE: f32 = 1.0;

/// Landmarks are used when they differ from their places by no more than this, in pixels of
/// the canonical face (root mean square): half the distance of the eyes. Of a full profile, where
/// the eyes coincide, it is 12.
const MAX_MISFIT: f32 = 14.0;

/// Landmarks are used when the box that they give is at most this much larger or smaller than
/// the detector's.
const MAX_RATIO: f32 = 2.0;

/// The similarity from the frame to the canonical face that fits the landmarks best.
///
/// `None` where they are not finite, coincide, or lie within a pixel.
pub fn from_landmarks(landmarks: &Landmarks) -> Option<Similarity> {
    Similarity::fit(landmarks, &CANONICAL_LANDMARKS).filter(is_large_enough)
}

/// The similarity from the frame to the canonical face that takes the face box to its place,
/// without rotation.
///
/// `None` where the box is not finite, or not larger than a pixel.
pub fn from_box(face_box: &Rect) -> Option<Similarity> {
    // Not `max`: it would drop a NaN.
    let side = if face_box.w > face_box.h {
        face_box.w
    } else {
        face_box.h
    };
    if !(face_box.w > 0.0 && face_box.h > 0.0) {
        return None;
    }
    let scale = FACE_BOX.w / side;
    let similarity = Similarity::about(face_box.centre(), FACE_BOX.centre(), scale, 0.0);
    Some(similarity).filter(is_large_enough)
}

/// The similarity from the frame to the canonical face: by the landmarks where they look like a face
/// and agree with the box, otherwise by the box.
///
/// `None` where neither is usable.
pub fn from_landmarks_or_box(landmarks: Option<&Landmarks>, face_box: &Rect) -> Option<Similarity> {
    let by_box = from_box(face_box);
    let by_landmarks = landmarks.and_then(|landmarks| {
        let found = from_landmarks(landmarks)?;
        let sane = is_face(&found, landmarks) && by_box.is_none_or(|by_box| agree(&found, &by_box));
        sane.then_some(found)
    });
    by_landmarks.or(by_box)
}

/// The face box of five landmarks: the square about their bounding box, measured along the face's
/// own axes, whose larger side is 30 of the canonical face's pixels.
///
/// For an upright face this is the box that the training crops are cut by.
pub fn box_of_landmarks(landmarks: &Landmarks) -> Rect {
    let [left_eye, right_eye, _, left_mouth, right_mouth] = landmarks;
    let across = Point::new(
        right_eye.x - left_eye.x + right_mouth.x - left_mouth.x,
        right_eye.y - left_eye.y + right_mouth.y - left_mouth.y,
    );
    let length = across.x.hypot(across.y).max(f32::MIN_POSITIVE);
    let (cos, sin) = (across.x / length, across.y / length);
    let mut low = Point::new(f32::INFINITY, f32::INFINITY);
    let mut high = Point::new(f32::NEG_INFINITY, f32::NEG_INFINITY);
    for p in landmarks {
        let (u, v) = (cos * p.x + sin * p.y, cos * p.y - sin * p.x);
        low = Point::new(low.x.min(u), low.y.min(v));
        high = Point::new(high.x.max(u), high.y.max(v));
    }
    let (u, v) = ((low.x + high.x) / 2.0, (low.y + high.y) / 2.0);
    let side = (high.x - low.x).max(high.y - low.y) * (FACE_BOX.w / 30.0);
    Rect::square(Point::new(cos * u - sin * v, sin * u + cos * v), side)
}

/// The corners of the canonical face in the frame: top left, top right, bottom right, bottom left.
pub fn crop_corners(similarity: &Similarity) -> [Point; 4] {
    let back = similarity.invert();
    let side = HR_SIDE as f32;
    [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)].map(|(x, y)| back.apply(Point::new(x, y)))
}

/// The upright face box in the frame that belongs to an alignment.
pub fn face_box(similarity: &Similarity) -> Rect {
    let back = similarity.invert();
    let centre = back.apply(FACE_BOX.centre());
    let side = FACE_BOX.w * back.scale();
    Rect::square(centre, side)
}

/// How many frame pixels a side of the canonical face spans under an alignment: the size of a face.
pub fn side_of(similarity: &Similarity) -> f32 {
    HR_SIDE as f32 / similarity.scale()
}

fn is_large_enough(similarity: &Similarity) -> bool {
    similarity.is_regular() && side_of(similarity) >= MIN_SIDE
}

/// Whether the landmarks, which `found` aligns, lie like those of a face.
pub fn is_face(found: &Similarity, landmarks: &Landmarks) -> bool {
    misfit(found, landmarks) <= MAX_MISFIT
}

/// Root mean square distance of the landmarks from their places in the canonical face.
fn misfit(similarity: &Similarity, landmarks: &Landmarks) -> f32 {
    let squares = landmarks.iter().zip(&CANONICAL_LANDMARKS).map(|(&p, q)| {
        let p = similarity.apply(p);
        (p.x - q.x).powi(2) + (p.y - q.y).powi(2)
    });
    (squares.sum::<f32>() / landmarks.len() as f32).sqrt()
}

/// Whether two alignments mean the same face: of similar size, each one's centre in the other.
fn agree(found: &Similarity, by_box: &Similarity) -> bool {
    let (a, b) = (face_box(found), face_box(by_box));
    let ratio = a.w / b.w;
    let (p, q) = (a.centre(), b.centre());
    let reach = a.w.min(b.w) / 2.0;
    (1.0 / MAX_RATIO..=MAX_RATIO).contains(&ratio)
        && (p.x - q.x).abs() <= reach
        && (p.y - q.y).abs() <= reach
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn landmarks_and_boxes_agree_on_the_canonical_face() {
        let by_landmarks = from_landmarks(&CANONICAL_LANDMARKS).unwrap();
        for similarity in [by_landmarks, from_box(&FACE_BOX).unwrap()] {
            assert!((similarity.a - 1.0).abs() < 1e-5 && similarity.b.abs() < 1e-5);
            assert!(similarity.tx.abs() < 1e-3 && similarity.ty.abs() < 1e-3);
        }
        let face = Rect::new(300.0, 100.0, 168.0, 100.0);
        let similarity = from_box(&face).unwrap();
        assert_eq!(similarity.scale(), 0.5);
        assert_eq!(face_box(&similarity), Rect::new(300.0, 66.0, 168.0, 168.0));
        let corners = crop_corners(&similarity);
        assert_eq!(corners[0], Point::new(256.0, -10.0));
        assert_eq!(corners[2], Point::new(512.0, 246.0));
    }

    #[test]
    fn useless_boxes_and_landmarks_are_none() {
        for (x, y, w, h) in [
            (0.0, 0.0, 0.0, 0.0),
            (0.0, 0.0, 10.0, 0.0),
            (0.0, 0.0, -3.0, 10.0),
            (0.0, 0.0, 0.2, 0.2),
            (f32::NAN, 0.0, 10.0, 10.0),
            (0.0, 0.0, f32::NAN, 10.0),
            (0.0, 0.0, 10.0, f32::NAN),
            (0.0, f32::INFINITY, 10.0, 10.0),
            (0.0, 0.0, f32::INFINITY, 10.0),
        ] {
            assert_eq!(from_box(&Rect::new(x, y, w, h)), None, "{x} {y} {w} {h}");
        }
        assert_eq!(from_landmarks(&[Point::new(5.0, 5.0); 5]), None);
        assert_eq!(from_landmarks(&[Point::new(f32::NAN, 5.0); 5]), None);
        let tiny = CANONICAL_LANDMARKS.map(|p| Point::new(p.x / 1000.0, p.y / 1000.0));
        assert_eq!(from_landmarks(&tiny), None);
    }

    #[test]
    fn landmarks_that_cannot_be_a_face_give_way_to_the_box() {
        let turned = Similarity::about(Point::new(64.0, 80.0), Point::new(200.0, 150.0), 1.5, 0.4);
        let landmarks = CANONICAL_LANDMARKS.map(|p| turned.apply(p));
        let near = Rect::new(140.0, 90.0, 120.0, 120.0);
        let found = from_landmarks_or_box(Some(&landmarks), &near).unwrap();
        assert!((found.rotation() + 0.4).abs() < 1e-3);
        assert_eq!(from_landmarks_or_box(None, &near), from_box(&near));
        // Elsewhere, much smaller, not finite, and of no face's shape.
        let aside = landmarks.map(|p| Point::new(p.x + 90.0, p.y));
        let small = landmarks.map(|p| Point::new(p.x / 3.0 + 130.0, p.y / 3.0 + 100.0));
        let broken = [Point::new(f32::NAN, 0.0); 5];
        let swapped = [1, 0, 2, 4, 3].map(|i| landmarks[i]);
        let shuffled = [2, 0, 4, 1, 3].map(|i| landmarks[i]);
        for bad in [aside, small, broken, swapped, shuffled] {
            assert_eq!(
                from_landmarks_or_box(Some(&bad), &near),
                from_box(&near),
                "{bad:?}"
            );
        }
        let nothing = Rect::default();
        assert!(from_landmarks_or_box(Some(&landmarks), &nothing).is_some());
        assert_eq!(from_landmarks_or_box(Some(&broken), &nothing), None);
    }

    #[test]
    fn the_canonical_landmarks_have_the_canonical_box() {
        let face_box = box_of_landmarks(&CANONICAL_LANDMARKS);
        assert_eq!(face_box, Rect::new(22.0, 38.0, 84.0, 84.0));
    }

    #[test]
    fn a_turned_face_has_a_box_of_the_same_size() {
        let (sin, cos) = 0.5f32.sin_cos();
        let turned = CANONICAL_LANDMARKS
            .map(|p| Point::new(10.0 + cos * p.x - sin * p.y, 5.0 + sin * p.x + cos * p.y));
        let face_box = box_of_landmarks(&turned);
        let centre = face_box.centre();
        assert!((face_box.w - 84.0).abs() < 1e-3);
        assert!((centre.x - (10.0 + cos * 64.0 - sin * 80.0)).abs() < 1e-3);
        assert!((centre.y - (5.0 + sin * 64.0 + cos * 80.0)).abs() < 1e-3);
    }
}
