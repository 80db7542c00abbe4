//! Whole rows of pixels: fill, darken, magnify, mirror, turn.

use super::layout::Area;
use super::palette::BACKGROUND;
use super::view::Rotation;
use crate::picture::Picture;
use face8x_core::geometry::LR_SIDE;
use face8x_core::pixel::pack_rgb;
use face8x_core::restore::Lr;

/// The rows of `area` on the canvas, from above. An area that does not lie on the canvas is cut.
pub(crate) fn rows(canvas: &mut Picture, area: Area) -> impl Iterator<Item = &mut [u32]> {
    let width = canvas.width as usize;
    let (left, right) = (area.x.min(width), area.right().min(width));
    canvas
        .pixels
        .chunks_exact_mut(width.max(1))
        .skip(area.y)
        .take(area.h)
        .map(move |row| &mut row[left..right])
}

/// Areas around which [`fill_around`] paints.
pub(crate) const MAX_AREAS: usize = 12;

/// Paints all of the canvas in one colour but `areas`, at most [`MAX_AREAS`], which are painted
/// otherwise: each pixel is written once.
pub(crate) fn fill_around(canvas: &mut Picture, areas: &[Area], colour: u32) {
    let width = canvas.width as usize;
    let mut kept = [(width, width); MAX_AREAS];
    for (y, row) in canvas.pixels.chunks_exact_mut(width.max(1)).enumerate() {
        // Rows between the edges of two areas are alike.
        if areas.iter().any(|area| y == area.y || y == area.bottom()) {
            kept = kept_columns(areas, y, width);
        }
        let mut from = 0;
        for (left, right) in kept {
            if from < left {
                row[from..left].fill(colour);
            }
            from = from.max(right);
        }
    }
}

/// The first column and the end of each of `areas` in row `y`, from the left; `width` twice where it is
/// not in that row.
fn kept_columns(areas: &[Area], y: usize, width: usize) -> [(usize, usize); MAX_AREAS] {
    let mut kept = [(width, width); MAX_AREAS];
    let crossed = areas
        .iter()
        .filter(|area| (area.y..area.bottom()).contains(&y));
    for (kept, area) in kept.iter_mut().zip(crossed) {
        *kept = (area.x.min(width), area.right().min(width));
    }
    kept.sort_unstable();
    kept
}

/// Leaves three tenths of the light in `area`: a backing on which text can be read.
pub(crate) fn darken(canvas: &mut Picture, area: Area) {
    for row in rows(canvas, area) {
        for pixel in row {
            *pixel = mix(*pixel, BACKGROUND, 180);
        }
    }
}

/// `under` where `weight` is 0, `over` where it is 256, and the mixture between.
#[inline]
pub(crate) fn mix(under: u32, over: u32, weight: u32) -> u32 {
    let lanes = |pixel: u32, by: u32| ((pixel & 0xff00ff) * by, (pixel >> 8 & 0xff) * by);
    let ((u_rb, u_g), (o_rb, o_g)) = (lanes(under, 256 - weight), lanes(over, weight));
    ((u_rb + o_rb + 0x800080) >> 8 & 0xff00ff) | ((u_g + o_g + 0x80) & 0xff00)
}

/// The outline of `area`, `thickness` pixels wide, inside it.
pub(crate) fn outline(canvas: &mut Picture, area: Area, thickness: usize, colour: u32) {
    let inner = area.shrunk(thickness);
    let (left, right) = (inner.x - area.x, inner.right() - area.x);
    let (above, below) = (inner.y - area.y, inner.bottom() - area.y);
    for (y, row) in rows(canvas, area).enumerate() {
        if row.len() < area.w || y < above || y >= below {
            row.fill(colour);
        } else {
            row[..left].fill(colour);
            row[right..].fill(colour);
        }
    }
}

/// The 16x16 pixels magnified to fill `area`, each an even patch of its own colour.
pub(crate) fn magnify(canvas: &mut Picture, area: Area, lr: &Lr, mirror: bool) {
    let edge = |i: usize, length: usize| i * length / LR_SIDE;
    let width = canvas.width as usize;
    for (j, lr_row) in lr.chunks_exact(LR_SIDE * 3).enumerate() {
        let (top, bottom) = (edge(j, area.h), edge(j + 1, area.h));
        if top == bottom {
            continue;
        }
        let first = Area {
            y: area.y + top,
            h: 1,
            ..area
        };
        for row in rows(canvas, first) {
            for (i, rgb) in lr_row.chunks_exact(3).enumerate() {
                let i = if mirror { LR_SIDE - 1 - i } else { i };
                row[edge(i, area.w)..edge(i + 1, area.w)].fill(pack_rgb(rgb[0], rgb[1], rgb[2]));
            }
        }
        let source = first.y * width + area.x;
        for y in first.y + 1..area.y + bottom {
            canvas
                .pixels
                .copy_within(source..source + area.w, y * width + area.x);
        }
    }
}

/// Swaps left and right within `area`.
pub(crate) fn mirror(canvas: &mut Picture, area: Area) {
    rows(canvas, area).for_each(<[u32]>::reverse);
}

/// Pixels of a block side when a picture is turned: 16 pixels are a 64-byte cache line.
const BLOCK: usize = 16;

/// `from` turned clockwise, into `to`, which takes the size it needs.
pub(crate) fn rotate(from: &Picture, rotation: Rotation, to: &mut Picture) {
    let (width, height) = rotation.turned((from.width, from.height));
    to.resize(width, height);
    match rotation {
        Rotation::Deg0 => to.pixels.copy_from_slice(&from.pixels),
        Rotation::Deg180 => {
            for (to, from) in to.pixels.iter_mut().zip(from.pixels.iter().rev()) {
                *to = *from;
            }
        }
        Rotation::Deg90 => transpose(from, to, |x, _| x, true),
        Rotation::Deg270 => transpose(from, to, |x, width| width - 1 - x, false),
    }
}

/// Column x of `from` becomes row `row_of(x, from.width)` of `to`, from below where `upwards`.
/// Block by block, so that the rows of both stay in the cache.
fn transpose(from: &Picture, to: &mut Picture, row_of: fn(usize, usize) -> usize, upwards: bool) {
    let (w, h) = (from.width as usize, from.height as usize);
    for y in (0..h).step_by(BLOCK) {
        let y_end = (y + BLOCK).min(h);
        for x in 0..w {
            let column = from.pixels[y * w + x..].iter().step_by(w);
            let row = &mut to.pixels[row_of(x, w) * h..][..h];
            if upwards {
                let part = row[h - y_end..h - y].iter_mut().rev();
                part.zip(column).for_each(|(to, from)| *to = *from);
            } else {
                let part = row[y..y_end].iter_mut();
                part.zip(column).for_each(|(to, from)| *to = *from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbered(width: u32, height: u32) -> Picture {
        Picture {
            width,
            height,
            pixels: (0..width * height).collect(),
        }
    }

    fn turned(picture: &Picture, rotation: Rotation) -> Picture {
        let mut to = Picture::default();
        rotate(picture, rotation, &mut to);
        to
    }

    #[test]
    fn rotation_is_clockwise() {
        let picture = numbered(3, 2);
        let quarter = turned(&picture, Rotation::Deg90);
        assert_eq!((quarter.width, quarter.height), (2, 3));
        assert_eq!(quarter.pixels, [3, 0, 4, 1, 5, 2]);
        assert_eq!(
            turned(&picture, Rotation::Deg180).pixels,
            [5, 4, 3, 2, 1, 0]
        );
        assert_eq!(
            turned(&picture, Rotation::Deg270).pixels,
            [2, 5, 1, 4, 0, 3]
        );
    }

    proptest! {
        #[test]
        fn four_quarters_are_a_whole_turn(w in 0u32..70, h in 0u32..70) {
            let picture = numbered(w, h);
            let quarter = turned(&picture, Rotation::Deg90);
            let half = turned(&quarter, Rotation::Deg90);
            let three = turned(&half, Rotation::Deg90);
            prop_assert_eq!(&half, &turned(&picture, Rotation::Deg180));
            prop_assert_eq!(&three, &turned(&picture, Rotation::Deg270));
            prop_assert_eq!(&turned(&three, Rotation::Deg90), &picture);
            prop_assert_eq!(&turned(&picture, Rotation::Deg0), &picture);
        }

        #[test]
        fn twice_mirrored_is_as_before(w in 1u32..40, h in 1u32..9, x in 0usize..40, aw in 0usize..50) {
            let before = numbered(w, h);
            let area = Area::new(x, 0, aw, 7);
            let mut picture = before.clone();
            mirror(&mut picture, area);
            mirror(&mut picture, area);
            prop_assert_eq!(picture, before);
        }

        #[test]
        fn a_mixture_is_the_weighted_mean(under in 0u32..1 << 24, over in 0u32..1 << 24, weight in 0u32..=256) {
            let mixed = face8x_core::pixel::unpack_rgb(mix(under, over, weight));
            let (under, over) = (face8x_core::pixel::unpack_rgb(under), face8x_core::pixel::unpack_rgb(over));
            for c in 0..3 {
                let t = weight as f64 / 256.0;
                let wanted = under[c] as f64 * (1.0 - t) + over[c] as f64 * t;
                prop_assert!((mixed[c] as f64 - wanted).abs() <= 0.51);
            }
        }
    }

    #[test]
    fn pixels_are_magnified_evenly() {
        let mut lr: Lr = [0; 768];
        for (i, rgb) in lr.chunks_exact_mut(3).enumerate() {
            rgb.copy_from_slice(&[(i / 16) as u8, (i % 16) as u8, 7]);
        }
        let mut picture = Picture::new(50, 34);
        magnify(&mut picture, Area::new(1, 1, 48, 32), &lr, false);
        for (y, x) in (0..32u32).flat_map(|y| (0..48u32).map(move |x| (y, x))) {
            let wanted = (y / 2) << 16 | (x / 3) << 8 | 7;
            assert_eq!(picture.row(y + 1)[x as usize + 1], wanted, "at {x}, {y}");
        }
        assert_eq!(
            (picture.row(0)[1], picture.row(33)[48], picture.row(5)[0]),
            (0, 0, 0)
        );
        let mut mirrored = Picture::new(50, 34);
        magnify(&mut mirrored, Area::new(1, 1, 48, 32), &lr, true);
        mirror(&mut picture, Area::new(1, 1, 48, 32));
        assert_eq!(mirrored, picture);
    }

    #[test]
    fn everything_but_the_areas_is_filled() {
        let mut picture = numbered(9, 4);
        let areas = [(5, 1, 2, 2), (1, 0, 3, 2), (3, 2, 1, 1), (8, 3, 90, 90)];
        let areas = areas.map(|(x, y, w, h)| Area::new(x, y, w, h));
        fill_around(&mut picture, &areas, 99);
        let within = |x: usize, y: usize| {
            let is_in = |a: &Area| (a.x..a.right()).contains(&x) && (a.y..a.bottom()).contains(&y);
            areas.iter().any(is_in)
        };
        for (i, &pixel) in picture.pixels.iter().enumerate() {
            let wanted = if within(i % 9, i / 9) { i as u32 } else { 99 };
            assert_eq!(pixel, wanted, "at {i}");
        }
        fill_around(&mut picture, &[], 7);
        assert_eq!(picture.pixels, [7; 36]);
    }

    #[test]
    fn an_outline_stays_inside_its_area() {
        let mut picture = Picture::new(7, 6);
        outline(&mut picture, Area::new(1, 1, 5, 4), 1, 1);
        let drawn: Vec<String> = (0..6)
            .map(|y| {
                picture
                    .row(y)
                    .iter()
                    .map(|p| if *p == 1 { '#' } else { '.' })
                    .collect()
            })
            .collect();
        assert_eq!(
            drawn,
            [
                ".......", ".#####.", ".#...#.", ".#...#.", ".#####.", "......."
            ]
        );
        outline(&mut picture, Area::new(5, 4, 99, 99), 200, 2);
        assert_eq!(picture.row(5)[5..], [2, 2]);
    }
}
