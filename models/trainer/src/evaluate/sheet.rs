//! Contact sheets.

use std::path::Path;

use face8x_core::Result;
use face8x_core::geometry::{HR_SIDE, LR_SIDE};

use super::{Case, Scores};
use crate::{bicubic, sheet};

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
    let tiles = |&k: &usize| {
        let case: &Case = &cases[k];
        vec![
            pixelated(&case.lr),
            bicubic::enlarge(&case.lr),
            scores.restored[k].clone(),
            case.hr.clone(),
        ]
    };
    let faces: Vec<_> = order.iter().map(tiles).collect();
    sheet::write(path, &faces, COLUMNS)
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
