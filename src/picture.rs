//! Display pixels: what is composed, and what sinks show.

/// A picture of `width` x `height` pixels, row by row without padding, each `0x00RRGGBB`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u32>,
}

impl Picture {
    /// A black picture.
    pub fn new(width: u32, height: u32) -> Self {
        Picture { width, height, pixels: vec![0; width as usize * height as usize] }
    }

    /// Takes a new size; the pixels are black where it differs from the old one, and nothing is
    /// allocated where the picture had this many pixels before.
    pub fn resize(&mut self, width: u32, height: u32) {
        if (self.width, self.height) != (width, height) {
            (self.width, self.height) = (width, height);
            self.pixels.clear();
            self.pixels.resize(width as usize * height as usize, 0);
        }
    }

    /// Row `y`, from the top.
    pub fn row(&self, y: u32) -> &[u32] {
        &self.pixels[y as usize * self.width as usize..][..self.width as usize]
    }

    /// Row `y`, to write to.
    pub fn row_mut(&mut self, y: u32) -> &mut [u32] {
        &mut self.pixels[y as usize * self.width as usize..][..self.width as usize]
    }
}

/// `0x00RRGGBB` of three channels.
pub const fn pack_rgb(r: u8, g: u8, b: u8) -> u32 {
    (r as u32) << 16 | (g as u32) << 8 | b as u32
}

/// Red, green and blue of a `0x00RRGGBB` pixel.
pub const fn unpack_rgb(pixel: u32) -> [u8; 3] {
    [(pixel >> 16) as u8, (pixel >> 8) as u8, pixel as u8]
}
