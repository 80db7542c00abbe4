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

/// Where the four pictures of the side-by-side view lie; above each is room for its caption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Quartet {
    pub camera: Area,
    pub lr: Area,
    pub sr: Area,
    /// The final picture.
    pub last: Area,
}

impl Quartet {
    /// All rows of `inside`, with the columns from the leftmost picture to the rightmost.
    pub(crate) fn columns(&self, inside: Area) -> Area {
        let all = [self.camera, self.lr, self.sr, self.last];
        let left = all.iter().map(|area| area.x).min().unwrap_or(inside.x);
        let right = all.iter().map(Area::right).max().unwrap_or(inside.x);
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

/// Ways to arrange the pictures: how many stand in each row, the camera first.
const WAYS: [&[usize]; 5] = [&[4], &[2, 2], &[1, 3], &[1, 2, 1], &[1, 1, 1, 1]];

/// Arranges camera, LR, SR and the final picture within `inside`, with `gap` between pictures and
/// `caption` rows above each, in the way that makes the squares largest.
pub(crate) fn quartet(inside: Area, aspect: (usize, usize), gap: usize, caption: usize) -> Quartet {
    let ways = WAYS.map(|rows| arranged(rows, inside, aspect, gap, caption));
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

/// The pictures in these rows. A camera that stands alone in its row gets what the squares leave,
/// and otherwise it is as high as they are.
fn arranged(
    rows: &[usize],
    inside: Area,
    (aw, ah): (usize, usize),
    gap: usize,
    caption: usize,
) -> Quartet {
    let below = rows.len() - 1;
    let height = inside.h.saturating_sub(below * gap + rows.len() * caption);
    let fits = |(row, &count): (usize, &usize)| {
        let width = inside.w.saturating_sub((count - 1) * gap);
        match (row, count) {
            (0, 1) => usize::MAX,
            (0, _) => (width * ah).checked_div(aw + (count - 1) * ah).unwrap_or(0),
            _ => width / count,
        }
    };
    let across = rows.iter().enumerate().map(fits).min().unwrap_or(0);
    let side = even(across.min(height / rows.len()));
    let (camera_w, camera_h) = if rows[0] == 1 {
        let camera = Area::new(0, 0, inside.w, height - below * side).fit((aw, ah));
        (camera.w, camera.h)
    } else {
        let room = inside.w.saturating_sub((rows[0] - 1) * (side + gap));
        ((side * aw).checked_div(ah).unwrap_or(0).min(room), side)
    };
    let all = inside.centred(
        inside.w,
        camera_h + below * (side + gap) + rows.len() * caption,
    );
    let mut places = [Area::default(); 4];
    let (mut next, mut y) = (0, all.y);
    for &count in rows {
        let (first_w, h) = if next == 0 {
            (camera_w, camera_h)
        } else {
            (side, side)
        };
        let row = all.centred(first_w + (count - 1) * (side + gap), usize::MAX);
        let (mut x, mut w) = (row.x, first_w);
        y += caption;
        for place in &mut places[next..next + count] {
            *place = Area::new(x, y, w, h);
            x += w + gap;
            w = side;
        }
        next += count;
        y += h + gap;
    }
    let [camera, lr, sr, last] = places;
    Quartet {
        camera,
        lr,
        sr,
        last,
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
    fn the_four_pictures_lie_as_the_screen_does() {
        let arranged = |w, h| quartet(Area::new(0, 0, w, h), (4, 3), 8, 16);
        let wide = arranged(1200, 300);
        assert!(
            [wide.camera, wide.lr, wide.sr]
                .iter()
                .all(|area| area.y == wide.last.y)
        );
        assert_eq!(wide.camera.h, wide.last.h);
        assert!(wide.camera.right() < wide.lr.x && wide.lr.right() < wide.sr.x);
        assert!(wide.sr.right() < wide.last.x);
        let tall = arranged(240, 1200);
        assert!(tall.camera.bottom() < tall.lr.y && tall.lr.bottom() < tall.sr.y);
        assert!(tall.sr.bottom() < tall.last.y);
        let square = arranged(480, 480);
        assert!(square.camera.y == square.lr.y && square.sr.y == square.last.y);
        assert!(square.camera.bottom() < square.sr.y);
    }

    #[test]
    fn large_squares_magnify_every_pixel_equally() {
        for w in 500..1500 {
            let side = quartet(Area::new(0, 0, w, 600), (4, 3), 8, 16).lr.w;
            assert!(side < EVEN_FROM || side.is_multiple_of(16), "{side} at {w}");
        }
    }

    proptest! {
        #[test]
        fn the_four_pictures_stay_apart_and_inside(
            inside in (0usize..50, 0usize..50, 0usize..2000, 0usize..2000),
            aspect in (0usize..4000, 0usize..4000),
            gap in 0usize..30,
            caption in 0usize..30,
        ) {
            let inside = Area::new(inside.0, inside.1, inside.2, inside.3);
            let Quartet { camera, lr, sr, last } = quartet(inside, aspect, gap, caption);
            let areas = [camera, lr, sr, last];
            for area in [lr, sr, last] {
                prop_assert_eq!((area.w, area.h), (sr.w, sr.w));
            }
            for (k, area) in areas.iter().enumerate() {
                prop_assert!(area.is_empty() || within(*area, inside), "{area:?} in {inside:?}");
                prop_assert!(areas[..k].iter().all(|other| apart(*area, *other)));
            }
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
