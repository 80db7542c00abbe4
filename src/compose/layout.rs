//! Where the parts of a view lie on the canvas.

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

/// Where the three pictures of the side-by-side view lie; above each is room for its caption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trio {
    pub camera: Area,
    pub lr: Area,
    pub sr: Area,
}

impl Trio {
    /// All rows of `inside`, with the columns from the leftmost picture to the rightmost.
    pub(crate) fn columns(&self, inside: Area) -> Area {
        let left = self.camera.x.min(self.lr.x);
        let right = self.camera.right().max(self.sr.right());
        Area {
            x: left,
            w: right - left,
            ..inside
        }
    }
}

/// Squares at least this large are made a multiple of 16, so that every one of the 16x16 pixels
/// is magnified equally.
const EVEN_FROM: usize = 128;

/// Arranges camera, LR and SR within `inside`, with `gap` between pictures and `caption` rows
/// above each: in a row, in two rows, or stacked, whichever makes the restored face largest.
pub(crate) fn trio(inside: Area, aspect: (usize, usize), gap: usize, caption: usize) -> Trio {
    let ways = [row, two_rows, stack].map(|way| way(inside, aspect, gap, caption));
    let mut best = ways[0];
    for way in &ways[1..] {
        if way.sr.w > best.sr.w {
            best = *way;
        }
    }
    best
}

fn even(side: usize) -> usize {
    if side < EVEN_FROM {
        side
    } else {
        side / 16 * 16
    }
}

/// Camera, LR and SR beside each other, all of the same height.
fn row(inside: Area, (aw, ah): (usize, usize), gap: usize, caption: usize) -> Trio {
    let width = inside.w.saturating_sub(2 * gap);
    let fits = (width * ah).checked_div(aw + 2 * ah).unwrap_or(0);
    let side = even(fits.min(inside.h.saturating_sub(caption)));
    let camera_w = (side * aw)
        .checked_div(ah)
        .unwrap_or(0)
        .min(width.saturating_sub(2 * side));
    let all = inside
        .centred(camera_w + 2 * side + 2 * gap, side + caption)
        .below(caption);
    let at = |x: usize, w: usize| Area::new((all.x + x).min(all.right()), all.y, w, side);
    Trio {
        camera: at(0, camera_w),
        lr: at(camera_w + gap, side),
        sr: at(camera_w + side + 2 * gap, side),
    }
}

/// The camera above, LR and SR beside each other below it.
fn two_rows(inside: Area, aspect: (usize, usize), gap: usize, caption: usize) -> Trio {
    let width = inside.w.saturating_sub(gap);
    let height = inside.h.saturating_sub(gap + 2 * caption);
    let side = even((width / 2).min(height / 2));
    let camera = Area::new(0, 0, inside.w, height - side).fit(aspect);
    let all = inside.centred(inside.w, camera.h + side + gap + 2 * caption);
    let top = all.below(caption).above(side + gap + caption);
    let bottom = all.foot(side).centred(2 * side + gap, side);
    Trio {
        camera: top.centred(camera.w, camera.h),
        lr: Area { w: side, ..bottom },
        sr: Area {
            x: bottom.right() - side,
            w: side,
            ..bottom
        },
    }
}

/// Camera, LR and SR below each other.
fn stack(inside: Area, aspect: (usize, usize), gap: usize, caption: usize) -> Trio {
    let height = inside.h.saturating_sub(2 * gap + 3 * caption);
    let side = even(inside.w.min(height / 3));
    let camera = Area::new(0, 0, inside.w, height - 2 * side).fit(aspect);
    let all = inside.centred(inside.w, camera.h + 2 * side + 2 * gap + 3 * caption);
    let lr = all.above(gap + caption + side).foot(side);
    Trio {
        camera: all
            .below(caption)
            .above(2 * (side + gap + caption))
            .centred(camera.w, camera.h),
        lr: lr.centred(side, side),
        sr: all.foot(side).centred(side, side),
    }
}

/// Where the camera and the tiles of the strip view lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strip {
    /// Where the camera picture may lie.
    pub camera: Area,
    /// The first tile.
    first: Area,
    /// Tiles of a row.
    columns: usize,
    gap: usize,
}

impl Strip {
    /// The tile of this index, from the left and from above.
    pub(crate) fn tile(&self, index: usize) -> Area {
        let step = self.first.w + self.gap;
        let (column, row) = (index % self.columns, index / self.columns);
        Area {
            x: self.first.x + column * step,
            y: self.first.y + row * step,
            ..self.first
        }
    }
}

/// Arranges the camera above `faces` square tiles (1 to 8) within `inside`.
///
/// The number of places is the next power of two, so that tiles seldom change their size as
/// people come and go.
pub(crate) fn strip(inside: Area, faces: usize, gap: usize) -> Strip {
    let slots = faces.clamp(1, 8).next_power_of_two();
    let room = inside.h * 45 / 100;
    let (mut side, mut columns) = (0, 1);
    for candidate in [8, 4, 2, 1].into_iter().filter(|&c| c <= slots) {
        let rows = slots / candidate;
        let fits_w = inside.w.saturating_sub((candidate - 1) * gap) / candidate;
        let fits_h = room.saturating_sub((rows - 1) * gap) / rows;
        if fits_w.min(fits_h) > side {
            (side, columns) = (fits_w.min(fits_h), candidate);
        }
    }
    let rows = faces.clamp(1, 8).div_ceil(columns);
    let tiles = inside.foot(rows * side + (rows - 1) * gap).centred(
        faces.clamp(1, columns) * (side + gap) - gap.min(side + gap),
        usize::MAX,
    );
    Strip {
        camera: inside.above(inside.bottom() - tiles.y + gap),
        first: Area {
            w: side,
            h: side,
            ..tiles
        },
        columns,
        gap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    #[test]
    fn a_shape_is_fitted_into_the_middle() {
        let area = Area::new(10, 20, 100, 50);
        assert_eq!(area.fit((4, 2)), area);
        assert_eq!(area.fit((1, 1)), Area::new(35, 20, 50, 50));
        assert_eq!(area.fit((10, 1)), Area::new(10, 40, 100, 10));
        assert_eq!(area.fit((5000, 1)).h, 1);
        assert!(area.fit((0, 3)).is_empty());
    }

    #[test]
    fn the_three_pictures_lie_as_the_screen_does() {
        let arranged = |w, h| trio(Area::new(0, 0, w, h), (4, 3), 8, 16);
        let wide = arranged(960, 300);
        assert_eq!(
            (wide.camera.y, wide.lr.y, wide.sr.y),
            (wide.sr.y, wide.sr.y, wide.sr.y)
        );
        assert_eq!(wide.camera.h, wide.sr.h);
        assert!(wide.camera.right() < wide.lr.x && wide.lr.right() < wide.sr.x);
        let tall = arranged(240, 800);
        assert!(tall.camera.bottom() < tall.lr.y && tall.lr.bottom() < tall.sr.y);
        let square = arranged(480, 480);
        assert!(square.camera.bottom() < square.lr.y && square.lr.y == square.sr.y);
    }

    #[test]
    fn large_squares_magnify_every_pixel_equally() {
        for w in 500..1500 {
            let side = trio(Area::new(0, 0, w, 600), (4, 3), 8, 16).lr.w;
            assert!(side < EVEN_FROM || side.is_multiple_of(16), "{side} at {w}");
        }
    }

    proptest! {
        #[test]
        fn the_three_pictures_stay_apart_and_inside(
            inside in (0usize..50, 0usize..50, 0usize..2000, 0usize..2000),
            aspect in (0usize..4000, 0usize..4000),
            gap in 0usize..30,
            caption in 0usize..30,
        ) {
            let inside = Area::new(inside.0, inside.1, inside.2, inside.3);
            let Trio { camera, lr, sr } = trio(inside, aspect, gap, caption);
            prop_assert_eq!((lr.w, lr.h, lr.w), (sr.w, sr.h, sr.h));
            for area in [camera, lr, sr] {
                prop_assert!(area.is_empty() || within(area, inside), "{area:?} in {inside:?}");
            }
            prop_assert!(apart(camera, lr) && apart(lr, sr) && apart(camera, sr));
        }

        #[test]
        fn tiles_stay_apart_and_inside(
            w in 0usize..2000,
            h in 0usize..2000,
            faces in 0usize..9,
            gap in 0usize..30,
        ) {
            let inside = Area::new(3, 5, w, h);
            let strip = strip(inside, faces, gap);
            prop_assert!(strip.camera.is_empty() || within(strip.camera, inside));
            for i in 0..faces {
                let tile = strip.tile(i);
                prop_assert_eq!(tile.w, tile.h);
                prop_assert!(tile.is_empty() || within(tile, inside), "{tile:?} in {inside:?}");
                prop_assert!(apart(tile, strip.camera));
                prop_assert!((0..i).all(|j| apart(tile, strip.tile(j))));
            }
        }
    }
}
