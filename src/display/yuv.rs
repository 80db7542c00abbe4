//! Pictures as luma and colours, for other programs: BT.601 in the range of video.

use face8x_core::pixel::unpack_rgb;

use crate::picture::Picture;

/// Adds the planes Y, U and V, with colours for 2x2 pixels each (YU12, y4m's C420jpeg).
pub(super) fn add_planes(picture: &Picture, out: &mut Vec<u8>) {
    add_luma(picture, out);
    let (columns, rows) = (picture.width.div_ceil(2), picture.height.div_ceil(2));
    for plane in [blue, red] {
        for y in 0..rows {
            out.extend((0..columns).map(|x| plane(mean(picture, 2 * x, 2 * y))));
        }
    }
}

/// Adds the plane Y, and one of U and V in turns (NV12).
#[cfg(feature = "v4l2")]
pub(super) fn add_two_planes(picture: &Picture, out: &mut Vec<u8>) {
    add_luma(picture, out);
    let (columns, rows) = (picture.width.div_ceil(2), picture.height.div_ceil(2));
    for y in 0..rows {
        out.extend((0..columns).flat_map(|x| {
            let pixels = mean(picture, 2 * x, 2 * y);
            [blue(pixels), red(pixels)]
        }));
    }
}

/// Adds Y, U, Y and V of two pixels beside each other in turns (YUYV). The width is even.
#[cfg(feature = "v4l2")]
pub(super) fn add_pairs(picture: &Picture, out: &mut Vec<u8>) {
    let (pairs, _) = picture.pixels.as_chunks::<2>();
    out.extend(pairs.iter().flat_map(|pair| {
        let [left, right] = pair.map(|pixel| unpack_rgb(pixel).map(i32::from));
        let mean = std::array::from_fn(|channel| (left[channel] + right[channel] + 1) / 2);
        [luma(left), blue(mean), luma(right), red(mean)]
    }));
}

fn add_luma(picture: &Picture, out: &mut Vec<u8>) {
    let pixels = picture.pixels.iter();
    out.extend(pixels.map(|&pixel| luma(unpack_rgb(pixel).map(i32::from))));
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
