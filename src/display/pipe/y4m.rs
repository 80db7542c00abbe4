//! YUV4MPEG2, which says its size and rate itself: see `capture::pipe`'s reader.

use face8x_core::pixel::unpack_rgb;

use crate::picture::Picture;

/// What a stream begins with. Colours are those of BT.601 in the range of video, sampled once for 2x2
/// pixels: what every player and encoder takes.
pub(super) fn header((width, height): (u32, u32), fps: u32) -> Vec<u8> {
    format!("YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n").into_bytes()
}

/// Puts a frame with its line into `out`.
pub(super) fn frame(picture: &Picture, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(b"FRAME\n");
    let pixels = picture.pixels.iter();
    out.extend(pixels.map(|&pixel| luma(unpack_rgb(pixel).map(i32::from))));
    let (columns, rows) = (picture.width.div_ceil(2), picture.height.div_ceil(2));
    for plane in [blue, red] {
        for y in 0..rows {
            out.extend((0..columns).map(|x| plane(mean(picture, 2 * x, 2 * y))));
        }
    }
}

/// The mean of 2x2 pixels from (x, y) on; at an edge the last pixel counts twice.
fn mean(picture: &Picture, x: u32, y: u32) -> [i32; 3] {
    let right = (x + 1).min(picture.width - 1) as usize;
    let mut sum = [2; 3];
    for y in [y, (y + 1).min(picture.height - 1)] {
        let row = picture.row(y);
        for pixel in [row[x as usize], row[right]] {
            let channels = unpack_rgb(pixel).map(i32::from);
            (0..3).for_each(|channel| sum[channel] += channels[channel]);
        }
    }
    sum.map(|channel| channel / 4)
}

// BT.601, 8 bits, in 1/65536: Y from 16 to 235, colours from 16 to 240.

fn luma([r, g, b]: [i32; 3]) -> u8 {
    ((16_829 * r + 33_039 * g + 6_416 * b + (16 << 16) + (1 << 15)) >> 16) as u8
}

fn blue([r, g, b]: [i32; 3]) -> u8 {
    ((-9_714 * r - 19_071 * g + 28_784 * b + (128 << 16) + (1 << 15)) >> 16).clamp(16, 240) as u8
}

fn red([r, g, b]: [i32; 3]) -> u8 {
    ((28_784 * r - 24_103 * g - 4_681 * b + (128 << 16) + (1 << 15)) >> 16).clamp(16, 240) as u8
}
