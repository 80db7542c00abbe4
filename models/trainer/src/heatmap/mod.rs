//! The paper's heatmaps: how much each pixel of a face counts, by the edges of its features.
//!
//! In each feature's box the edges (half Scharr, half Canny) are brought to a maximum of 1, fade
//! towards the rim or the centre of the box, and are weighed by class; the sum over the boxes is
//! blurred and brought to a maximum of 1.
//!
//! ```text
//! YOLO-World | detections file | landmarks ──> boxes ──┐
//!                                  picture ──> edges ──┴─> heatmap ──> heatmaps.f8h
//! ```

use face8x_core::geometry::Rect;

mod classes;
mod detections;
mod edges;
mod make;
mod preview;
mod proportions;
mod store;
#[cfg(test)]
mod tests;
mod yolo;

pub use classes::{Class, Classes, Fade};
pub use make::{Boxes, HeatmapOptions, HeatmapReport, make};
pub use proportions::boxes;
pub use store::{FILE, Heatmaps};

/// Canny's thresholds for |gx| + |gy| of levels.
const CANNY: (i32, i32) = (100, 200);
/// The blur of the heatmap: side of its window, standard deviation.
const BLUR: (usize, f32) = (15, 3.0);

/// A feature of a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeatureRegion {
    /// Its number in [`Classes`].
    pub class: usize,
    /// In pixels; it may reach beyond the picture.
    pub bounds: Rect,
}

/// A feature that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeatureDetection {
    pub region: FeatureRegion,
    /// 0 to 1.
    pub score: f32,
}

/// The heatmap of a picture of grey levels, 0 to 1; all 0 where no region has an edge.
/// `grey` has a multiple of `width` pixels.
pub fn heatmap(
    grey: &[u8],
    width: usize,
    regions: &[FeatureRegion],
    classes: &Classes,
) -> Vec<f32> {
    let edges = edges(grey, width);
    let mut sum = vec![0f32; grey.len()];
    for region in regions {
        add(&mut sum, &edges, width, region, classes);
    }
    let (side, sigma) = BLUR;
    let mut heat = edges::blur(&sum, width, side, sigma);
    let most = heat.iter().copied().fold(0.0, f32::max);
    if most > 0.0 {
        heat.iter_mut().for_each(|h| *h /= most);
    }
    heat
}

/// Half Scharr, half Canny, 0 to 1.
fn edges(grey: &[u8], width: usize) -> Vec<f32> {
    let lengths = edges::scharr(grey, width);
    let most = lengths.iter().copied().fold(1e-6, f32::max);
    let lines = edges::canny(grey, width, CANNY.0, CANNY.1);
    let both = lengths.iter().zip(lines);
    both.map(|(length, line)| 0.5 * length / most + if line { 0.5 } else { 0.0 })
        .collect()
}

/// Adds a region's share.
fn add(sum: &mut [f32], edges: &[f32], width: usize, region: &FeatureRegion, classes: &Classes) {
    let (b, class) = (&region.bounds, &classes.classes[region.class]);
    let height = edges.len() / width;
    let clip = |v: f32, n: usize| (v.max(0.0) as usize).min(n);
    let columns = clip(b.x, width)..clip(b.x + b.w, width);
    let rows = clip(b.y, height)..clip(b.y + b.h, height);
    let pixels = || {
        let columns = columns.clone();
        rows.clone()
            .flat_map(move |y| columns.clone().map(move |x| (x, y)))
    };
    let most = pixels()
        .map(|(x, y)| edges[y * width + x])
        .fold(1e-6, f32::max);
    let centre = b.centre();
    for (x, y) in pixels() {
        let u = (x as f32 + 0.5 - centre.x) / (b.w / 2.0);
        let v = (y as f32 + 0.5 - centre.y) / (b.h / 2.0);
        let fade = class.fade.at(u * u + v * v);
        sum[y * width + x] += class.weight * fade * edges[y * width + x] / most;
    }
}
