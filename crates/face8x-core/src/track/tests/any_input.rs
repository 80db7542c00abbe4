//! Whatever a detector and a camera may give.

use proptest::prelude::*;

use super::*;
use crate::geometry::Point;
use crate::testing::scene::noise;

fn strange() -> impl Strategy<Value = f32> {
    prop_oneof![
        Just(f32::NAN),
        Just(f32::INFINITY),
        Just(f32::NEG_INFINITY),
        Just(-1.0),
        Just(0.0),
        Just(1e30),
        -100.0f32..800.0,
        -100.0f32..800.0,
        1.0f32..300.0,
        1.0f32..300.0,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_comes_in_finite_boxes_come_out(
        steps in proptest::collection::vec(
            (
                (0u32..70, 0u32..50, 0u32..4, 0usize..4, 0usize..9),
                proptest::collection::vec(
                    ((strange(), strange(), strange(), strange()), strange(), proptest::bool::ANY), 0..12),
                (0u64..20, 0u64..3_000, proptest::bool::ANY, 0u64..20),
            ),
            1..20,
        ),
    ) {
        let mut tracker = Tracker::new();
        let mut now = Duration::ZERO;
        for ((width, height, factor, channels, cut), found, (sequence, ms, given, searched)) in steps {
            let len = (width * height) as usize * channels;
            let mut picture = Downscaled {
                width, height, channels, factor,
                frame_width: width * factor.max(1),
                frame_height: height * factor.max(1),
                sequence,
                bytes: (0..len).map(|i| noise(i + sequence as usize)).collect(),
            };
            if cut == 0 {
                picture.bytes.pop();
            }
            let found = found.into_iter().map(|((x, y, w, h), confidence, points)| Detection {
                face_box: Rect::new(x, y, w, h),
                landmarks: points.then_some([Point::new(x, h); 5]),
                confidence,
            }).collect();
            let located = Detections {
                picture: Downscaled { sequence: searched, ..picture.clone() },
                found,
            };
            now += Duration::from_micros(ms * ms);
            let faces = tracker.update(now, &picture, given.then_some(&located));
            prop_assert!(faces.len() <= MAX_FACES);
            for face in faces {
                let Rect { x, y, w, h } = face.detection.face_box;
                prop_assert!([x, y, w, h].iter().all(|v| v.is_finite()), "{face:?}");
                prop_assert!(w > 0.0 && w == h, "{face:?}");
                prop_assert!((0.0..=1.0).contains(&face.detection.confidence), "{face:?}");
                let landmarks = face.detection.landmarks.unwrap_or_default();
                prop_assert!(landmarks.iter().all(|p| p.x.is_finite() && p.y.is_finite()), "{face:?}");
            }
            let mut ids: Vec<u64> = faces.iter().map(|face| face.id).collect();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), faces.len());
        }
    }
}
