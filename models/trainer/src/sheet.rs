//! Contact sheets and other pictures as files.

use std::io::Cursor;
use std::path::Path;

use face8x_core::geometry::HR_SIDE;
use face8x_core::{Error, Result};
use image::{ImageFormat, Rgb, RgbImage};

use crate::files;

/// Writes faces as one picture, `columns` in a row. Each face is a row of as many 128x128 RGB tiles.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, faces: &[Vec<Vec<u8>>], columns: usize) -> Result<()> {
    let tiles = faces.first().map_or(0, Vec::len);
    let side = HR_SIDE as u32;
    let rows = faces.len().div_ceil(columns) as u32;
    let mut sheet = RgbImage::new((tiles * columns) as u32 * side, rows * side);
    for (place, face) in faces.iter().enumerate() {
        let y0 = (place / columns) as u32 * side;
        for (t, tile) in face.iter().enumerate() {
            let x0 = (place % columns * tiles + t) as u32 * side;
            for (p, rgb) in tile.as_chunks::<3>().0.iter().enumerate() {
                let (x, y) = (p as u32 % side, p as u32 / side);
                sheet.put_pixel(x0 + x, y0 + y, Rgb(*rgb));
            }
        }
    }
    write_png(path, &sheet)
}

/// Writes a picture as PNG.
///
/// # Errors
/// The file cannot be written.
pub fn write_png(path: &Path, picture: &RgbImage) -> Result<()> {
    let mut png = Cursor::new(Vec::new());
    picture
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|error| Error::other(format!("cannot draw {}: {error}", path.display())))?;
    files::write(path, png.get_ref())
}
