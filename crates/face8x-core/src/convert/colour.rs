//! From YCbCr to RGB, and from RGB to luma.

use crate::pixel::pack_rgb;

/// A pixel in one of the forms that are written.
pub(crate) trait Texel: Copy + Default {
    fn rgb(r: u8, g: u8, b: u8) -> Self;
}

/// Three bytes, interleaved.
impl Texel for [u8; 3] {
    #[inline(always)]
    fn rgb(r: u8, g: u8, b: u8) -> Self {
        [r, g, b]
    }
}

/// A display pixel, `0x00RRGGBB`.
impl Texel for u32 {
    #[inline(always)]
    fn rgb(r: u8, g: u8, b: u8) -> Self {
        pack_rgb(r, g, b)
    }
}

/// Four floats, 0 to 255, the last unused.
impl Texel for [f32; 4] {
    #[inline(always)]
    fn rgb(r: u8, g: u8, b: u8) -> Self {
        [r, g, b, 0].map(f32::from)
    }
}

/// The brightness of red, green and blue of full range: Kr, Kg and Kb of ITU-R BT.601.
pub const LUMA_WEIGHTS: [f32; 3] = [0.299, 0.587, 0.114];

// ITU-R BT.601 with Kr = 0.299 and Kb = 0.114 (Kg = 0.587); luma spans 16 to 235 and chroma 16 to
// 240 in the limited range (section 2.5.3), so luma is stretched by 255/219, chroma by 255/224.
// All is done in 16 bits, of which vector units work on the most at once: a sample is shifted up,
// so that the upper half of its product with a factor is the result in 1/32.
/// Fraction bits of the results.
const BITS: u32 = 5;
/// 255/219 in 1/2^14, for samples shifted by 7.
const LUMA: i16 = 19077;
/// 2 (1 - Kr) 255/224, and the next three, in 1/2^13, for samples shifted by 8.
const RED_OF_CR: i16 = 13075;
/// 2 (1 - Kr) Kr/Kg 255/224.
const GREEN_OF_CR: i16 = 6660;
/// 2 (1 - Kb) Kb/Kg 255/224.
const GREEN_OF_CB: i16 = 3209;
/// 2 (1 - Kb) 255/224.
const BLUE_OF_CB: i16 = 16525;

#[inline(always)]
fn upper_half(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 16) as i16
}

/// What Cb and Cr (0 to 255) add to red, green and blue, in 1/2^[`BITS`].
#[inline(always)]
pub(super) fn chroma(cb: i16, cr: i16) -> [i16; 3] {
    let (cb, cr) = ((cb - 128) << 8, (cr - 128) << 8);
    [
        upper_half(cr, RED_OF_CR),
        -upper_half(cb, GREEN_OF_CB) - upper_half(cr, GREEN_OF_CR),
        upper_half(cb, BLUE_OF_CB),
    ]
}

/// The pixel with luma `y` (0 to 255): BT.601 in the limited range, within 1 of the exact value.
#[inline(always)]
pub(super) fn ycc<P: Texel>(y: i16, [r, g, b]: [i16; 3]) -> P {
    let y = upper_half((y - 16) << 7, LUMA) + (1 << (BITS - 1));
    let byte = |v: i16| (v >> BITS).clamp(0, 255) as u8;
    P::rgb(byte(y + r), byte(y + g), byte(y + b))
}

/// Luma of RGB in the full range: BT.601's Kr, Kg and Kb in 1/256.
#[inline(always)]
pub(crate) fn luma(r: u8, g: u8, b: u8) -> u8 {
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
                    let exact = crate::testing::reference::bt601(y, cb, cr);
                    let got: [u8; 3] = ycc(y.into(), chroma(cb.into(), cr.into()));
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
