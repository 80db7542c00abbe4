//! A restored face painted over the face it was made from, in the camera picture and in photographs.

use super::blit;
use super::enlarge::halve;
use super::layout::Area;
use crate::picture::Picture;
use face8x_core::geometry::{HR_SIDE, Similarity};
use face8x_core::restore::Sr;

/// Pixels of the restored face.
const PIXELS: usize = HR_SIDE * HR_SIDE;
/// Bits of the fraction of a coordinate.
const FRACTION: u32 = 16;

/// The ellipse of the face in the canonical 128x128 picture: centre and half axes. The face from
/// the hairline to the chin is inside; outside it the picture's own pixels stay.
const CENTRE: (f32, f32) = (64.0, 70.0);
const HALF_AXES: (f32, f32) = (54.0, 56.0);
/// Share of the ellipse's radius within which the restored face covers the picture completely;
/// from here to the ellipse it fades.
const SOLID: f32 = 0.6;

/// A face that is painted over the one that it was made of.
pub(crate) struct PastedFace<'a> {
    pub pixels: &'a Sr,
    /// How much of it is restored, 0 to 1: as far as the camera sees it well, the face stays as the
    /// canvas shows it.
    pub share: f32,
    pub to_canonical: &'a Similarity,
}

/// Paints restored faces into pictures. Keeps its mask and buffer.
#[derive(Debug)]
pub(crate) struct Paster {
    /// How much the restored face covers, 0 to 255.
    mask: Vec<u8>,
    /// The face with the mask, or its half, quarter, ...
    texture: Vec<u32>,
    halved: Vec<u32>,
}

impl Default for Paster {
    fn default() -> Self {
        let mask = (0..PIXELS)
            .map(|i| cover(i % HR_SIDE, i / HR_SIDE))
            .collect();
        Paster {
            mask,
            texture: vec![0; PIXELS],
            halved: Vec::with_capacity(PIXELS / 4),
        }
    }
}

/// How much the restored face covers at pixel (x, y): 255 in the middle, 0 from the ellipse on,
/// and a smooth step between (3t^2 - 2t^3).
fn cover(x: usize, y: usize) -> u8 {
    let dx = (x as f32 + 0.5 - CENTRE.0) / HALF_AXES.0;
    let dy = (y as f32 + 0.5 - CENTRE.1) / HALF_AXES.1;
    let t = ((1.0 - (dx * dx + dy * dy).sqrt()) / (1.0 - SOLID)).clamp(0.0, 1.0);
    (255.0 * t * t * (3.0 - 2.0 * t)).round() as u8
}

impl Paster {
    /// Paints `face` where it lies. `area` of the canvas shows the whole frame of `frame` pixels
    /// (width, height).
    ///
    /// Each canvas pixel is taken from the restored face by bilinear interpolation, so that its
    /// detail shows as finely as the canvas allows.
    pub(crate) fn paint(
        &mut self,
        canvas: &mut Picture,
        area: Area,
        frame: (u32, u32),
        face: &PastedFace<'_>,
    ) {
        let share = (256.0 * face.share) as u32;
        let map = TexelMap::new(area, frame, face.to_canonical).filter(|_| share > 0);
        let Some(mut map) = map else {
            return;
        };
        for ((texel, pixel), &mask) in self.texture.iter_mut().zip(face.pixels).zip(&self.mask) {
            let cover = (share * u32::from(mask)) >> 8;
            *texel = (pixel & 0xffffff) | (cover << 24);
        }
        let mut side = HR_SIDE;
        // Two or more texels to a canvas pixel would flicker.
        while map.reach() >= 2.0 && side > 4 {
            halve(side, &self.texture, &mut self.halved);
            self.texture[..self.halved.len()].copy_from_slice(&self.halved);
            side /= 2;
            map.halve();
        }
        let Some(texture) = self.texture.first_chunk::<PIXELS>() else {
            return;
        };
        for (y, row) in blit::rows(canvas, area).enumerate() {
            let (start, end) = map.span(y, side, row.len());
            if start < end {
                let (at, step) = (map.at(start, y), map.x.map(fixed));
                paint_row(&mut row[start..end], texture, side, at.map(fixed), step);
            }
        }
    }
}

fn fixed(coordinate: f64) -> i32 {
    (coordinate * f64::from(1 << FRACTION)) as i32
}

/// Mixes the texture into `row`: its first pixel lies at `at` of the texture, in fixed point.
fn paint_row(row: &mut [u32], texture: &[u32; PIXELS], side: usize, at: [i32; 2], step: [i32; 2]) {
    let [mut u, mut v] = at;
    for pixel in row {
        let first = ((v >> FRACTION) as usize)
            .wrapping_mul(side)
            .wrapping_add((u >> FRACTION) as usize);
        // Within the span every index is below PIXELS; the remainder tells the compiler so.
        let texel = |offset: usize| texture[first.wrapping_add(offset) % PIXELS];
        let part = |coordinate: i32| (coordinate >> (FRACTION - 8)) as u32 & 0xff;
        let (right, down) = (part(u), part(v));
        let both = (right * down) >> 8;
        let weighed = [
            (texel(0), 256 + both - right - down),
            (texel(1), right - both),
            (texel(side), down - both),
            (texel(side + 1), both),
        ];
        let red_blue: u32 = weighed.iter().map(|(t, w)| (t & 0xff00ff) * w).sum();
        let cover_green: u32 = weighed.iter().map(|(t, w)| (t >> 8 & 0xff00ff) * w).sum();
        let cover = cover_green >> 24;
        let face = (red_blue >> 8 & 0xff00ff) | (cover_green & 0xff00);
        *pixel = blit::mix(*pixel, face, cover + (cover >> 7));
        u = u.wrapping_add(step[0]);
        v = v.wrapping_add(step[1]);
    }
}

/// From pixels of the area to texel centres: (u, v) = x i + y j + origin.
#[derive(Debug, Clone, Copy)]
struct TexelMap {
    x: [f64; 2],
    y: [f64; 2],
    origin: [f64; 2],
}

impl TexelMap {
    /// `None` where the transform or the frame is of no use.
    fn new(area: Area, frame: (u32, u32), to_canonical: &Similarity) -> Option<Self> {
        let Similarity { a, b, tx, ty } = *to_canonical;
        if area.is_empty() || ![a, b, tx, ty].iter().all(|v| v.is_finite()) {
            return None;
        }
        let (a, b, tx, ty) = (f64::from(a), f64::from(b), f64::from(tx), f64::from(ty));
        let (sx, sy) = (
            f64::from(frame.0) / area.w as f64,
            f64::from(frame.1) / area.h as f64,
        );
        let (x, y) = ([a * sx, b * sx], [-b * sy, a * sy]);
        // Both sides' pixel centres lie half a pixel from the edge.
        let origin = [0, 1].map(|c| [tx, ty][c] + (x[c] + y[c]) / 2.0 - 0.5);
        Some(TexelMap { x, y, origin })
    }

    /// Texels to a canvas pixel.
    fn reach(&self) -> f64 {
        self.x[0].hypot(self.x[1]).max(self.y[0].hypot(self.y[1]))
    }

    /// For a texture of half the side.
    fn halve(&mut self) {
        self.x = self.x.map(|v| v / 2.0);
        self.y = self.y.map(|v| v / 2.0);
        self.origin = self.origin.map(|v| (v + 0.5) / 2.0 - 0.5);
    }

    /// The texel position of a pixel.
    fn at(&self, i: usize, j: usize) -> [f64; 2] {
        [0, 1].map(|c| self.x[c] * i as f64 + self.y[c] * j as f64 + self.origin[c])
    }

    /// The pixels of row `j`, of `width` pixels, that lie among the texel centres.
    fn span(&self, j: usize, side: usize, width: usize) -> (usize, usize) {
        let (mut start, mut end) = (0.0f64, width as f64);
        let last = side as f64 - 1.0;
        for (at, step) in self.at(0, j).into_iter().zip(self.x) {
            if step == 0.0 {
                if !(0.0..=last).contains(&at) {
                    return (0, 0);
                }
                continue;
            }
            let (one, other) = (-at / step, (last - at) / step);
            start = start.max(one.min(other).ceil());
            end = end.min(one.max(other).floor() + 1.0);
        }
        // Negative and huge values saturate.
        (start as usize, end as usize)
    }
}
