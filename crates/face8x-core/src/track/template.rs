//! A face's pixels where it was found, to find it again in the next frames.

use super::face_square::FaceSquare;
use crate::geometry::Point;
use crate::resample::{MAX_GRID, Pyramid};

/// Side of the compared patch in sides of the face box: without its corners, which show background.
const PATCH: f32 = 0.9;
/// Samples of a side of the patch when searching far, and when searching closely.
const COARSE: usize = 12;
const FINE: usize = 24;
/// Farthest search, and closest, in samples of those patches.
const COARSE_STEPS: usize = 8;
const FINE_STEPS: usize = 2;
/// Most fine searches, each about the best of the one before.
const FINE_ROUNDS: usize = 3;
/// Sizes that are compared differ by this factor.
const ZOOM: f32 = 1.05;
/// A far match of the same patch counts that much less, at a distance of one side: squared.
const FARNESS: f32 = 0.15;
/// Patches with a smaller standard deviation, in grey levels, show nothing to match.
const MIN_CONTRAST: f32 = 2.0;

/// A face's patch at two resolutions, each with mean 0 and norm 1.
pub(super) struct Template {
    coarse: [f32; COARSE * COARSE],
    fine: [f32; FINE * FINE],
    /// Side of the box it was taken from, which decides the level of the pyramid to compare with.
    side: f32,
    usable: bool,
}

impl Template {
    /// One that matches nothing, until [`take`](Template::take).
    pub(super) fn new() -> Self {
        Template {
            coarse: [0.0; COARSE * COARSE],
            fine: [0.0; FINE * FINE],
            side: 0.0,
            usable: false,
        }
    }

    /// Takes the patch of the box at `place`.
    pub(super) fn take(&mut self, pyramid: &Pyramid, place: FaceSquare) {
        let FaceSquare { centre, side } = place;
        self.side = side;
        let spacing = PATCH * side / COARSE as f32;
        pyramid.sample(centre, spacing, spacing, COARSE, &mut self.coarse);
        let spacing = PATCH * side / FINE as f32;
        pyramid.sample(centre, spacing, spacing, FINE, &mut self.fine);
        self.usable = normalise(&mut self.coarse) && normalise(&mut self.fine);
    }

    /// Says that there is nothing to match.
    pub(super) fn forget(&mut self) {
        self.usable = false;
    }

    /// Whether it has enough contrast to be found again.
    pub(super) fn usable(&self) -> bool {
        self.usable
    }

    /// By what factor a box of `side` is larger or smaller than the one it was taken from.
    pub(super) fn zoom(&self, side: f32) -> f32 {
        (side / self.side).max(self.side / side)
    }

    /// Where the patch is now: searched up to `reach` sides (at most 0.6) from `from`, and 5 %
    /// larger and smaller. With it, the normalised cross-correlation there, -1 to 1.
    ///
    /// Two steps: a coarse search of the whole reach, then a fine one about its best, each with a
    /// quadratic surface through the best values for the fraction of a sample.
    pub(super) fn find(
        &self,
        pyramid: &Pyramid,
        from: FaceSquare,
        reach: f32,
    ) -> (FaceSquare, f32) {
        let coarse = PATCH * from.side / COARSE as f32;
        let fine = PATCH * from.side / FINE as f32;
        let detail = PATCH * self.side;
        let steps = (reach * from.side / coarse)
            .ceil()
            .clamp(1.0, COARSE_STEPS as f32) as usize;
        let mut samples = [0.0; MAX_GRID * MAX_GRID];

        let n = COARSE + 2 * steps;
        pyramid.sample(from.centre, coarse, detail / COARSE as f32, n, &mut samples);
        let farness = FARNESS * (PATCH / COARSE as f32).powi(2);
        let far = best::<COARSE>(&self.coarse, &samples[..n * n], n, farness);
        let mut centre = shift(from.centre, far, coarse);

        let n = FINE + 2 * FINE_STEPS;
        for _ in 0..FINE_ROUNDS {
            pyramid.sample(centre, fine, detail / FINE as f32, n, &mut samples);
            let close = best::<FINE>(&self.fine, &samples[..n * n], n, 0.0);
            centre = shift(centre, close, fine);
            // Nearer than half a sample, the values about the middle one lie about the true peak.
            if close.x.abs().max(close.y.abs()) < 0.5 {
                break;
            }
        }

        let mut scores = [0.0; 3];
        for (score, zoom) in scores.iter_mut().zip([1.0 / ZOOM, 1.0, ZOOM]) {
            pyramid.sample(
                centre,
                fine * zoom,
                detail / FINE as f32,
                FINE,
                &mut samples,
            );
            let columns = ColumnSums::new::<FINE>(&samples, FINE, 0);
            *score = correlation::<FINE>(&self.fine, &samples, FINE, (0, 0), &columns);
        }
        let side = from.side * ZOOM.powf(peak(scores[0], scores[1], scores[2], 1.0));
        let score = scores.into_iter().fold(-1.0, f32::max);
        (FaceSquare { centre, side }, score)
    }
}

/// Gives `patch` mean 0 and norm 1; `false` where it has too little contrast for that.
fn normalise(patch: &mut [f32]) -> bool {
    let n = patch.len() as f32;
    let mean = patch.iter().sum::<f32>() / n;
    patch.iter_mut().for_each(|v| *v -= mean);
    let norm = patch.iter().map(|v| v * v).sum::<f32>().sqrt();
    if norm < MIN_CONTRAST * n.sqrt() {
        return false;
    }
    patch.iter_mut().for_each(|v| *v /= norm);
    true
}

/// Sums of the samples, and of their squares, down each column of some rows of a grid: all patches in
/// these rows are made of them.
struct ColumnSums {
    sum: [f32; MAX_GRID],
    square: [f32; MAX_GRID],
}

impl ColumnSums {
    /// Of N rows from `y` on of a grid `n` wide.
    fn new<const N: usize>(grid: &[f32], n: usize, y: usize) -> ColumnSums {
        let (mut sum, mut square) = ([0.0; MAX_GRID], [0.0; MAX_GRID]);
        for row in grid[y * n..].chunks_exact(n).take(N) {
            for ((sum, square), sample) in sum.iter_mut().zip(&mut square).zip(row) {
                *sum += sample;
                *square += sample * sample;
            }
        }
        ColumnSums { sum, square }
    }
}

/// Correlation of `template` (N x N, normalised) with the N x N samples from (x, y) of a grid `n` wide,
/// whose rows from y on have these sums.
fn correlation<const N: usize>(
    template: &[f32],
    grid: &[f32],
    n: usize,
    (x, y): (usize, usize),
    columns: &ColumnSums,
) -> f32 {
    let mut product = [0.0; N];
    for (row, samples) in template.chunks_exact(N).zip(grid[y * n..].chunks(n)) {
        let samples = &samples[x..x + N];
        for i in 0..N {
            product[i] += row[i] * samples[i];
        }
    }
    let (mut sum, mut square) = (0.0, 0.0);
    for (of_column, of_squares) in columns.sum[x..x + N].iter().zip(&columns.square[x..x + N]) {
        sum += of_column;
        square += of_squares;
    }
    let product: f32 = product.iter().sum();
    let power = square - sum * sum / (N * N) as f32;
    if power > (MIN_CONTRAST * N as f32).powi(2) {
        product / power.sqrt()
    } else {
        0.0
    }
}

/// The offset of the best match from the middle of the grid in samples, with fractions.
fn best<const N: usize>(template: &[f32], grid: &[f32], n: usize, farness: f32) -> Point {
    const SIDE: usize = 2 * COARSE_STEPS + 1;
    let side = n - N + 1;
    let middle = (side / 2) as f32;
    let mut scores = [[0.0; SIDE]; SIDE];
    let mut at = (side / 2, side / 2);
    let columns = ColumnSums::new::<N>(grid, n, at.1);
    let mut top = correlation::<N>(template, grid, n, at, &columns);
    for (y, row) in scores[..side].iter_mut().enumerate() {
        let columns = ColumnSums::new::<N>(grid, n, y);
        for (x, score) in row[..side].iter_mut().enumerate() {
            let (dx, dy) = (x as f32 - middle, y as f32 - middle);
            let likeness = correlation::<N>(template, grid, n, (x, y), &columns);
            *score = likeness - farness * (dx * dx + dy * dy);
            if *score > top {
                (top, at) = (*score, (x, y));
            }
        }
    }
    let (x, y) = at;
    let inside = |i: usize| i > 0 && i + 1 < side;
    let part = if inside(x) && inside(y) {
        summit(std::array::from_fn(|k| {
            scores[y + k / 3 - 1][x + k % 3 - 1]
        }))
    } else {
        Point::default()
    };
    Point::new(x as f32 + part.x - middle, y as f32 + part.y - middle)
}

/// Where the quadratic surface through 3x3 values is highest, within half a step of the middle one.
/// Its mixed term matters: on diagonal stripes a parabola each way is far off.
fn summit(v: [f32; 9]) -> Point {
    let (gx, gy) = ((v[5] - v[3]) / 2.0, (v[7] - v[1]) / 2.0);
    let (bx, by) = (2.0 * v[4] - v[3] - v[5], 2.0 * v[4] - v[1] - v[7]);
    let mixed = (v[0] + v[8] - v[2] - v[6]) / 4.0;
    let det = bx * by - mixed * mixed;
    if bx > 1e-6 && by > 1e-6 && det > 0.02 * bx * by {
        let (x, y) = ((by * gx + mixed * gy) / det, (bx * gy + mixed * gx) / det);
        return Point::new(x.clamp(-0.5, 0.5), y.clamp(-0.5, 0.5));
    }
    Point::new(peak(v[3], v[4], v[5], 0.5), peak(v[1], v[4], v[7], 0.5))
}

/// Where the parabola through (-1, a), (0, b), (1, c) is highest, within `limit` of 0.
fn peak(a: f32, b: f32, c: f32, limit: f32) -> f32 {
    let bend = 2.0 * b - a - c;
    if bend > 1e-6 {
        return ((c - a) / (2.0 * bend)).clamp(-limit, limit);
    }
    if c > a {
        limit
    } else if a > c {
        -limit
    } else {
        0.0
    }
}

fn shift(from: Point, by: Point, spacing: f32) -> Point {
    Point::new(from.x + by.x * spacing, from.y + by.y * spacing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::LumaSource;
    use crate::downscaled::Downscaled;
    use crate::geometry::Rect;
    use crate::testing::scene::SquaresScene;

    /// Loads what is about the places of these tests.
    fn load(pyramid: &mut Pyramid, picture: &Downscaled) -> bool {
        pyramid.clear();
        let region = Rect::new(60.0, 20.0, 400.0, 400.0);
        pyramid.load(&LumaSource::from(picture), region, 2.0)
    }

    #[test]
    fn the_peak_of_a_parabola() {
        let parabola = |x: f32| 3.0 - 2.0 * (x - 0.3) * (x - 0.3);
        assert!((peak(parabola(-1.0), parabola(0.0), parabola(1.0), 0.5) - 0.3).abs() < 1e-5);
        assert_eq!(peak(1.0, 1.0, 1.0, 0.5), 0.0);
        assert_eq!(peak(0.0, 1.0, 2.0, 0.5), 0.5);
    }

    #[test]
    fn the_summit_of_a_slanted_ridge() {
        let surface = |x: f32, y: f32| {
            let (x, y) = (x - 0.3, y + 0.2);
            5.0 - 2.0 * x * x - 2.0 * y * y + 3.5 * x * y
        };
        let at = summit(std::array::from_fn(|k| {
            surface((k % 3) as f32 - 1.0, (k / 3) as f32 - 1.0)
        }));
        assert!(
            (at.x - 0.3).abs() < 1e-4 && (at.y + 0.2).abs() < 1e-4,
            "{at:?}"
        );
        assert_eq!(summit([1.0; 9]), Point::default());
    }

    #[test]
    fn a_correlation_by_column_sums_is_that_of_the_samples() {
        let grid: Vec<f32> = (0..400).map(|k| (k * 73 % 101) as f32).collect();
        let mut template: Vec<f32> = (0..144).map(|k| (k * 31 % 47) as f32).collect();
        assert!(normalise(&mut template));
        for y in 0..=8 {
            let columns = ColumnSums::new::<12>(&grid, 20, y);
            for x in 0..=8 {
                let rows = (y..y + 12).map(|y| &grid[20 * y + x..][..12]);
                let mut patch: Vec<f32> = rows.flatten().copied().collect();
                assert!(normalise(&mut patch));
                let exact: f32 = template.iter().zip(&patch).map(|(a, b)| a * b).sum();
                let found = correlation::<12>(&template, &grid, 20, (x, y), &columns);
                assert!((found - exact).abs() < 1e-4, "{x} {y}: {found} {exact}");
            }
        }
    }

    #[test]
    fn finds_a_face_that_moved_far_and_grew() {
        let mut scene = SquaresScene::new(640, 480, 2);
        let start = FaceSquare {
            centre: Point::new(260.0, 220.0),
            side: 130.0,
        };
        let mut pyramid = Pyramid::default();
        assert!(load(&mut pyramid, scene.draw(0, &[(1, start)])));
        let mut template = Template::new();
        template.take(&pyramid, start);
        assert!(template.usable());
        for (dx, dy, zoom) in [
            (0.0, 0.0, 1.0),
            (70.3, -30.8, 1.0),
            (-11.1, 7.7, 1.03),
            (3.5, 2.0, 0.97),
        ] {
            let centre = Point::new(start.centre.x + dx, start.centre.y + dy);
            let now = FaceSquare {
                centre,
                side: start.side * zoom,
            };
            assert!(load(&mut pyramid, scene.draw(1, &[(1, now)])));
            let (place, score) = template.find(&pyramid, start, 0.6);
            let distance = (place.centre.x - centre.x).hypot(place.centre.y - centre.y);
            assert!(
                distance < 0.6,
                "{dx} {dy} {zoom}: {distance} frame pixels off"
            );
            assert!(
                (place.side / now.side).ln().abs() < 0.01,
                "{place:?} is not {now:?}"
            );
            assert!(score > 0.95, "{score}");
        }
    }

    #[test]
    fn flat_patches_match_nothing() {
        let mut scene = SquaresScene::new(320, 240, 1);
        let mut pyramid = Pyramid::default();
        let mut picture = scene.draw(0, &[]).clone();
        picture.bytes.fill(100);
        assert!(load(&mut pyramid, &picture));
        let place = FaceSquare {
            centre: Point::new(100.0, 100.0),
            side: 60.0,
        };
        let mut template = Template::new();
        template.take(&pyramid, place);
        assert!(!template.usable());
        let (found, score) = template.find(&pyramid, place, 0.5);
        assert_eq!((found, score), (place, 0.0));
    }
}
