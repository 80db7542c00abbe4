//! A picture of any shape and equal squares, arranged so that they fill a room as well as they can.

use super::Area;

/// Squares beside a picture: eight faces.
pub(crate) const MAX_SQUARES: usize = 8;

/// Squares at least this large are made a multiple of 16, so that every one of the 16x16 pixels
/// is magnified equally.
const EVEN_FROM: usize = 128;

/// What is to be arranged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockParts {
    /// Width and height of the picture.
    pub aspect: (usize, usize),
    /// How many squares there are, up to [`MAX_SQUARES`].
    pub squares: usize,
    /// Pixels between two parts.
    pub gap: usize,
    /// Rows above each part for its caption.
    pub caption: usize,
    /// How much a square's pixels count to one of the picture's.
    pub weight: usize,
}

/// Where the parts lie. All edges of the block are edges of parts, or of their captions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct BlockLayout {
    /// All of it, with the captions.
    pub whole: Area,
    pub picture: Area,
    /// The first square.
    first: Area,
    columns: usize,
    /// Columns and rows from one square to the next.
    step: (usize, usize),
}

impl BlockLayout {
    /// The square of this index, from the left and from above.
    pub(crate) fn square(&self, index: usize) -> Area {
        let (column, row) = (index % self.columns.max(1), index / self.columns.max(1));
        Area {
            x: self.first.x + column * self.step.0,
            y: self.first.y + row * self.step.1,
            ..self.first
        }
    }

    /// Side of a square.
    pub(crate) fn side(&self) -> usize {
        self.first.w
    }

    /// Pixels of all parts, as they count.
    pub(crate) fn pixels(&self, parts: &BlockParts) -> usize {
        let squares = parts.squares * self.side() * self.side();
        self.picture.w * self.picture.h + parts.weight * squares
    }

    /// The block moved by so many columns and rows.
    #[must_use]
    pub(crate) fn moved(&self, columns: usize, rows: usize) -> Self {
        let moved = |area: Area| Area {
            x: area.x + columns,
            y: area.y + rows,
            ..area
        };
        BlockLayout {
            whole: moved(self.whole),
            picture: moved(self.picture),
            first: moved(self.first),
            ..*self
        }
    }
}

/// The arrangement in `room` (columns, rows) whose parts count most pixels, at (0, 0): the picture
/// above its squares and as wide as they are, or left of them and as high.
pub(crate) fn block(room: (usize, usize), parts: &BlockParts) -> BlockLayout {
    let mut best = BlockLayout::default();
    if parts.aspect.0 == 0 || parts.aspect.1 == 0 || parts.squares == 0 {
        return best;
    }
    for rows in 1..=parts.squares {
        let columns = parts.squares.div_ceil(rows);
        for arranged in [above, left_of] {
            let block = arranged(room, parts, rows, columns);
            if block.pixels(parts) > best.pixels(parts) {
                best = block;
            }
        }
    }
    best
}

/// A side that fits, as whole pixels.
fn side(fits: [f64; 2]) -> usize {
    let side = fits[0].min(fits[1]).max(0.0) as usize;
    if side < EVEN_FROM {
        side
    } else {
        side / 16 * 16
    }
}

fn above((w, h): (usize, usize), parts: &BlockParts, rows: usize, columns: usize) -> BlockLayout {
    let BlockParts { gap, caption, .. } = *parts;
    let flat = parts.aspect.1 as f64 / parts.aspect.0 as f64;
    let (gaps, captions) = ((columns - 1) * gap, caption + rows * (gap + caption));
    let across = (w as f64 - gaps as f64) / columns as f64;
    let down = h as f64 - captions as f64 - gaps as f64 * flat;
    let side = side([across, down / (columns as f64 * flat + rows as f64)]);
    let width = columns * side + gaps;
    let height = ((width as f64 * flat) as usize).max(1);
    let under = caption + height + gap + caption;
    BlockLayout {
        whole: Area::new(0, 0, width, captions + height + rows * side),
        picture: Area::new(0, caption, width, height),
        first: Area::new(0, under, side, side),
        columns,
        step: (side + gap, side + gap + caption),
    }
    .or_nothing(side, (w, h))
}

fn left_of((w, h): (usize, usize), parts: &BlockParts, rows: usize, columns: usize) -> BlockLayout {
    let BlockParts { gap, caption, .. } = *parts;
    let long = parts.aspect.0 as f64 / parts.aspect.1 as f64;
    let gaps = (rows - 1) * (gap + caption);
    let down = (h as f64 - caption as f64 - gaps as f64) / rows as f64;
    let across = w as f64 - (columns * gap) as f64 - gaps as f64 * long;
    let side = side([across / (rows as f64 * long + columns as f64), down]);
    let height = rows * side + gaps;
    let width = ((height as f64 * long) as usize).max(1);
    BlockLayout {
        whole: Area::new(0, 0, width + columns * (gap + side), caption + height),
        picture: Area::new(0, caption, width, height),
        first: Area::new(width + gap, caption, side, side),
        columns,
        step: (side + gap, side + gap + caption),
    }
    .or_nothing(side, (w, h))
}

impl BlockLayout {
    /// Nothing where there is no room for a square.
    fn or_nothing(self, side: usize, (w, h): (usize, usize)) -> BlockLayout {
        match side > 0 && self.whole.w <= w && self.whole.h <= h {
            true => self,
            false => BlockLayout::default(),
        }
    }
}
