//! A contact sheet of heatmaps.

use std::path::Path;

use face8x_core::Result;
use face8x_core::geometry::HR_SIDE;

use super::Heatmaps;
use crate::dataset::{Dataset, Split};
use crate::runner::HR_LEN;
use crate::sheet;

/// Faces of a sheet, and in a row of it.
const FACES: usize = 24;
const COLUMNS: usize = 4;
/// The colour that is laid over the picture.
const HOT: [f32; 3] = [255.0, 60.0, 0.0];

/// Draws the first faces of the dataset: for each picture | heatmap | overlay.
///
/// # Errors
/// The dataset or the heatmaps are damaged, or the file cannot be written.
pub fn draw(path: &Path, dataset: &Dataset, heatmaps: &Path) -> Result<()> {
    let heatmaps = Heatmaps::open(heatmaps, dataset)?;
    let mut faces = Vec::new();
    for split in [Split::Validation, Split::Train, Split::Test] {
        let Ok(section) = dataset.section(split) else {
            continue;
        };
        for k in 0..section.len().min(FACES - faces.len()) {
            let mut face = vec![0; HR_LEN];
            let mut heat = vec![0.0; HR_SIDE * HR_SIDE];
            section.picture(k)?.crop(0).face(0, 0, &mut face);
            heatmaps.face((split, k, 0), (0, 0), &mut heat)?;
            let map = heat
                .iter()
                .flat_map(|h| [(255.0 * h).round() as u8; 3])
                .collect();
            let over = overlay(&face, &heat);
            faces.push(vec![face, map, over]);
        }
    }
    sheet::write(path, &faces, COLUMNS)
}

fn overlay(face: &[u8], heat: &[f32]) -> Vec<u8> {
    let blend = |(rgb, h): (&[u8; 3], &f32)| {
        let share = 0.7 * h;
        [0, 1, 2].map(|c| (f32::from(rgb[c]) * (1.0 - share) + HOT[c] * share).round() as u8)
    };
    let pixels = face.as_chunks::<3>().0;
    pixels.iter().zip(heat).flat_map(blend).collect()
}
