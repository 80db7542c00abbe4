//! The edge of what the camera saw: a face that leaves its picture is dark beyond.
//!
//! The network is given the mirrored picture there, so that what it makes of it is nothing that
//! anybody saw.

use super::blit;
use super::layout::Area;
use super::palette::PANEL;
use crate::picture::Picture;
use face8x_core::geometry::{HR_SIDE, Point, Similarity};

/// Darkens what of the square `area`, which shows the canonical face, mirrored or not, lies outside
/// of a frame of `frame` pixels (width, height).
pub(crate) fn darken_outside(
    canvas: &mut Picture,
    area: Area,
    to_canonical: &Similarity,
    frame: (u32, u32),
    mirror: bool,
) {
    if area.is_empty() || !to_canonical.is_regular() {
        return;
    }
    let back = to_canonical.invert();
    let scale = HR_SIDE as f32 / area.w as f32;
    let at = |x: usize, y: usize| {
        back.apply(Point::new(
            (x as f32 + 0.5) * scale,
            (y as f32 + 0.5) * scale,
        ))
    };
    let size = [frame.0 as f32, frame.1 as f32];
    let inside = |p: Point| (0.0..size[0]).contains(&p.x) && (0.0..size[1]).contains(&p.y);
    let (last_x, last_y) = (area.w - 1, area.h - 1);
    let corners = [(0, 0), (last_x, 0), (0, last_y), (last_x, last_y)];
    if corners.iter().all(|&(x, y)| inside(at(x, y))) {
        return;
    }
    for (y, row) in blit::rows(canvas, area).enumerate() {
        let (first, second) = (at(0, y), at(1, y));
        let coordinates = [
            (first.x, second.x - first.x, size[0]),
            (first.y, second.y - first.y, size[1]),
        ];
        let (start, end) = span(coordinates, area.w);
        let (start, end) = match mirror {
            true => (area.w - end, area.w - start),
            false => (start, end),
        };
        let width = row.len();
        row[..start.min(width)].fill(PANEL);
        row[end.min(width)..].fill(PANEL);
    }
}

/// The columns of a row of `width` in which every coordinate, which begins at its first value and
/// grows by its second, is at least 0 and below its third.
fn span(coordinates: [(f32, f32, f32); 2], width: usize) -> (usize, usize) {
    let (mut start, mut end) = (0.0f32, width as f32);
    for (at, step, limit) in coordinates {
        if step == 0.0 {
            if !(0.0..limit).contains(&at) {
                return (0, 0);
            }
            continue;
        }
        let (one, other) = (-at / step, (limit - at) / step);
        start = start.max(one.min(other).ceil());
        end = end.min(one.max(other).ceil());
    }
    // Negative and huge values saturate.
    let (start, end) = (start as usize, (end as usize).min(width));
    match start < end {
        true => (start, end),
        false => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn darkened(to_canonical: Similarity, mirror: bool) -> Picture {
        let mut picture = Picture::new(70, 66);
        picture.pixels.fill(1);
        let area = Area::new(3, 1, 64, 64);
        darken_outside(&mut picture, area, &to_canonical, (100, 80), mirror);
        picture
    }

    #[test]
    fn what_lies_outside_the_frame_is_dark() {
        // The face's left quarter is left of the frame.
        let to_canonical = Similarity {
            tx: 32.0,
            ..Similarity::IDENTITY
        };
        let plain = darkened(to_canonical, false);
        assert_eq!(plain.row(30)[..3], [1; 3]);
        assert_eq!(plain.row(30)[3..19], [PANEL; 16]);
        assert_eq!(plain.row(30)[19..], [1; 51]);
        // Rows below the frame's 80.
        assert_eq!(plain.row(50)[3..67], [PANEL; 64]);
        let mirrored = darkened(to_canonical, true);
        assert_eq!(mirrored.row(30)[3..51], [1; 48]);
        assert_eq!(mirrored.row(30)[51..67], [PANEL; 16]);
    }

    #[test]
    fn a_face_in_the_frame_stays_as_it_is() {
        let inside = Similarity {
            a: 2.0,
            b: 0.1,
            tx: 0.0,
            ty: -20.0,
        };
        assert!(darkened(inside, false).pixels.iter().all(|&p| p == 1));
    }

    #[test]
    fn a_leaning_edge_is_where_the_pixels_leave_the_frame() {
        let leaning = Similarity {
            a: 1.0,
            b: 0.4,
            tx: 40.0,
            ty: 10.0,
        };
        let (picture, back) = (darkened(leaning, false), leaning.invert());
        for (x, y) in (0..64).flat_map(|y| (0..64).map(move |x| (x, y))) {
            let p = back.apply(Point::new(2.0 * x as f32 + 1.0, 2.0 * y as f32 + 1.0));
            let near = |v: f32, edge: f32| (v - edge).abs() < 0.01;
            if near(p.x, 0.0) || near(p.x, 100.0) || near(p.y, 0.0) || near(p.y, 80.0) {
                continue;
            }
            let outside = !((0.0..100.0).contains(&p.x) && (0.0..80.0).contains(&p.y));
            let dark = picture.row(y + 1)[x as usize + 3] == PANEL;
            assert_eq!(dark, outside, "at {x}, {y}: {p:?}");
        }
    }
}
