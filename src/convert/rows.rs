//! Rows of pixels at the frame's own size.

use super::colour::{Texel, chroma, ycc};
use super::layout::Layout;
use crate::frame::PixelFormat;

/// Writes the pixels of row `y` from column `x0` on, as many as `out` holds; they must lie within
/// the frame.
pub(super) fn row<P: Texel>(layout: &Layout, y: usize, x0: usize, out: &mut [P]) {
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

/// A row of a format in which two pixels share their chroma: an odd pixel at either end goes by
/// itself, what is between in pairs.
fn subsampled_row<P: Texel>(layout: &Layout, y: usize, x0: usize, out: &mut [P]) {
    let (head, rest) = out.split_at_mut(x0 & 1);
    let (pairs, tail) = rest.as_chunks_mut::<2>();
    let first = x0 + head.len();
    let end = first + 2 * pairs.len();
    for p in head {
        *p = single(layout, y, x0);
    }
    for p in tail {
        *p = single(layout, y, end);
    }
    if !pairs.is_empty() {
        write_pairs(layout, y, first, end, pairs);
    }
}

/// Pixels `first..end` (both even) of row `y`.
fn write_pairs<P: Texel>(
    layout: &Layout,
    y: usize,
    first: usize,
    end: usize,
    pairs: &mut [[P; 2]],
) {
    let span = |plane: usize| layout.planes()[plane].span(y, first, end);
    match layout.format {
        PixelFormat::Yuyv => {
            for (out, &[y0, cb, y1, cr]) in pairs.iter_mut().zip(span(0).as_chunks().0) {
                *out = pair(y0, y1, cb, cr);
            }
        }
        PixelFormat::Uyvy => {
            for (out, &[cb, y0, cr, y1]) in pairs.iter_mut().zip(span(0).as_chunks().0) {
                *out = pair(y0, y1, cb, cr);
            }
        }
        PixelFormat::Nv12 => {
            let colours = span(1).as_chunks().0;
            for ((out, &[y0, y1]), &[cb, cr]) in
                pairs.iter_mut().zip(span(0).as_chunks().0).zip(colours)
            {
                *out = pair(y0, y1, cb, cr);
            }
        }
        _ => {
            let colours = span(1).iter().zip(span(2));
            for ((out, &[y0, y1]), (&cb, &cr)) in
                pairs.iter_mut().zip(span(0).as_chunks().0).zip(colours)
            {
                *out = pair(y0, y1, cb, cr);
            }
        }
    }
}

#[inline(always)]
fn pair<P: Texel>(y0: u8, y1: u8, cb: u8, cr: u8) -> [P; 2] {
    let c = chroma(cb, cr);
    [ycc(y0, c), ycc(y1, c)]
}

/// One pixel of a format with Y, Cb and Cr.
fn single<P: Texel>(layout: &Layout, y: usize, x: usize) -> P {
    let [luma, cb, cr] = layout.components.map(|c| {
        let plane = &layout.planes()[c.plane];
        plane.span(y, x, x + 1)[c.offset + (x >> c.h) * c.step - (x >> plane.h) * plane.step]
    });
    ycc(luma, chroma(cb, cr))
}
