//! Nothing overlaps or lies outside, and the hero is large at every shape.

use proptest::prelude::*;

use super::*;

fn within(inner: Area, outer: Area) -> bool {
    inner.x >= outer.x
        && inner.y >= outer.y
        && inner.right() <= outer.right()
        && inner.bottom() <= outer.bottom()
}

fn apart(one: Area, other: Area) -> bool {
    one.is_empty()
        || other.is_empty()
        || one.right() <= other.x
        || other.right() <= one.x
        || one.bottom() <= other.y
        || other.bottom() <= one.y
}

fn all_apart_and_within(areas: &[Area], outer: Area) -> bool {
    let filled: Vec<Area> = areas.iter().copied().filter(|a| !a.is_empty()).collect();
    let pairs_apart = |(k, area): (usize, &Area)| filled[..k].iter().all(|o| apart(*area, *o));
    filled.iter().all(|area| within(*area, outer)) && filled.iter().enumerate().all(pairs_apart)
}

/// A request whose words are as large as those of a screen of this size.
fn request(w: usize, h: usize, others: usize) -> HeroRequest {
    let short = w.min(h);
    let line = (short / 15).max(14);
    HeroRequest {
        parts: BlockParts {
            aspect: (4, 3),
            squares: 2,
            gap: (short / 40).max(3),
            caption: if short < 200 { 0 } else { short / 24 },
            weight: 1,
        },
        others,
        words: [(6 * line, 3 * line), (3 * line, 2 * line), (8 * line, line)]
            .map(|(columns, rows)| Words { columns, rows }),
    }
}

fn areas(hero: &Hero, others: usize) -> Vec<Area> {
    let block = &hero.block;
    let small = [block.picture, block.square(0), block.square(1)];
    let all = [hero.face, hero.words].into_iter().chain(small);
    all.chain((0..others).map(|k| hero.other(k))).collect()
}

#[test]
fn a_shape_is_fitted_into_the_middle() {
    let area = Area::new(10, 20, 100, 50);
    assert_eq!(area.fit((4, 2)), area);
    assert_eq!(area.fit((1, 1)), Area::new(35, 20, 50, 50));
    assert_eq!(area.fit((10, 1)), Area::new(10, 40, 100, 10));
    assert_eq!(area.fit((5000, 1)).h, 1);
    assert!(area.fit((0, 3)).is_empty());
}

/// How large the hero is at least, as a share of the screen's shorter side, and all pictures
/// together of the screen, in percent.
#[test]
fn the_hero_is_large_at_every_shape() {
    for (w, h, share, filled) in [
        (128, 160, 80, 60),
        (160, 128, 75, 55),
        (240, 240, 65, 55),
        (320, 240, 80, 60),
        (240, 320, 85, 60),
        (480, 320, 94, 70),
        (320, 480, 92, 65),
        (480, 480, 66, 55),
        (800, 480, 94, 65),
        (1024, 600, 94, 65),
        (1280, 400, 94, 65),
        (1920, 1080, 94, 65),
        (1080, 1920, 94, 65),
        (3840, 2160, 94, 65),
    ] {
        let request = request(w, h, 0);
        let inside = Area::new(0, 0, w, h).shrunk(request.parts.gap);
        let hero = hero(inside, &request);
        let side = hero.face.w;
        assert!(100 * side >= share * w.min(h), "{side} of {w}x{h}");
        let pixels = side * side + hero.block.pixels(&request.parts);
        let part = 100 * pixels / (w * h);
        assert!(part >= filled, "{part} % of {w}x{h}");
        // The 16x16 pixels can be told from each other.
        assert!(hero.block.side() >= 20, "{w}x{h}");
    }
}

#[test]
fn large_squares_magnify_every_pixel_equally() {
    for w in 500..1500 {
        let inside = Area::new(0, 0, w, 600);
        let side = hero(inside, &request(w, 600, 0)).block.side();
        assert!(side < 128 || side.is_multiple_of(16), "{side} at {w}");
    }
}

#[test]
fn a_sentence_stands_beside_the_camera_where_there_is_room() {
    let words = Words {
        columns: 100,
        rows: 20,
    };
    let alone = |w, h| alone(Area::new(0, 0, w, h), (4, 3), 10, words);
    let wide = alone(800, 480);
    assert_eq!(wide.camera.h, 480);
    assert!(wide.sentence.unwrap().x >= wide.camera.right() + 10);
    let tall = alone(480, 800);
    assert_eq!(tall.camera.w, 480);
    assert!(tall.sentence.unwrap().y >= tall.camera.bottom() + 10);
    assert_eq!(alone(320, 240).sentence, None);
}

proptest! {
    #[test]
    fn the_parts_stay_apart_and_inside(
        (w, h) in (0usize..2000, 0usize..2000),
        aspect in (0usize..4000, 0usize..4000),
        caption in 0usize..30,
        others in 0usize..8,
    ) {
        let inside = Area::new(7, 3, w, h);
        let mut request = request(w, h, others);
        (request.parts.aspect, request.parts.caption) = (aspect, caption);
        let hero = hero(inside, &request);
        let areas = areas(&hero, others);
        prop_assert!(all_apart_and_within(&areas, inside), "{areas:?} in {inside:?}");
        prop_assert_eq!(hero.face.w, hero.face.h);
    }

    #[test]
    fn a_block_stays_apart_and_inside(
        room in (0usize..2000, 0usize..2000),
        aspect in (0usize..4000, 0usize..4000),
        squares in 0usize..9,
        (gap, caption) in (0usize..30, 0usize..30),
    ) {
        let block = block(room, &BlockParts { aspect, squares, gap, caption, weight: 1 });
        let squares = (0..squares).map(|k| block.square(k));
        let areas: Vec<Area> = squares.chain([block.picture]).collect();
        let whole = Area::new(0, 0, room.0, room.1);
        prop_assert!(all_apart_and_within(&areas, whole), "{areas:?} in {whole:?}");
    }

    #[test]
    fn everything_on_a_round_screen_is_in_its_disc(
        side in 0usize..500,
        aspect in (0usize..100, 0usize..100),
        gap in 0usize..12,
        line in 0usize..20,
    ) {
        let whole = Area::new(5, 9, side, side);
        let lines = [6, 7].map(|n| Words { columns: n * line, rows: line });
        let disc = disc(whole, aspect, gap, lines);
        let areas = [disc.face, disc.camera, disc.squares[0], disc.squares[1], disc.lines[0], disc.lines[1]];
        prop_assert!(all_apart_and_within(&areas, whole), "{areas:?} in {whole:?}");
        let square = square_in_disc(whole, gap);
        for area in areas.into_iter().chain([square]).filter(|area| !area.is_empty()) {
            for (x, y) in [(area.x, area.y), (area.right(), area.y), (area.x, area.bottom()), (area.right(), area.bottom())] {
                let (dx, dy) = (x.abs_diff(whole.x + side / 2), y.abs_diff(whole.y + side / 2));
                let radius = side / 2 + 1;
                prop_assert!(dx * dx + dy * dy <= radius * radius, "{area:?} in {whole:?}");
            }
        }
    }

    #[test]
    fn the_camera_alone_and_its_sentence_stay_apart_and_inside(
        (w, h) in (0usize..2000, 0usize..2000),
        aspect in (0usize..4000, 0usize..4000),
        (columns, rows, gap) in (0usize..300, 0usize..60, 0usize..30),
    ) {
        let inside = Area::new(7, 3, w, h);
        let Alone { camera, sentence } = alone(inside, aspect, gap, Words { columns, rows });
        let areas = [camera, sentence.unwrap_or_default()];
        prop_assert!(all_apart_and_within(&areas, inside), "{areas:?} in {inside:?}");
    }
}

#[test]
fn a_round_screen_shows_a_large_hero() {
    let lines = [(70, 16), (92, 12)].map(|(columns, rows)| Words { columns, rows });
    let disc = disc(Area::new(0, 0, 240, 240), (4, 3), 6, lines);
    assert!(disc.face.w >= 120, "{disc:?}");
    assert!(disc.camera.h >= 30 && disc.squares[0].w >= 30, "{disc:?}");
}
