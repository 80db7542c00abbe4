//! What holds for frames of any size and faces of any place.

use proptest::prelude::*;

use super::resampling::{crop_at, direct_lr};
use crate::align::*;
use crate::frame::PixelFormat;
use crate::geometry::LR_SIDE;
use crate::geometry::{Point, Similarity};
use crate::testing::reference::noise_frame;

proptest! {
    #[test]
    fn a_picture_of_one_colour_gives_faces_of_it(
        width in 1u32..60, height in 1u32..60, side in 1f32..90.0, degrees in -180f32..180.0,
        x in -200f32..200.0, y in -200f32..200.0, level in 0u8..=255,
    ) {
        let mut frame = noise_frame(PixelFormat::Grey, width, height, 0, 1);
        frame.bytes.fill(level);
        let similarity = crop_at(x, y, side, degrees);
        prop_assert!(direct_lr(&frame, &similarity).iter().all(|&v| v == level));
        let mut crop = [0; 12 * 12 * 3];
        Aligner::new().crop(&frame, &similarity, 12, &mut crop).unwrap();
        prop_assert!(crop.iter().all(|&v| v == level));
    }

    /// The geometry, however the face lies: where colours rise evenly, each of the 16x16 pixels has
    /// the colour of its centre. (The outermost two reach beyond the face.)
    #[test]
    fn even_rises_stay_even(
        width in 30u32..300, height in 30u32..300, padding in 0usize..9,
        part in 0.2f32..0.55, degrees in -180f32..180.0, x in 0f32..1.0, y in 0f32..1.0,
    ) {
        let mut frame = noise_frame(PixelFormat::Rgb3, width, height, padding, 1);
        let (right, bottom) = (width as f32, height as f32);
        let colour = |x: f32, y: f32| [x / right, y / bottom, 1.0 - x / right].map(|c| 255.0 * c);
        for (y, row) in frame.bytes.chunks_exact_mut(frame.stride).enumerate() {
            for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().take(width as usize).enumerate() {
                *pixel = colour(x as f32 + 0.5, y as f32 + 0.5).map(|c| c.round() as u8);
            }
        }
        let side = part * right.min(bottom);
        let reach = 0.75 * side + 2.0;
        let within = |share: f32, length: f32| reach + share * (length - 2.0 * reach);
        let similarity = crop_at(within(x, right), within(y, bottom), side, degrees);
        let (lr, back) = (direct_lr(&frame, &similarity), similarity.invert());
        for (k, pixel) in lr.as_chunks::<3>().0.iter().enumerate() {
            let (column, row) = (k % LR_SIDE, k / LR_SIDE);
            if (2..LR_SIDE - 2).contains(&column) && (2..LR_SIDE - 2).contains(&row) {
                let at = back.apply(Point::new(8.0 * column as f32 + 4.0, 8.0 * row as f32 + 4.0));
                for (found, wanted) in pixel.iter().zip(colour(at.x, at.y)) {
                    prop_assert!((f32::from(*found) - wanted).abs() < 1.6, "{column}, {row}: {found}, {wanted}");
                }
            }
        }
    }

    #[test]
    fn no_alignment_panics(
        width in 1u32..40, height in 1u32..40,
        a in any::<f32>(), b in any::<f32>(), tx in any::<f32>(), ty in any::<f32>(),
    ) {
        let frame = noise_frame(PixelFormat::Yu12, width, height, 1, 2);
        let mut lr = [0; LR_SIDE * LR_SIDE * 3];
        let _ = Aligner::new().lr(&frame, &Similarity { a, b, tx, ty }, &mut lr);
        let near = Similarity { a: a % 4.0, b: b % 4.0, tx, ty };
        let _ = Aligner::new().lr(&frame, &near, &mut lr);
    }
}
