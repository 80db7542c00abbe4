//! The restored face as large as the screen allows, with the camera's picture, the pixels on the
//! way to it, and the words about it.

use super::Area;
use super::block::{BlockLayout, BlockParts, block};

/// Side of the hero to that of the smallest square beside it, and to the rows of the picture: what
/// is smaller is of no use.
const SMALLEST_SQUARE: usize = 7;
const SMALLEST_PICTURE: usize = 4;

/// Small faces beside each other below the hero, where there are no more of them.
const TILES: usize = 4;

/// What the words need: columns of the widest line, and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Words {
    pub columns: usize,
    pub rows: usize,
}

/// How the words about the face are put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Wording {
    /// In several lines.
    #[default]
    Lines,
    /// The shortest words in several lines.
    Short,
    /// In one line.
    OneLine,
}

/// What is to be arranged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeroRequest {
    /// The camera and the squares.
    pub parts: BlockParts,
    /// Other faces than the hero.
    pub others: usize,
    /// The words in each [`Wording`].
    pub words: [Words; 3],
}

/// Where the parts of the view lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Hero {
    /// The restored face: a square.
    pub face: Area,
    /// The first of the other faces, a square below it.
    tile: Area,
    /// Columns from one of them to the next.
    step: usize,
    /// Camera and squares.
    pub block: BlockLayout,
    /// The words about the face.
    pub words: Area,
    pub wording: Wording,
}

impl Hero {
    /// The place of another face.
    pub(crate) fn other(&self, index: usize) -> Area {
        Area {
            x: self.tile.x + index * self.step,
            ..self.tile
        }
    }
}

/// Where the hero stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeroPlace {
    /// Left; words and block are right of it, the words above.
    Left,
    /// Left; the words right of it and the block right of them.
    LeftOfWords,
    /// Above; the words below it and the block below them.
    Above,
}

const WAYS: [(HeroPlace, Wording); 5] = [
    (HeroPlace::Left, Wording::Lines),
    (HeroPlace::Left, Wording::Short),
    (HeroPlace::LeftOfWords, Wording::Lines),
    (HeroPlace::Above, Wording::Lines),
    (HeroPlace::Above, Wording::OneLine),
];

/// Arranges the view within `inside`, so that the hero and what is beside it are largest.
pub(crate) fn hero(inside: Area, request: &HeroRequest) -> Hero {
    let limit = inside.w.min(inside.h);
    let mut best = (0, Hero::default());
    for (place, wording) in WAYS {
        let attempt = Attempt {
            inside,
            request,
            place,
            words: request.words[wording as usize],
        };
        let side = largest(limit, |side| attempt.block(side).is_some());
        let Some(block) = attempt.block(side) else {
            continue;
        };
        let score = side * side + block.pixels(&request.parts) / 2;
        // Several lines of whole words are read more easily.
        let score = match wording {
            Wording::Lines => score,
            Wording::Short | Wording::OneLine => score * 9 / 10,
        };
        if score > best.0 {
            let placed = attempt.placed(side, block);
            best = (score, Hero { wording, ..placed });
        }
    }
    best.1
}

/// The largest side up to `limit` that `fits`, where all smaller ones do.
fn largest(limit: usize, fits: impl Fn(usize) -> bool) -> usize {
    let (mut good, mut bad) = (0, limit + 1);
    while bad - good > 1 {
        let middle = (good + bad) / 2;
        match fits(middle) {
            true => good = middle,
            false => bad = middle,
        }
    }
    good
}

/// One way to arrange the view.
struct Attempt<'a> {
    inside: Area,
    request: &'a HeroRequest,
    place: HeroPlace,
    words: Words,
}

impl Attempt<'_> {
    /// Side of the other faces' tiles below a hero of this side.
    fn tile(&self, side: usize) -> usize {
        let places = self.request.others.max(TILES);
        side.saturating_sub((places - 1) * self.request.parts.gap) / places
    }

    /// Rows of a hero of this side, with the other faces.
    fn rows(&self, side: usize) -> usize {
        match self.request.others {
            0 => side,
            _ => side + self.request.parts.gap + self.tile(side),
        }
    }

    /// The block beside a hero of this side, where all of it fits.
    fn block(&self, side: usize) -> Option<BlockLayout> {
        let Area { w, h, .. } = self.inside;
        let (Words { columns, rows }, gap) = (self.words, self.request.parts.gap);
        let left = |total: usize, used: usize| total.checked_sub(used);
        let tall = self.rows(side);
        let (room, fits) = match self.place {
            HeroPlace::Left => {
                let column = left(w, side + gap)?;
                let room = (column, left(h, rows + gap)?);
                (room, columns <= column && tall <= h)
            }
            HeroPlace::LeftOfWords => {
                let room = (left(w, side + columns + 2 * gap)?, h);
                (room, tall <= h && rows <= h)
            }
            HeroPlace::Above => {
                let room = (w, left(h, tall + rows + 2 * gap)?);
                (room, side <= w && columns <= w)
            }
        };
        let block = block(room, &self.request.parts);
        let useful = block.side() * SMALLEST_SQUARE >= side
            && block.picture.h.min(block.picture.w) * SMALLEST_PICTURE >= side;
        (fits && useful && side > 0).then_some(block)
    }

    /// Puts the parts into their places, with the room that is left evenly between and around them.
    fn placed(&self, side: usize, block: BlockLayout) -> Hero {
        let Area { x, y, w, h } = self.inside;
        let (Words { columns, rows }, gap) = (self.words, self.request.parts.gap);
        let (bw, bh) = (block.whole.w, block.whole.h);
        let tall = self.rows(side);
        let middle = |room: usize, part: usize| (room - part) / 2;
        let (face, words, corner) = match self.place {
            HeroPlace::Left => {
                let column = bw.max(columns);
                let spare = (w - side - gap - column) / 3;
                let right = x + side + gap + 2 * spare;
                let height = tall.max(rows + gap + bh);
                let top = y + middle(h, height);
                (
                    (x + spare, top + middle(height, tall)),
                    Area::new(right, top, column, rows),
                    (right + middle(column, bw), top + height - bh),
                )
            }
            HeroPlace::LeftOfWords => {
                let spare = (w - side - columns - bw - 2 * gap) / 4;
                let second = x + side + gap + 2 * spare;
                let third = second + columns + gap + spare;
                (
                    (x + spare, y + middle(h, tall)),
                    Area::new(second, y + middle(h, rows), columns, rows),
                    (third, y + middle(h, bh)),
                )
            }
            HeroPlace::Above => {
                let spare = (h - tall - rows - bh - 2 * gap) / 4;
                let second = y + tall + gap + 2 * spare;
                let (wide, third) = (side.max(columns), second + rows + gap + spare);
                (
                    (x + middle(w, side), y + spare),
                    Area::new(x + middle(w, wide), second, wide, rows),
                    (x + middle(w, bw), third),
                )
            }
        };
        let tile = self.tile(side);
        Hero {
            face: Area::new(face.0, face.1, side, side),
            tile: Area::new(face.0, face.1 + side + gap, tile, tile),
            step: tile + gap,
            block: block.moved(corner.0, corner.1),
            words,
            wording: Wording::default(),
        }
    }
}
