//! Plain references for the tests, written from the formats' definitions, pixel by pixel.

use crate::frame::{Frame, PixelFormat};

/// BT.601, limited range, in floating point and clamped: 0 to 255.
pub(crate) fn bt601(y: u8, cb: u8, cr: u8) -> [f64; 3] {
    bt601_of([y, cb, cr].map(f64::from))
}

/// The same of values between whole numbers.
pub(crate) fn bt601_of([y, cb, cr]: [f64; 3]) -> [f64; 3] {
    let (kr, kb) = (0.299, 0.114);
    let y = (y - 16.0) / 219.0;
    let pb = (cb - 128.0) / 224.0;
    let pr = (cr - 128.0) / 224.0;
    let r = y + 2.0 * (1.0 - kr) * pr;
    let b = y + 2.0 * (1.0 - kb) * pb;
    let g = (y - kr * r - kb * b) / (1.0 - kr - kb);
    [r, g, b].map(|v| (v * 255.0).clamp(0.0, 255.0))
}

/// Where the three samples of pixel (x, y) are stored.
pub(crate) fn places(frame: &Frame, x: usize, y: usize) -> [usize; 3] {
    let (s, h) = (frame.stride, frame.height as usize);
    let row = y * s;
    match frame.format {
        PixelFormat::Yuyv => {
            let group = row + x / 2 * 4;
            [group + x % 2 * 2, group + 1, group + 3]
        }
        PixelFormat::Uyvy => {
            let group = row + x / 2 * 4;
            [group + 1 + x % 2 * 2, group, group + 2]
        }
        PixelFormat::Nv12 => {
            let chroma = s * h + y / 2 * (s + s % 2) + x / 2 * 2;
            [row + x, chroma, chroma + 1]
        }
        PixelFormat::Yu12 => {
            let (cs, ch) = (s.div_ceil(2), h.div_ceil(2));
            let chroma = s * h + y / 2 * cs + x / 2;
            [row + x, chroma, chroma + cs * ch]
        }
        PixelFormat::Grey => [row + x; 3],
        PixelFormat::Rgb3 => [0, 1, 2].map(|c| row + 3 * x + c),
        PixelFormat::Bgr3 => [2, 1, 0].map(|c| row + 3 * x + c),
        PixelFormat::Mjpg => unreachable!("a JPEG has no samples"),
    }
}

/// The three stored samples of pixel (x, y).
pub(crate) fn samples(frame: &Frame, x: usize, y: usize) -> [u8; 3] {
    places(frame, x, y).map(|at| frame.bytes[at])
}

/// Whether the samples are Y, Cb and Cr.
pub(crate) fn is_ycc(format: PixelFormat) -> bool {
    matches!(
        format,
        PixelFormat::Yuyv | PixelFormat::Uyvy | PixelFormat::Nv12 | PixelFormat::Yu12
    )
}

/// Red, green and blue of pixel (x, y).
pub(crate) fn rgb(frame: &Frame, x: usize, y: usize) -> [f64; 3] {
    let [a, b, c] = samples(frame, x, y);
    if is_ycc(frame.format) {
        bt601(a, b, c)
    } else {
        [a, b, c].map(f64::from)
    }
}

/// Bytes that look random and are the same every time.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// A frame of noise, with `padding` bytes at the end of each row.
pub(crate) fn noise_frame(
    format: PixelFormat,
    width: u32,
    height: u32,
    padding: usize,
    seed: u64,
) -> Frame {
    let stride = format.min_stride(width) + padding;
    let bytes = noise(format.frame_len(stride, height), seed);
    Frame {
        format,
        width,
        height,
        stride,
        bytes,
        sequence: seed,
        ..Frame::empty()
    }
}
