//! Drawing on a photograph as on what displays show.

use image::{Rgb, RgbImage};

use crate::picture::Picture;
use face8x_core::pixel::{pack_rgb, unpack_rgb};

/// Lets `draw` draw on `picture`.
pub(super) fn draw_on(picture: &mut RgbImage, draw: impl FnOnce(&mut Picture)) {
    let (width, height) = picture.dimensions();
    let pixels = picture.pixels().map(|&Rgb([r, g, b])| pack_rgb(r, g, b));
    let mut canvas = Picture {
        width,
        height,
        pixels: pixels.collect(),
    };
    draw(&mut canvas);
    for (pixel, &drawn) in picture.pixels_mut().zip(&canvas.pixels) {
        *pixel = Rgb(unpack_rgb(drawn));
    }
}
