//! Pictures into a display's memory: the display's pixel layout, row length and place.

use std::ops::Range;

use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};

/// Where one colour lies in a pixel: `length` bits from bit `offset` up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Channel {
    pub offset: u32,
    pub length: u32,
}

impl Channel {
    const fn new(offset: u32, length: u32) -> Self {
        Channel { offset, length }
    }

    /// All its bits.
    const fn mask(self) -> u32 {
        (((1u64 << self.length) - 1) << self.offset) as u32
    }

    /// An 8-bit `value` in its place: the highest bits where it is narrower, and repeated from the
    /// top where it is wider, so that 255 is always all ones.
    fn place(self, value: u8) -> u32 {
        let value = u32::from(value) * 0x0101;
        (value >> (16 - self.length)) << self.offset
    }
}

/// The form of a pixel in a display's memory, in little-endian order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PixelLayout {
    /// Bytes of a pixel: 2, 3 or 4.
    pub bytes: usize,
    pub red: Channel,
    pub green: Channel,
    pub blue: Channel,
    /// Opacity, of length 0 where there is none; always written as opaque.
    pub alpha: Channel,
}

impl PixelLayout {
    /// DRM's XRGB8888, and the usual 32-bit framebuffer.
    pub(crate) const XRGB8888: PixelLayout = PixelLayout {
        bytes: 4,
        red: Channel::new(16, 8),
        green: Channel::new(8, 8),
        blue: Channel::new(0, 8),
        alpha: Channel::new(0, 0),
    };

    /// DRM's RGB565, the usual 16-bit framebuffer, and SPI panels.
    pub(crate) const RGB565: PixelLayout = PixelLayout {
        bytes: 2,
        red: Channel::new(11, 5),
        green: Channel::new(5, 6),
        blue: Channel::new(0, 5),
        alpha: Channel::new(0, 0),
    };

    /// A layout of `bits_per_pixel` bits.
    ///
    /// # Errors
    /// Not 16, 24 or 32 bits, or a colour that is missing or reaches outside the pixel.
    pub(crate) fn new(
        bits_per_pixel: u32,
        [red, green, blue, alpha]: [Channel; 4],
    ) -> Result<Self> {
        if !matches!(bits_per_pixel, 16 | 24 | 32) {
            let message = format!("{bits_per_pixel} bits per pixel are not supported");
            return Err(Error::new(ErrorKind::Device, message)
                .remedy("set 16, 24 or 32 bits per pixel, for example with `fbset -depth 32`"));
        }
        let fits = |c: Channel, least| {
            (least..=16).contains(&c.length)
                && c.offset
                    .checked_add(c.length)
                    .is_some_and(|end| end <= bits_per_pixel)
        };
        if !(fits(red, 1) && fits(green, 1) && fits(blue, 1) && fits(alpha, 0)) {
            let message = format!(
                "unsupported pixel layout: red {red:?}, green {green:?}, blue {blue:?}, \
                 alpha {alpha:?}"
            );
            return Err(Error::new(ErrorKind::Device, message));
        }
        Ok(PixelLayout {
            bytes: bits_per_pixel as usize / 8,
            red,
            green,
            blue,
            alpha,
        })
    }

    /// A `0x00RRGGBB` pixel in this layout.
    pub(crate) fn pack(&self, pixel: u32) -> u32 {
        self.red.place((pixel >> 16) as u8)
            | self.green.place((pixel >> 8) as u8)
            | self.blue.place(pixel as u8)
            | self.alpha.mask()
    }

    /// Writes `pixels` to `out`, which has as many pixels of this layout.
    pub(crate) fn pack_row(&self, pixels: &[u32], out: &mut [u8]) {
        let colours = |l: &PixelLayout| (l.bytes, l.red, l.green, l.blue);
        if colours(self) == colours(&PixelLayout::XRGB8888) {
            let opaque = self.alpha.mask();
            for (out, pixel) in out.chunks_exact_mut(4).zip(pixels) {
                out.copy_from_slice(&(pixel & 0xff_ffff | opaque).to_le_bytes());
            }
        } else if *self == PixelLayout::RGB565 {
            for (out, pixel) in out.chunks_exact_mut(2).zip(pixels) {
                let packed = pixel >> 8 & 0xf800 | pixel >> 5 & 0x07e0 | pixel >> 3 & 0x001f;
                out.copy_from_slice(&(packed as u16).to_le_bytes());
            }
        } else {
            for (out, &pixel) in out.chunks_exact_mut(self.bytes).zip(pixels) {
                out.copy_from_slice(&self.pack(pixel).to_le_bytes()[..self.bytes]);
            }
        }
    }
}

/// A picture centred on a target of another size, and cropped where it is larger.
pub(super) struct Centred<'a> {
    picture: &'a Picture,
    /// First column and row of the picture that are shown.
    from: (u32, u32),
    /// Column and row of the target where they go.
    to: (u32, u32),
    /// Columns and rows that are shown.
    size: (u32, u32),
}

impl<'a> Centred<'a> {
    pub(crate) fn new(picture: &'a Picture, width: u32, height: u32) -> Self {
        let margin = |from: u32, to: u32| from.saturating_sub(to) / 2;
        Centred {
            picture,
            from: (margin(picture.width, width), margin(picture.height, height)),
            to: (margin(width, picture.width), margin(height, picture.height)),
            size: (picture.width.min(width), picture.height.min(height)),
        }
    }

    /// The pixels of the target's row `y` that the picture covers, and the column of the first.
    pub(crate) fn row(&self, y: u32) -> (usize, &'a [u32]) {
        match y.checked_sub(self.to.1).filter(|&y| y < self.size.1) {
            Some(y) => {
                let row = &self.picture.row(self.from.1 + y)[self.from.0 as usize..];
                (self.to.0 as usize, &row[..self.size.0 as usize])
            }
            None => (0, &[]),
        }
    }

    /// Makes `canvas` the target: the picture in its middle, black around it.
    pub(crate) fn copy_to(&self, canvas: &mut Picture) {
        canvas.pixels.fill(0);
        for y in 0..canvas.height {
            let (left, row) = self.row(y);
            canvas.row_mut(y)[left..left + row.len()].copy_from_slice(row);
        }
    }
}

/// The visible part of a display's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raster {
    pub layout: PixelLayout,
    pub width: u32,
    pub height: u32,
    /// Bytes from one row to the next.
    pub pitch: usize,
    /// Bytes before the first pixel.
    pub start: usize,
}

impl Raster {
    /// Checks that the raster lies within `memory` bytes.
    ///
    /// # Errors
    /// It does not, or has no pixels.
    pub(crate) fn check(&self, memory: usize) -> Result<()> {
        let row = (self.width as usize).checked_mul(self.layout.bytes);
        let end = (self.height as usize)
            .checked_sub(1)
            .and_then(|rows| rows.checked_mul(self.pitch))
            .and_then(|bytes| bytes.checked_add(self.start)?.checked_add(row?));
        let message = if self.width == 0 || row.is_none_or(|row| row > self.pitch) {
            format!(
                "rows of {} pixels do not fit into {} bytes",
                self.width, self.pitch
            )
        } else if end.is_none_or(|end| end > memory) {
            format!(
                "{}x{} pixels do not fit into {memory} bytes of memory",
                self.width, self.height
            )
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Device, message))
    }

    /// The bytes from the first pixel to the last, of a raster that [`check`](Raster::check) has
    /// accepted.
    pub(crate) fn range(&self) -> Range<usize> {
        let rows = (self.height as usize - 1) * self.pitch;
        self.start..self.start + rows + self.width as usize * self.layout.bytes
    }

    /// Draws `picture` into `memory`, which [`check`](Raster::check) has accepted: centred and
    /// cropped, with black around it, each byte of the raster written once.
    pub(crate) fn draw(&self, picture: &Picture, memory: &mut [u8]) {
        self.draw_rows(picture, memory, |_| true);
    }

    /// As [`draw`](Raster::draw), but only the rows that differ from those of `before`, which the
    /// memory shows.
    pub(crate) fn draw_changes(&self, picture: &Picture, before: &Picture, memory: &mut [u8]) {
        if (picture.width, picture.height) != (before.width, before.height) {
            return self.draw(picture, memory);
        }
        let now = Centred::new(picture, self.width, self.height);
        let then = Centred::new(before, self.width, self.height);
        self.draw_rows(picture, memory, |y| now.row(y) != then.row(y));
    }

    fn draw_rows(&self, picture: &Picture, memory: &mut [u8], is_wanted: impl Fn(u32) -> bool) {
        let centred = Centred::new(picture, self.width, self.height);
        let bytes = self.layout.bytes;
        for y in (0..self.height).filter(|y| is_wanted(*y)) {
            let row = &mut memory[self.start + y as usize * self.pitch..];
            let row = &mut row[..self.width as usize * bytes];
            let (left, pixels) = centred.row(y);
            let (before, rest) = row.split_at_mut(left * bytes);
            let (middle, after) = rest.split_at_mut(pixels.len() * bytes);
            self.black(before);
            self.layout.pack_row(pixels, middle);
            self.black(after);
        }
    }

    fn black(&self, out: &mut [u8]) {
        let black = self.layout.alpha.mask().to_le_bytes();
        for pixel in out.chunks_exact_mut(self.layout.bytes) {
            pixel.copy_from_slice(&black[..self.layout.bytes]);
        }
    }
}

#[cfg(test)]
mod tests;
