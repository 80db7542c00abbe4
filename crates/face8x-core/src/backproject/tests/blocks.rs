//! The values of blocks at pixels.

use super::super::blocks::{BLOCK, BLOCKS, for_each_pixel, value_at};
use crate::geometry::HR_SIDE;

#[test]
fn each_pixel_gets_what_lies_between_the_blocks_around_it() {
    // Two corners, and an isolated block.
    let mut values = [0.0; BLOCKS * BLOCKS];
    for (at, value) in [(0, 0.7), (BLOCKS * BLOCKS - 1, 1.0), (5 * BLOCKS + 9, 0.4)] {
        values[at] = value;
    }
    let mut got = vec![0.0; HR_SIDE * HR_SIDE];
    let mut calls = 0;
    for_each_pixel(&values, |pixel, value| {
        got[pixel] = value;
        calls += 1;
    });
    for (k, got) in got.iter().enumerate() {
        let place = |at: usize| (at as f32 + 0.5) / BLOCK as f32;
        let want = value_at(&values, place(k % HR_SIDE), place(k / HR_SIDE));
        assert!((got - want).abs() < 1e-6, "pixel {k}: {got}, not {want}");
    }
    // A corner is seen by 12x12 pixels, a block by 16x16.
    assert_eq!(calls, 144 + 144 + 256);
}
