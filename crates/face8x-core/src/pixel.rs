//! Display pixels: `0x00RRGGBB`, as networks give them and displays take them.

/// `0x00RRGGBB` of three channels.
pub const fn pack_rgb(r: u8, g: u8, b: u8) -> u32 {
    (r as u32) << 16 | (g as u32) << 8 | b as u32
}

/// Red, green and blue of a `0x00RRGGBB` pixel.
pub const fn unpack_rgb(pixel: u32) -> [u8; 3] {
    [(pixel >> 16) as u8, (pixel >> 8) as u8, pixel as u8]
}
