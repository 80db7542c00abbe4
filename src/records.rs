//! What other programs read of a face, as JSON.

use serde::Serialize;

use face8x_core::face::Detection;
use face8x_core::geometry::{Point, Similarity, canonical};

/// A face's place in a picture, in its pixels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FaceRecord {
    /// The corners of the canonical 128x128 square: top left, top right, bottom right, bottom left.
    crop: [[f64; 2]; 4],
    /// Left eye, right eye, nose, left and right mouth corner, where they are known.
    landmarks: Option<[[f64; 2]; 5]>,
    /// Pixels of the picture to a side of the square.
    side: f64,
    /// 0 to 1, where a detector has said it.
    confidence: Option<f64>,
}

impl FaceRecord {
    /// The face of `detection`, which `to_canonical` aligns.
    pub(crate) fn new(detection: &Detection, to_canonical: &Similarity) -> FaceRecord {
        FaceRecord {
            landmarks: detection.landmarks.map(|points| points.map(pair)),
            confidence: Some(round(detection.confidence, 1e4)),
            ..FaceRecord::aligned(to_canonical)
        }
    }

    /// A face that was not searched: the picture shows nothing else.
    pub(crate) fn aligned(to_canonical: &Similarity) -> FaceRecord {
        FaceRecord {
            crop: canonical::crop_corners(to_canonical).map(pair),
            landmarks: None,
            side: round(canonical::side_of(to_canonical), 1e2),
            confidence: None,
        }
    }
}

/// x and y to hundredths of a pixel.
fn pair(point: Point) -> [f64; 2] {
    [round(point.x, 1e2), round(point.y, 1e2)]
}

fn round(value: f32, steps: f64) -> f64 {
    (f64::from(value) * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use face8x_core::geometry::{CANONICAL_LANDMARKS, Rect};

    #[test]
    fn a_face_is_where_its_alignment_says() {
        let face_box = Rect::new(100.0, 50.0, 21.0, 21.0);
        let to_canonical = canonical::from_box(&face_box).unwrap();
        let back = to_canonical.invert();
        let detection = Detection {
            face_box,
            landmarks: Some(CANONICAL_LANDMARKS.map(|p| back.apply(p))),
            confidence: 0.876_543_2,
        };
        let record = FaceRecord::new(&detection, &to_canonical);
        assert_eq!(
            serde_json::to_string(&record).unwrap(),
            "{\"crop\":[[94.5,40.5],[126.5,40.5],[126.5,72.5],[94.5,72.5]],\
             \"landmarks\":[[107.0,56.75],[114.0,56.75],[110.5,61.25],[107.5,64.25],[113.5,64.25]],\
             \"side\":32.0,\"confidence\":0.8765}"
        );
        let aligned = FaceRecord::aligned(&Similarity::IDENTITY);
        assert_eq!(
            serde_json::to_string(&aligned).unwrap(),
            "{\"crop\":[[0.0,0.0],[128.0,0.0],[128.0,128.0],[0.0,128.0]],\
             \"landmarks\":null,\"side\":128.0,\"confidence\":null}"
        );
    }
}
