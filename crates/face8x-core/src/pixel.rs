//! Display pixels, `0x00RRGGBB`, as networks give them and displays take them; and the pictures of
//! a face that go from stage to stage.

use crate::geometry::{HR_SIDE, LR_SIDE};

/// The network's input: 16x16 RGB, interleaved, 8 bits a channel.
pub type Lr = [u8; LR_SIDE * LR_SIDE * 3];

/// A canonical face: 128x128 RGB, interleaved, 8 bits a channel.
pub type Hr = [u8; HR_SIDE * HR_SIDE * 3];

/// The network's output: 128x128 display pixels, row by row.
pub type Sr = [u32; HR_SIDE * HR_SIDE];

/// `0x00RRGGBB` of three channels.
pub const fn pack_rgb(r: u8, g: u8, b: u8) -> u32 {
    (r as u32) << 16 | (g as u32) << 8 | b as u32
}

/// Red, green and blue of a `0x00RRGGBB` pixel.
pub const fn unpack_rgb(pixel: u32) -> [u8; 3] {
    [(pixel >> 16) as u8, (pixel >> 8) as u8, pixel as u8]
}
