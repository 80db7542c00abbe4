mod files;
mod yolo;

use face8x_core::geometry::Point;
use serde::Deserialize;

use super::*;

/// What OpenCV makes of a small picture; `tests/references/edges.py` wrote it.
#[derive(Deserialize)]
struct EdgesCase {
    kind: String,
    width: usize,
    grey: Vec<u8>,
    scharr_squared: Vec<f32>,
    canny: Vec<String>,
    blurred: Vec<f32>,
    /// Rim or centre, weight, x, y, w, h.
    boxes: Vec<(bool, f32, f32, f32, f32, f32)>,
    heatmap: Vec<f32>,
}

#[derive(Deserialize)]
struct EdgesReference {
    cases: Vec<EdgesCase>,
}

fn cases() -> Vec<EdgesCase> {
    let text = include_str!("../../../tests/references/edges.json");
    let reference: EdgesReference = serde_json::from_str(text).unwrap();
    assert_eq!(reference.cases.len(), 4);
    reference.cases
}

#[test]
fn edges_are_those_of_opencv() {
    for case in cases() {
        let found = edges::scharr(&case.grey, case.width);
        for (found, wanted) in found.iter().zip(&case.scharr_squared) {
            assert!((found - wanted.sqrt()).abs() < 1e-3, "{}", case.kind);
        }
        let lines = edges::canny(&case.grey, case.width, 100, 200);
        let rows: Vec<String> = lines
            .chunks_exact(case.width)
            .map(|row| row.iter().map(|&e| if e { '#' } else { '.' }).collect())
            .collect();
        assert_eq!(rows, case.canny, "{}", case.kind);
    }
}

#[test]
fn the_blur_is_that_of_opencv() {
    for case in cases() {
        let plane: Vec<f32> = case.grey.iter().map(|&v| f32::from(v)).collect();
        let found = edges::blur(&plane, case.width, 15, 3.0);
        for (found, wanted) in found.iter().zip(&case.blurred) {
            assert!(
                (found - wanted).abs() < 2e-3,
                "{}: {found} {wanted}",
                case.kind
            );
        }
    }
}

#[test]
fn the_heatmap_is_that_of_the_formulas_in_numpy() {
    for case in cases() {
        let mut classes = Classes::default();
        classes.classes.clear();
        let mut regions = Vec::new();
        for (class, &(rim, weight, x, y, w, h)) in case.boxes.iter().enumerate() {
            let fade = if rim { Fade::Rim } else { Fade::Centre };
            let name = class.to_string();
            classes.classes.push(Class { name, weight, fade });
            let bounds = Rect::new(x, y, w, h);
            regions.push(FeatureRegion { class, bounds });
        }
        let found = heatmap(&case.grey, case.width, &regions, &classes);
        for (found, wanted) in found.iter().zip(&case.heatmap) {
            assert!(
                (found - wanted).abs() < 2e-4,
                "{}: {found} {wanted}",
                case.kind
            );
        }
        assert_eq!(found.iter().copied().fold(0.0, f32::max), 1.0);
    }
}

#[test]
fn nothing_found_or_nothing_to_see_is_no_heat() {
    let classes = Classes::default();
    let region = |x, w| FeatureRegion {
        class: 0,
        bounds: Rect::new(x, 2.0, w, 5.0),
    };
    let noise: Vec<u8> = (0..400u32).map(|k| (k * k * 31 % 251) as u8).collect();
    for (grey, regions) in [
        (&noise, vec![]),
        (&noise, vec![region(-9.0, 4.0), region(25.0, 9.0)]),
        (&vec![7; 400], vec![region(2.0, 9.0)]),
    ] {
        assert!(
            heatmap(grey, 20, &regions, &classes)
                .iter()
                .all(|&h| h == 0.0)
        );
    }
}

#[test]
fn proportions_put_the_features_where_they_are() {
    let landmarks = [
        (50.0, 65.0),
        (78.0, 65.0),
        (64.0, 83.0),
        (52.0, 95.0),
        (76.0, 95.0),
    ]
    .map(|(x, y)| Point::new(x, y));
    let classes = Classes::default();
    let boxes = boxes(&landmarks);
    let all =
        |name: &str| -> Vec<Rect> { boxes.iter().filter(|b| b.0 == name).map(|b| b.1).collect() };
    assert!(
        classes
            .classes
            .iter()
            .all(|class| !all(&class.name).is_empty())
    );
    assert!(boxes.iter().all(|b| classes.find(b.0).is_some()));
    let holds =
        |r: &Rect, p: Point| (r.x..r.x + r.w).contains(&p.x) && (r.y..r.y + r.h).contains(&p.y);
    assert!(holds(&all("eye")[0], landmarks[0]) && holds(&all("eye")[1], landmarks[1]));
    assert!(holds(&all("nosetip")[0], landmarks[2]));
    assert!(landmarks[3..].iter().all(|&p| holds(&all("mouth")[0], p)));
    assert!(all("eyebrows")[0].centre().y < all("eye")[0].y);
    assert!(all("chin")[0].centre().y > all("mouth")[0].y + all("mouth")[0].h);
    assert!(landmarks.iter().all(|&p| holds(&all("face")[0], p)));
}
