//! Rows of pixels at the frame's own size.

use super::colour::{Texel, chroma, ycc};
use super::layout::FrameLayout;
use crate::also_for_avx2;
use crate::frame::PixelFormat;

/// Writes the pixels of row `y` from column `x0` on, as many as `out` holds; they must lie within
/// the frame.
pub(super) fn row<P: Texel>(layout: &FrameLayout, y: usize, x0: usize, out: &mut [P]) {
    if out.is_empty() {
        return;
    }
    let span = layout.planes()[0].span(y, x0, x0 + out.len());
    match layout.format {
        PixelFormat::Grey => {
            out.iter_mut()
                .zip(span)
                .for_each(|(o, &v)| *o = P::rgb(v, v, v));
        }
        PixelFormat::Rgb3 => {
            let pixels = span.as_chunks::<3>().0;
            out.iter_mut()
                .zip(pixels)
                .for_each(|(o, p)| *o = P::rgb(p[0], p[1], p[2]));
        }
        PixelFormat::Bgr3 => {
            let pixels = span.as_chunks::<3>().0;
            out.iter_mut()
                .zip(pixels)
                .for_each(|(o, p)| *o = P::rgb(p[2], p[1], p[0]));
        }
        _ => subsampled_row(layout, y, x0, out),
    }
}

/// Pixels that are converted at a time; even.
const CHUNK: usize = 128;

/// Samples of a few pixels of a row, apart from each other and 16 bits wide.
struct Chunk {
    y: [i16; CHUNK],
    cb: [i16; CHUNK / 2],
    cr: [i16; CHUNK / 2],
    /// What chroma adds to red, green and blue of each pixel.
    r: [[i16; 2]; CHUNK / 2],
    g: [[i16; 2]; CHUNK / 2],
    b: [[i16; 2]; CHUNK / 2],
}

also_for_avx2! {
    /// A row of a format in which two pixels share their chroma.
    fn subsampled_row<P: Texel>(layout: &FrameLayout, y: usize, x: usize, out: &mut [P]) as subsampled_row_any
}

#[inline(always)]
fn subsampled_row_any<P: Texel>(layout: &FrameLayout, y: usize, mut x: usize, mut out: &mut [P]) {
    let mut chunk = Chunk {
        y: [0; CHUNK],
        cb: [0; CHUNK / 2],
        cr: [0; CHUNK / 2],
        r: [[0; 2]; CHUNK / 2],
        g: [[0; 2]; CHUNK / 2],
        b: [[0; 2]; CHUNK / 2],
    };
    while !out.is_empty() {
        // An odd pixel at the beginning comes with the one before it.
        let skip = x & 1;
        let count = out.len().min(CHUNK - skip);
        let (now, later) = out.split_at_mut(count);
        chunk.split(layout, y, x - skip, x + count);
        chunk.write(skip, now);
        (x, out) = (x + count, later);
    }
}

impl Chunk {
    /// Takes pixels `x0..x1` of row `y`; `x0` is even.
    #[inline(always)]
    fn split(&mut self, layout: &FrameLayout, y: usize, x0: usize, x1: usize) {
        let span = |plane: usize| layout.planes()[plane].span(y, x0, x1);
        match layout.format {
            PixelFormat::Yuyv => self.split_packed::<0>(span(0)),
            PixelFormat::Uyvy => self.split_packed::<1>(span(0)),
            PixelFormat::Nv12 => {
                widen(span(0), &mut self.y);
                let colours = self.cb.iter_mut().zip(&mut self.cr);
                for ((cb, cr), pair) in colours.zip(span(1).as_chunks::<2>().0) {
                    (*cb, *cr) = (pair[0].into(), pair[1].into());
                }
            }
            _ => {
                widen(span(0), &mut self.y);
                widen(span(1), &mut self.cb);
                widen(span(2), &mut self.cr);
            }
        }
    }

    /// Takes groups of Y Cb Y Cr, where luma comes at byte `LUMA` of two. Samples are cut out of
    /// whole words, which the compiler vectorises better than single bytes.
    #[inline(always)]
    fn split_packed<const LUMA: u32>(&mut self, groups: &[u8]) {
        for (y, pair) in self.y.iter_mut().zip(groups.as_chunks().0) {
            *y = (u16::from_le_bytes(*pair) >> (8 * LUMA) & 255) as i16;
        }
        let colours = self.cb.iter_mut().zip(&mut self.cr);
        for ((cb, cr), group) in colours.zip(groups.as_chunks().0) {
            let group = u32::from_le_bytes(*group) >> (8 - 8 * LUMA);
            (*cb, *cr) = ((group & 255) as i16, (group >> 16 & 255) as i16);
        }
    }

    /// Writes the pixels taken, without the first `skip`.
    #[inline(always)]
    fn write<P: Texel>(&mut self, skip: usize, out: &mut [P]) {
        let adds = self.r.iter_mut().zip(&mut self.g).zip(&mut self.b);
        for (((r, g), b), (&cb, &cr)) in adds.zip(self.cb.iter().zip(&self.cr)) {
            [*r, *g, *b] = chroma(cb, cr).map(|v| [v; 2]);
        }
        let [r, g, b] = [&self.r, &self.g, &self.b].map(|v| &v.as_flattened()[skip..]);
        let adds = r.iter().zip(g).zip(b);
        for ((o, &y), ((&r, &g), &b)) in out.iter_mut().zip(&self.y[skip..]).zip(adds) {
            *o = ycc(y, [r, g, b]);
        }
    }
}

#[inline(always)]
fn widen(bytes: &[u8], out: &mut [i16]) {
    out.iter_mut().zip(bytes).for_each(|(o, &v)| *o = v.into());
}
