//! The camera's picture alone, with a sentence.

use super::Area;
use super::hero::Words;

/// Where the camera's picture and the sentence lie. Without an area of its own the sentence is
/// written over the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Alone {
    pub camera: Area,
    pub sentence: Option<Area>,
}

/// The picture as large as fits, and the sentence below or right of it where that leaves the picture
/// nine tenths of its pixels.
pub(crate) fn alone(inside: Area, aspect: (usize, usize), gap: usize, words: Words) -> Alone {
    let whole = inside.fit(aspect);
    let pixels = |area: Area| area.w * area.h;
    let below = inside.above(words.rows + gap).fit(aspect);
    let below = Alone {
        camera: below,
        sentence: Some(Area::new(
            inside.x,
            below.bottom() + gap,
            inside.w,
            words.rows,
        )),
    };
    let room = inside.w.saturating_sub(words.columns + gap);
    let right = Area { w: room, ..inside }.fit(aspect);
    let spare = (inside.w - right.w).saturating_sub(gap + words.columns) / 3;
    let right = Alone {
        camera: Area {
            x: inside.x + spare,
            ..right
        },
        sentence: Some(Area::new(
            inside.x + 2 * spare + right.w + gap,
            inside.y,
            words.columns + spare,
            inside.h,
        )),
    };
    let best = match pixels(below.camera) >= pixels(right.camera) {
        true => below,
        false => right,
    };
    let fits = words.columns <= inside.w && words.rows + gap <= inside.h;
    match fits && 10 * pixels(best.camera) >= 9 * pixels(whole) {
        true => best,
        false => Alone {
            camera: whole,
            sentence: None,
        },
    }
}
