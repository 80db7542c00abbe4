//! Which parts of a picture are searched, and at which scale. No pixels here.
//!
//! The network finds faces whose crop has about [`COMFORTABLE`] pixels a side and more, up to those
//! that fill its input. So a picture is searched at several scales, each half as large as the one
//! before: enlarged twice for the smallest faces, as it is, and reduced until all of it fits the
//! network's input. Larger scales are cut into tiles that overlap, so that memory stays bounded and
//! a face at a tile's border is whole in its neighbour.
//!
//! A photograph is searched whole. In live pictures one tile of every scale is searched at a time, in
//! turn, and what surrounds the faces that were found before: a search then costs about the same
//! whatever the camera's resolution.

use crate::geometry::Point;

/// Lengths of the network's input are multiples of this.
const GRAIN: usize = 32;
/// Pixels that neighbouring tiles have in common: as much as the largest face has that is not found
/// at the next coarser scale.
const OVERLAP: usize = 64;
/// Faces with fewer pixels a side, at one scale, are looked for at the next finer one: as it is, the
/// network finds 80 % of those with 24 pixels and 96 % of those with 32.
const SMALLEST: u32 = 24;
/// From this side on nearly every face is found.
const COMFORTABLE: f32 = 32.0;
/// A scale is left out where the picture would be narrower.
const NARROWEST: usize = 48;
/// Side of the tile about a face that was found before.
const AROUND: usize = 128;

/// How large a picture is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SearchScale {
    /// Enlarged twice.
    Doubled,
    /// Each pixel the mean of a square block of this side; 1 is the picture as it is.
    Reduced(usize),
}

impl SearchScale {
    /// Pixels of the scaled picture to one of the frame.
    pub(super) fn zoom(self) -> f32 {
        match self {
            SearchScale::Doubled => 2.0,
            SearchScale::Reduced(factor) => 1.0 / factor as f32,
        }
    }

    /// Width and height of the scaled picture of a frame.
    pub(super) fn size(self, (width, height): (usize, usize)) -> (usize, usize) {
        match self {
            SearchScale::Doubled => (2 * width, 2 * height),
            SearchScale::Reduced(factor) => (width / factor, height / factor),
        }
    }
}

/// The sizes of input that a network takes: multiples of 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputSize {
    /// Any up to this width and height.
    UpTo(usize, usize),
    /// This width and height alone.
    Only(usize, usize),
}

/// A part of a scaled picture, as large as the network's input. It may reach beyond the picture at
/// the right and the bottom, where it is black.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    pub scale: SearchScale,
    /// The first column and row; even.
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
    /// Whether the scaled picture goes on to the left, above, to the right and below.
    pub cut: [bool; 4],
}

/// The tiles of a scale along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TileAxis {
    length: usize,
    tile: usize,
    count: usize,
}

impl TileAxis {
    fn new(length: usize, limit: usize, fixed: bool) -> TileAxis {
        let whole = length.next_multiple_of(GRAIN);
        let (count, least) = match whole <= limit {
            true => (1, whole),
            false => {
                let count = (length - OVERLAP).div_ceil(limit - OVERLAP);
                let share = (length - OVERLAP).div_ceil(count) + OVERLAP;
                (count, share.next_multiple_of(GRAIN))
            }
        };
        let tile = if fixed { limit } else { least };
        TileAxis {
            length,
            tile,
            count,
        }
    }

    /// Where tile `k` begins.
    fn start(&self, k: usize) -> usize {
        let room = self.length.saturating_sub(self.tile);
        let start = (k * room).checked_div(self.count - 1).unwrap_or(0);
        start.next_multiple_of(2)
    }
}

/// One scale and its tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PlanLevel {
    scale: SearchScale,
    columns: TileAxis,
    rows: TileAxis,
}

impl PlanLevel {
    fn new(scale: SearchScale, size: (usize, usize), input: InputSize) -> PlanLevel {
        let (width, height) = scale.size(size);
        let (w, h, fixed) = match input {
            InputSize::UpTo(w, h) => (w, h, false),
            InputSize::Only(w, h) => (w, h, true),
        };
        PlanLevel {
            scale,
            columns: TileAxis::new(width, w, fixed),
            rows: TileAxis::new(height, h, fixed),
        }
    }

    fn count(&self) -> usize {
        self.columns.count * self.rows.count
    }

    fn tile(&self, k: usize) -> Tile {
        let x = self.columns.start(k % self.columns.count);
        let y = self.rows.start(k / self.columns.count);
        self.at(x, y, self.columns.tile, self.rows.tile)
    }

    fn at(&self, x: usize, y: usize, width: usize, height: usize) -> Tile {
        let (right, below) = (
            x + width < self.columns.length,
            y + height < self.rows.length,
        );
        Tile {
            scale: self.scale,
            x,
            y,
            width,
            height,
            cut: [x > 0, y > 0, right, below],
        }
    }
}

/// How pictures of one size are searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SearchPlan {
    /// The finest first.
    levels: Vec<PlanLevel>,
    input: InputSize,
}

impl SearchPlan {
    /// How a picture of `size` is searched for faces with a side of `min_face` pixels and more, by a
    /// network with such an input.
    pub(super) fn new(size: (usize, usize), min_face: u32, input: InputSize) -> SearchPlan {
        let mut levels: Vec<PlanLevel> = Vec::new();
        if min_face < SMALLEST {
            levels.push(PlanLevel::new(SearchScale::Doubled, size, input));
        }
        let mut factor = 1;
        loop {
            let level = PlanLevel::new(SearchScale::Reduced(factor), size, input);
            let coarser = 2 * factor;
            let is_last = level.count() == 1 || size.0.min(size.1) / coarser < NARROWEST;
            if is_last || u64::from(min_face) < u64::from(SMALLEST) * coarser as u64 {
                levels.push(level);
            }
            if is_last {
                break;
            }
            factor = coarser;
        }
        SearchPlan { levels, input }
    }

    /// Every tile of every scale.
    pub(super) fn all(&self) -> impl Iterator<Item = Tile> {
        let tiles = |level: &PlanLevel| {
            let level = *level;
            (0..level.count()).map(move |k| level.tile(k))
        };
        self.levels.iter().flat_map(tiles)
    }

    /// One tile of every scale; as `turn` counts up, every tile's turn comes.
    pub(super) fn in_turn(&self, turn: usize) -> impl Iterator<Item = Tile> {
        self.levels
            .iter()
            .map(move |level| level.tile(turn % level.count()))
    }

    /// What surrounds a face with this centre and side (frame pixels), where it is not searched every
    /// time anyway.
    pub(super) fn around(&self, centre: Point, side: f32) -> Option<Tile> {
        let comfortable = |level: &&PlanLevel| side * level.scale.zoom() >= COMFORTABLE;
        let level = self.levels.iter().rev().find(comfortable);
        let level = level.or(self.levels.first())?;
        if level.count() == 1 {
            return None;
        }
        let (width, height) = match self.input {
            InputSize::UpTo(w, h) => (AROUND.min(w), AROUND.min(h)),
            InputSize::Only(w, h) => (w, h),
        };
        let zoom = level.scale.zoom();
        let start = |centre: f32, tile: usize, length: usize| {
            let first = (centre * zoom - tile as f32 / 2.0).max(0.0) as usize;
            first.min(length.saturating_sub(tile)) & !1
        };
        let x = start(centre.x, width, level.columns.length);
        let y = start(centre.y, height, level.rows.length);
        Some(level.at(x, y, width, height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: InputSize = InputSize::UpTo(704, 704);

    fn shape(plan: &SearchPlan) -> Vec<(f32, usize, (usize, usize))> {
        let levels = plan.levels.iter();
        levels
            .map(|l| (l.scale.zoom(), l.count(), (l.columns.tile, l.rows.tile)))
            .collect()
    }

    #[test]
    fn a_camera_picture_is_searched_as_it_is_and_enlarged_in_four_tiles() {
        let plan = SearchPlan::new((640, 480), 12, ANY);
        assert_eq!(shape(&plan), [(2.0, 4, (672, 512)), (1.0, 1, (640, 480))]);
        let starts: Vec<_> = plan.all().map(|tile| (tile.x, tile.y)).collect();
        assert_eq!(starts, [(0, 0), (608, 0), (0, 448), (608, 448), (0, 0)]);
        let turns: Vec<_> = (0..5).flat_map(|turn| plan.in_turn(turn)).collect();
        assert_eq!(turns.len(), 10);
        assert_eq!((turns[0], turns[1]), (turns[8], turns[9]));
    }

    #[test]
    fn the_smallest_face_bounds_the_scales() {
        for (min_face, zooms) in [
            (1, &[2.0, 1.0, 0.5, 0.25][..]),
            (23, &[2.0, 1.0, 0.5, 0.25]),
            (24, &[1.0, 0.5, 0.25]),
            (47, &[1.0, 0.5, 0.25]),
            (48, &[0.5, 0.25]),
            (96, &[0.25]),
            (u32::MAX, &[0.25]),
        ] {
            let plan = SearchPlan::new((1920, 1080), min_face, ANY);
            let found: Vec<f32> = plan.levels.iter().map(|l| l.scale.zoom()).collect();
            assert_eq!(found, zooms, "{min_face}");
        }
    }

    #[test]
    fn tiles_of_any_picture_cover_it_and_overlap() {
        let lengths = [1, 2, 16, 31, 33, 320, 704, 705, 1080, 4000, 8192];
        for input in [ANY, InputSize::Only(320, 320), InputSize::UpTo(96, 160)] {
            for (width, height) in lengths.iter().flat_map(|w| lengths.map(|h| (*w, h))) {
                let plan = SearchPlan::new((width, height), 12, input);
                for level in &plan.levels {
                    for axis in [level.columns, level.rows] {
                        assert!(
                            axis.tile.is_multiple_of(GRAIN),
                            "{width}x{height}: {axis:?}"
                        );
                        assert_eq!(axis.start(0), 0);
                        let last = axis.start(axis.count - 1);
                        assert!(last + axis.tile >= axis.length, "{axis:?}");
                        for k in 1..axis.count {
                            let common = axis.start(k - 1) + axis.tile - axis.start(k);
                            assert!(common + 4 >= OVERLAP, "{axis:?}");
                        }
                    }
                }
                let last = plan.levels.last().unwrap();
                let (w, h) = last.scale.size((width, height));
                assert!(
                    last.count() == 1 || w.min(h) < 2 * NARROWEST,
                    "{width}x{height}"
                );
                assert!(w > 0 && h > 0);
            }
        }
    }

    #[test]
    fn tiles_know_where_the_picture_goes_on() {
        let plan = SearchPlan::new((640, 480), 12, ANY);
        let cuts: Vec<_> = plan.all().map(|tile| tile.cut).collect();
        let [no, yes] = [false, true];
        assert_eq!(cuts[0], [no, no, yes, yes]);
        assert_eq!(cuts[3], [yes, yes, no, no]);
        assert_eq!(cuts[4], [no; 4]);
    }

    #[test]
    fn only_faces_that_are_not_seen_every_time_are_looked_after() {
        let plan = SearchPlan::new((640, 480), 12, ANY);
        assert_eq!(plan.around(Point::new(300.0, 200.0), 40.0), None);
        let tile = plan.around(Point::new(300.0, 200.0), 16.0).unwrap();
        assert_eq!(
            (tile.scale, tile.x, tile.y),
            (SearchScale::Doubled, 536, 336)
        );
        assert_eq!((tile.width, tile.height, tile.cut), (128, 128, [true; 4]));
        let corner = plan.around(Point::new(638.0, -3.0), 16.0).unwrap();
        assert_eq!((corner.x, corner.y), (1280 - 128, 0));
        let large = SearchPlan::new((1920, 1080), 12, ANY);
        for (side, scale) in [
            (20.0, SearchScale::Doubled),
            (50.0, SearchScale::Reduced(1)),
            (70.0, SearchScale::Reduced(2)),
        ] {
            let tile = large.around(Point::new(500.0, 500.0), side).unwrap();
            assert_eq!(tile.scale, scale);
        }
        assert_eq!(large.around(Point::new(500.0, 500.0), 200.0), None);
        let tiny = SearchPlan::new((1, 1), 12, ANY);
        assert_eq!(tiny.around(Point::default(), 16.0), None);
    }
}
