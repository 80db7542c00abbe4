//! Contact sheets.

use std::path::Path;

use face8x::geometry::{HR_SIDE, LR_SIDE};
use face8x::{Error, Result};
use image::{ImageFormat, Rgb, RgbImage};

use super::{Case, Scores};
use crate::bicubic;
use crate::files;

/// Faces of a sheet, and in a row of it.
const FACES: usize = 24;
const COLUMNS: usize = 3;

/// Writes the faces with the lowest PSNR as a picture: for each LR | bicubic | restored | target.
///
/// # Errors
/// The file cannot be written.
pub fn worst_sheet(path: &Path, cases: &[Case], scores: &Scores) -> Result<()> {
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by(|&a, &b| scores.scores[a].psnr.total_cmp(&scores.scores[b].psnr));
    order.truncate(FACES);
    draw(path, cases, scores, &order)
}

/// Writes the first faces as a picture of the same form, so that sheets can be compared.
///
/// # Errors
/// The file cannot be written.
pub fn first_sheet(path: &Path, cases: &[Case], scores: &Scores) -> Result<()> {
    let order: Vec<usize> = (0..cases.len().min(FACES)).collect();
    draw(path, cases, scores, &order)
}

fn draw(path: &Path, cases: &[Case], scores: &Scores, order: &[usize]) -> Result<()> {
    let rows = order.len().div_ceil(COLUMNS);
    let side = HR_SIDE as u32;
    let mut sheet = RgbImage::new(4 * side * COLUMNS as u32, side * rows as u32);
    for (place, &k) in order.iter().enumerate() {
        let (case, restored) = (&cases[k], &scores.restored[k]);
        let tiles = [
            &pixelated(&case.lr),
            &bicubic::enlarge(&case.lr),
            restored,
            &case.hr,
        ];
        for (t, tile) in tiles.into_iter().enumerate() {
            let x0 = ((place % COLUMNS) * 4 + t) as u32 * side;
            let y0 = (place / COLUMNS) as u32 * side;
            for (p, rgb) in tile.as_chunks::<3>().0.iter().enumerate() {
                let (x, y) = (p as u32 % side, p as u32 / side);
                sheet.put_pixel(x0 + x, y0 + y, Rgb(*rgb));
            }
        }
    }
    let mut png = std::io::Cursor::new(Vec::new());
    sheet
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|error| Error::new(format!("cannot draw {}: {error}", path.display())))?;
    files::write(path, png.get_ref())
}

/// LR with each pixel as a square.
fn pixelated(lr: &[u8]) -> Vec<u8> {
    let zoom = HR_SIDE / LR_SIDE;
    (0..HR_SIDE * HR_SIDE * 3)
        .map(|k| {
            let (p, c) = (k / 3, k % 3);
            lr[((p / HR_SIDE / zoom) * LR_SIDE + p % HR_SIDE / zoom) * 3 + c]
        })
        .collect()
}
