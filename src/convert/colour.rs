//! From YCbCr to RGB, and from RGB to luma.

use crate::picture::pack_rgb;

/// A pixel in one of the two forms that are written.
pub(super) trait Texel: Copy + Default {
    fn rgb(r: u8, g: u8, b: u8) -> Self;
}

/// Three bytes, interleaved.
impl Texel for [u8; 3] {
    fn rgb(r: u8, g: u8, b: u8) -> Self {
        [r, g, b]
    }
}

/// A display pixel, `0x00RRGGBB`.
impl Texel for u32 {
    fn rgb(r: u8, g: u8, b: u8) -> Self {
        pack_rgb(r, g, b)
    }
}

/// Fraction bits of the factors below: with 13, each fits 16 bits, and vector units multiply
/// 16-bit numbers fastest.
const BITS: u32 = 13;
const HALF: i32 = 1 << (BITS - 1);
// ITU-R BT.601 with Kr = 0.299 and Kb = 0.114 (Kg = 0.587); luma spans 16 to 235 and chroma 16 to
// 240 in the limited range (section 2.5.3), so luma is stretched by 255/219, chroma by 255/224.
/// 255/219.
const LUMA: i32 = 9539;
/// 2 (1 - Kr) 255/224.
const RED_OF_CR: i32 = 13075;
/// 2 (1 - Kr) Kr/Kg 255/224.
const GREEN_OF_CR: i32 = 6660;
/// 2 (1 - Kb) Kb/Kg 255/224.
const GREEN_OF_CB: i32 = 3209;
/// 2 (1 - Kb) 255/224.
const BLUE_OF_CB: i32 = 16525;

/// What a chroma pair adds to red, green and blue, in 1/2^[`BITS`].
#[derive(Clone, Copy)]
pub(super) struct Chroma {
    r: i32,
    g: i32,
    b: i32,
}

/// The share of the colour channels that depends on Cb and Cr alone.
#[inline(always)]
pub(super) fn chroma(cb: u8, cr: u8) -> Chroma {
    let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
    Chroma {
        r: RED_OF_CR * cr + HALF,
        g: HALF - GREEN_OF_CB * cb - GREEN_OF_CR * cr,
        b: BLUE_OF_CB * cb + HALF,
    }
}

/// The pixel with luma `y`: BT.601 in the limited range, within 1 of the exact value.
#[inline(always)]
pub(super) fn ycc<P: Texel>(y: u8, c: Chroma) -> P {
    let y = LUMA * (i32::from(y) - 16);
    let byte = |v: i32| (v >> BITS).clamp(0, 255) as u8;
    P::rgb(byte(y + c.r), byte(y + c.g), byte(y + c.b))
}

/// Luma of RGB in the full range: BT.601's Kr, Kg and Kb in 1/256.
#[inline(always)]
pub(super) fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b) + 128) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_within_one_of_the_exact_formula() {
        for cb in (0..=255).step_by(5) {
            for cr in (0..=255).step_by(5) {
                for y in 0..=255 {
                    let exact = crate::convert::reference::bt601(y, cb, cr);
                    let got: [u8; 3] = ycc(y, chroma(cb, cr));
                    for (g, e) in got.iter().zip(exact) {
                        assert!(
                            (f64::from(*g) - e).abs() <= 1.0,
                            "{y} {cb} {cr}: {got:?} {exact:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn luma_of_grey_is_itself() {
        for v in 0..=255 {
            assert_eq!(luma(v, v, v), v);
        }
        assert_eq!(
            [luma(255, 0, 0), luma(0, 255, 0), luma(0, 0, 255)],
            [77, 149, 29]
        );
    }
}
