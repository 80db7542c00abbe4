//! Edge operators on planes of grey levels, as OpenCV defines them.

/// tan(22.5 degrees) in 1/32768, as OpenCV's Canny has it.
const TAN_22: i32 = 13_573;

/// A plane of `width` columns and the index of a pixel that may lie beyond its edges.
#[derive(Clone, Copy)]
struct EdgeGrid {
    width: usize,
    height: usize,
}

impl EdgeGrid {
    fn of(len: usize, width: usize) -> Self {
        EdgeGrid {
            width,
            height: len / width.max(1),
        }
    }

    /// The pixel `(x + dx, y + dy)`, mirrored at the edge without repeating it
    /// (`BORDER_REFLECT_101`).
    fn mirrored(self, x: usize, y: usize, dx: i32, dy: i32) -> usize {
        mirror(y, dy, self.height) * self.width + mirror(x, dx, self.width)
    }

    /// The same pixel, moved to the edge where it lies beyond it (`BORDER_REPLICATE`).
    fn repeated(self, x: usize, y: usize, dx: i32, dy: i32) -> usize {
        let to = |at: usize, d: i32, n: usize| at.saturating_add_signed(d as isize).min(n - 1);
        to(y, dy, self.height) * self.width + to(x, dx, self.width)
    }

    fn pixels(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.width * self.height).map(move |k| (k % self.width, k / self.width))
    }
}

fn mirror(at: usize, d: i32, n: usize) -> usize {
    let (last, at) = (n as i32 - 1, at as i32 + d);
    if (0..=last).contains(&at) {
        return at.unsigned_abs() as usize;
    }
    if last == 0 {
        return 0;
    }
    let at = at.rem_euclid(2 * last);
    at.min(2 * last - at).unsigned_abs() as usize
}

/// The length of the gradient by Scharr's kernels (3, 10, 3), of levels from 0 to 255.
/// `grey` has a multiple of `width` pixels.
pub fn scharr(grey: &[u8], width: usize) -> Vec<f32> {
    let grid = EdgeGrid::of(grey.len(), width);
    let lengths = grid.pixels().map(|(x, y)| {
        let at = |dx: i32, dy: i32| i32::from(grey[grid.mirrored(x, y, dx, dy)]);
        let (gx, gy) = gradient(at, 3, 10);
        ((gx * gx + gy * gy) as f32).sqrt()
    });
    lengths.collect()
}

/// Derivatives by a 3x3 kernel with weights `side`, `middle`, `side` across its direction.
fn gradient(at: impl Fn(i32, i32) -> i32, side: i32, middle: i32) -> (i32, i32) {
    let across = |sum: &dyn Fn(i32) -> i32| side * (sum(-1) + sum(1)) + middle * sum(0);
    (
        across(&|t| at(1, t) - at(-1, t)),
        across(&|t| at(t, 1) - at(t, -1)),
    )
}

/// Canny's edges (Canny 1986) of levels: Sobel derivatives, |gx| + |gy| as length, thin lines,
/// hysteresis between the thresholds `low` and `high`. True on edges.
pub fn canny(grey: &[u8], width: usize, low: i32, high: i32) -> Vec<bool> {
    let grid = EdgeGrid::of(grey.len(), width);
    let gradients: Vec<(i32, i32)> = grid
        .pixels()
        .map(|(x, y)| {
            let at = |dx: i32, dy: i32| i32::from(grey[grid.repeated(x, y, dx, dy)]);
            gradient(at, 1, 2)
        })
        .collect();
    let length = |x: usize, y: usize, dx: i32, dy: i32| -> i32 {
        let x = x.checked_add_signed(dx as isize);
        let y = y.checked_add_signed(dy as isize);
        match (x, y) {
            (Some(x), Some(y)) if x < grid.width && y < grid.height => {
                let (gx, gy) = gradients[y * width + x];
                gx.abs() + gy.abs()
            }
            _ => 0,
        }
    };
    let thin: Vec<i32> = grid
        .pixels()
        .zip(&gradients)
        .map(|((x, y), &g)| {
            let here = length(x, y, 0, 0);
            let is_ridge = here > low && is_ridge(here, g, |dx, dy| length(x, y, dx, dy));
            if is_ridge { here } else { 0 }
        })
        .collect();
    connect(&thin, grid, high)
}

/// Whether no neighbour along the gradient is longer; of two equal ones only one is a ridge.
fn is_ridge(here: i32, (gx, gy): (i32, i32), length: impl Fn(i32, i32) -> i32) -> bool {
    let (x, y) = (gx.abs(), gy.abs() << 15);
    let shallow = x * TAN_22;
    if y < shallow {
        return here > length(-1, 0) && here >= length(1, 0);
    }
    if y > shallow + (x << 16) {
        return here > length(0, -1) && here >= length(0, 1);
    }
    let s = if (gx < 0) == (gy < 0) { 1 } else { -1 };
    here > length(-s, -1) && here > length(s, 1)
}

/// The ridges above `high`, and all that hang together with them.
fn connect(thin: &[i32], grid: EdgeGrid, high: i32) -> Vec<bool> {
    let mut edges: Vec<bool> = thin.iter().map(|&length| length > high).collect();
    let mut open: Vec<usize> = (0..thin.len()).filter(|&k| edges[k]).collect();
    while let Some(k) = open.pop() {
        let (x, y) = (k % grid.width, k / grid.width);
        for (dx, dy) in (0..9).map(|n| (n % 3 - 1, n / 3 - 1)) {
            // Beyond the edge this is a pixel that is a neighbour, or k, anyway.
            let next = grid.repeated(x, y, dx, dy);
            if thin[next] > 0 && !edges[next] {
                edges[next] = true;
                open.push(next);
            }
        }
    }
    edges
}

/// Gaussian mean with a window of `side` x `side` (odd) and standard deviation `sigma`.
pub fn blur(plane: &[f32], width: usize, side: usize, sigma: f32) -> Vec<f32> {
    let grid = EdgeGrid::of(plane.len(), width);
    let reach = (side / 2) as i32;
    let bell: Vec<f32> = (-reach..=reach)
        .map(|d| (-(d * d) as f32 / (2.0 * sigma * sigma)).exp())
        .collect();
    let total: f32 = bell.iter().sum();
    let mean = |plane: &[f32], dx: i32, dy: i32| -> Vec<f32> {
        let at = |x: usize, y: usize, d: i32| plane[grid.mirrored(x, y, d * dx, d * dy)];
        grid.pixels()
            .map(|(x, y)| {
                let weighted = (-reach..=reach).zip(&bell).map(|(d, w)| w * at(x, y, d));
                weighted.sum::<f32>() / total
            })
            .collect()
    };
    mean(&mean(plane, 1, 0), 0, 1)
}
