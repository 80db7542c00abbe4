//! Where the parts of a view lie on the canvas.

mod alone;
mod block;
mod hero;
mod round;

pub(crate) use alone::{Alone, alone};
pub(crate) use block::{BlockParts, MAX_SQUARES, block};
pub(crate) use hero::{Hero, HeroRequest, Wording, Words, hero};
pub(crate) use round::{disc, square_in_disc};

/// Whole pixels of a canvas. It always lies within the canvas it was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Area {
    pub x: usize,
    pub y: usize,
    pub w: usize,
    pub h: usize,
}

impl Area {
    pub(crate) const fn new(x: usize, y: usize, w: usize, h: usize) -> Self {
        Area { x, y, w, h }
    }

    /// Whether it has no pixel.
    pub(crate) fn is_empty(&self) -> bool {
        self.w == 0 || self.h == 0
    }

    /// The column right of it.
    pub(crate) fn right(&self) -> usize {
        self.x + self.w
    }

    /// The row below it.
    pub(crate) fn bottom(&self) -> usize {
        self.y + self.h
    }

    /// What is left of it without `edge` pixels on every side.
    #[must_use]
    pub(crate) fn shrunk(&self, edge: usize) -> Self {
        let (dx, dy) = (edge.min(self.w / 2), edge.min(self.h / 2));
        Area::new(self.x + dx, self.y + dy, self.w - 2 * dx, self.h - 2 * dy)
    }

    /// What is left of it without its upper `rows` rows.
    #[must_use]
    pub(crate) fn below(&self, rows: usize) -> Self {
        let rows = rows.min(self.h);
        Area::new(self.x, self.y + rows, self.w, self.h - rows)
    }

    /// What is left of it without its lower `rows` rows.
    #[must_use]
    pub(crate) fn above(&self, rows: usize) -> Self {
        Area {
            h: self.h.saturating_sub(rows),
            ..*self
        }
    }

    /// Its lowest `rows` rows.
    #[must_use]
    pub(crate) fn foot(&self, rows: usize) -> Self {
        self.below(self.h.saturating_sub(rows))
    }

    /// The area of this size in its middle, cut to fit.
    #[must_use]
    pub(crate) fn centred(&self, w: usize, h: usize) -> Self {
        let (w, h) = (w.min(self.w), h.min(self.h));
        Area::new(self.x + (self.w - w) / 2, self.y + (self.h - h) / 2, w, h)
    }

    /// The largest area of the shape `aspect` (width : height) in its middle.
    #[must_use]
    pub(crate) fn fit(&self, (aw, ah): (usize, usize)) -> Self {
        if aw == 0 || ah == 0 {
            return self.centred(0, 0);
        }
        if self.w * ah <= self.h * aw {
            self.centred(self.w, rounded(self.w * ah, aw).max(1))
        } else {
            self.centred(rounded(self.h * aw, ah).max(1), self.h)
        }
    }
}

fn rounded(numerator: usize, denominator: usize) -> usize {
    (numerator + denominator / 2) / denominator
}

#[cfg(test)]
mod tests;
