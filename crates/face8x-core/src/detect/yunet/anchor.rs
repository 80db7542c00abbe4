//! From the network's numbers at an anchor to a face.

use crate::detect::plan::Tile;
use crate::face::Detection;
use crate::geometry::canonical::box_of_landmarks;
use crate::geometry::{Landmarks, Point, Rect};

/// Of two boxes that overlap by more (intersection over union), the less sure one is dropped.
const OVERLAP: f32 = 0.3;
/// Most boxes of a search that are compared with each other: the surest.
const MAX_CANDIDATES: usize = 4096;
/// A box that comes as near as this to a tile's border, in pixels, belongs to a face that may be cut
/// there.
const BORDER: f32 = 1.0;

/// What the network says at an anchor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Anchor {
    /// The distance of the anchors in pixels.
    pub stride: usize,
    pub column: usize,
    pub row: usize,
    /// 0 to 1.
    pub confidence: f32,
    /// The centre by the stride, from the anchor on, and the logarithms of width and height by the
    /// stride.
    pub size: [f32; 4],
    /// x and y of the landmarks by the stride, from the anchor on.
    pub points: [f32; 10],
}

impl Anchor {
    /// The face's box, to find overlaps by, and the detection, both in frame pixels. `None` where they
    /// are no numbers, or the box reaches to where the picture goes on beyond `tile`.
    ///
    /// OpenCV's `FaceDetectorYN` decodes in the same way.
    pub(super) fn face(&self, tile: &Tile) -> Option<(Rect, Detection)> {
        let (stride, zoom) = (self.stride as f32, tile.scale.zoom());
        let (column, row) = (self.column as f32, self.row as f32);
        let [dx, dy, w, h] = self.size;
        let (w, h) = (w.exp() * stride, h.exp() * stride);
        let (x, y) = (
            (column + dx) * stride - w / 2.0,
            (row + dy) * stride - h / 2.0,
        );
        let beyond = [
            x < BORDER,
            y < BORDER,
            x + w > tile.width as f32 - BORDER,
            y + h > tile.height as f32 - BORDER,
        ];
        if beyond
            .iter()
            .zip(tile.cut)
            .any(|(&beyond, cut)| beyond && cut)
        {
            return None;
        }
        let in_frame =
            |x: f32, y: f32| Point::new((x + tile.x as f32) / zoom, (y + tile.y as f32) / zoom);
        // YuNet begins with the person's right eye, which lies left in the picture, and so do we.
        let landmarks: Landmarks = std::array::from_fn(|k| {
            let [x, y] = [self.points[2 * k], self.points[2 * k + 1]];
            in_frame((column + x) * stride, (row + y) * stride)
        });
        let Point { x, y } = in_frame(x, y);
        let own = Rect::new(x, y, w / zoom, h / zoom);
        let face_box = box_of_landmarks(&landmarks);
        let numbers = [
            own.x, own.y, own.w, own.h, face_box.x, face_box.y, face_box.w,
        ];
        let detection = Detection {
            face_box,
            landmarks: Some(in_picture_order(landmarks)),
            confidence: self.confidence,
        };
        numbers
            .iter()
            .all(|v| v.is_finite())
            .then_some((own, detection))
    }
}

/// Left eye and mouth corner are those further left in the picture: a face upside down has them
/// exchanged.
fn in_picture_order(mut landmarks: Landmarks) -> Landmarks {
    if landmarks[0].x > landmarks[1].x {
        landmarks.swap(0, 1);
        landmarks.swap(3, 4);
    }
    landmarks
}

/// Non-maximum suppression: adds the surest of those that overlap to `found`.
pub(super) fn keep_surest(candidates: &mut Vec<(Rect, Detection)>, found: &mut Vec<Detection>) {
    candidates.sort_unstable_by(|(_, a), (_, b)| b.confidence.total_cmp(&a.confidence));
    candidates.truncate(MAX_CANDIDATES);
    let mut kept = 0;
    for k in 0..candidates.len() {
        let (own, detection) = candidates[k];
        if candidates[..kept]
            .iter()
            .all(|(other, _)| own.iou(other) <= OVERLAP)
        {
            candidates[kept] = candidates[k];
            kept += 1;
            found.push(detection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::plan::SearchScale;

    const TILE: Tile = Tile {
        scale: SearchScale::Reduced(1),
        x: 0,
        y: 0,
        width: 320,
        height: 320,
        cut: [false; 4],
    };

    fn anchor() -> Anchor {
        Anchor {
            stride: 16,
            column: 3,
            row: 2,
            confidence: 0.9,
            size: [0.5, 0.25, 2.0f32.ln(), 3.0f32.ln()],
            points: [-1.0, 0.0, 1.0, 0.0, 0.0, 1.0, -0.75, 2.0, 0.75, 2.0],
        }
    }

    #[test]
    fn decodes_an_anchor_by_hand() {
        for (scale, unit) in [(SearchScale::Reduced(2), 32.0), (SearchScale::Doubled, 8.0)] {
            let tile = Tile {
                scale,
                x: 64,
                y: 32,
                ..TILE
            };
            let (own, detection) = anchor().face(&tile).unwrap();
            let expected = [
                7.5 * unit - unit,
                4.25 * unit - 1.5 * unit,
                2.0 * unit,
                3.0 * unit,
            ];
            for (a, b) in [own.x, own.y, own.w, own.h].into_iter().zip(expected) {
                assert!((a - b).abs() < 1e-3, "{own:?}");
            }
            let landmarks = detection.landmarks.unwrap();
            assert_eq!(landmarks[0], Point::new(6.0 * unit, 4.0 * unit));
            assert_eq!(landmarks[1], Point::new(8.0 * unit, 4.0 * unit));
            assert_eq!(landmarks[4], Point::new(7.75 * unit, 6.0 * unit));
            // The landmarks span two units each way, and so many are 30 canonical pixels.
            let side = 2.0 * unit * 84.0 / 30.0;
            assert!((detection.face_box.w - side).abs() < 1e-3);
            assert!((detection.face_box.centre().x - 7.0 * unit).abs() < 1e-3);
        }
    }

    #[test]
    fn faces_that_are_cut_are_left_to_the_next_tile() {
        // The box goes from 40 to 72 and from 12 to 60.
        for (side, tile) in [
            (0, Tile { width: 96, ..TILE }),
            (2, Tile { width: 64, ..TILE }),
            (3, Tile { height: 32, ..TILE }),
        ] {
            let cut = std::array::from_fn(|k| k == side);
            let kept = anchor().face(&Tile { cut, ..tile }).is_some();
            assert_eq!(kept, side == 0, "{side}");
            assert!(anchor().face(&tile).is_some());
        }
    }

    #[test]
    fn what_is_no_number_is_no_face() {
        let mut huge = anchor();
        huge.size[2] = 1e9;
        let mut nowhere = anchor();
        nowhere.points[0] = f32::INFINITY;
        assert!(huge.face(&TILE).is_none() && nowhere.face(&TILE).is_none());
    }

    #[test]
    fn left_is_left_in_the_picture() {
        let p = |x: f32| Point::new(x, 0.0);
        let turned = in_picture_order([p(5.0), p(1.0), p(3.0), p(6.0), p(2.0)]);
        assert_eq!(turned, [p(1.0), p(5.0), p(3.0), p(2.0), p(6.0)]);
    }

    #[test]
    fn of_overlapping_boxes_the_surest_stays() {
        let detection = |confidence| Detection {
            face_box: Rect::default(),
            landmarks: None,
            confidence,
        };
        let mut candidates = vec![
            (Rect::new(0.0, 0.0, 10.0, 10.0), detection(0.7)),
            (Rect::new(1.0, 0.0, 10.0, 10.0), detection(0.9)),
            (Rect::new(50.0, 0.0, 10.0, 10.0), detection(0.8)),
            (Rect::new(1.0, 0.0, 10.0, 10.0), detection(0.85)),
        ];
        let mut found = Vec::new();
        keep_surest(&mut candidates, &mut found);
        let kept: Vec<f32> = found.iter().map(|d| d.confidence).collect();
        assert_eq!(kept, [0.9, 0.8]);
    }
}
