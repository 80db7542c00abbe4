//! A downscaled picture of a frame: what the detector searches and the tracker follows faces in.

/// A downscaled picture of a frame: 1 (luma) or 3 (RGB, interleaved) bytes a pixel, no padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Downscaled {
    /// Pixels of a row of this picture.
    pub width: u32,
    /// Rows of this picture.
    pub height: u32,
    /// Bytes of a pixel: 1 or 3.
    pub channels: usize,
    /// Frame pixels to a pixel of this picture, each way.
    pub factor: u32,
    /// Pixels of a row of the frame it was made from.
    pub frame_width: u32,
    /// Rows of that frame.
    pub frame_height: u32,
    /// Number of the frame it was made from.
    pub sequence: u64,
    /// The pixels.
    pub bytes: Vec<u8>,
}

impl Downscaled {
    /// Makes this a copy of `other`; allocates only if it has never been as large.
    pub fn copy_from(&mut self, other: &Downscaled) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clone_from(&other.bytes);
        *self = Downscaled { bytes, ..*other };
    }

    /// Whether it has pixels, as many as its size says.
    pub fn has_pixels(&self) -> bool {
        let pixels = (self.width as usize).checked_mul(self.height as usize);
        self.factor > 0
            && matches!(self.channels, 1 | 3)
            && !self.bytes.is_empty()
            && pixels.and_then(|n| n.checked_mul(self.channels)) == Some(self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_downscaled_picture_knows_whether_it_has_pixels() {
        let mut picture = Downscaled {
            width: 4,
            height: 2,
            channels: 1,
            factor: 1,
            ..Downscaled::default()
        };
        assert!(!picture.has_pixels());
        picture.bytes = vec![0; 8];
        assert!(picture.has_pixels());
        picture.channels = 3;
        assert!(!picture.has_pixels());
        let mut copy = Downscaled::default();
        copy.copy_from(&picture);
        assert_eq!(copy, picture);
    }
}
