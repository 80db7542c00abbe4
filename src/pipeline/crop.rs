//! The part of the camera's picture that is looked at (`--roi`), before everything else.

use crate::{Error, Result};
use face8x_core::convert::{Region, crop};
use face8x_core::frame::Frame;

/// Cuts frames; keeps its buffer.
pub(super) struct Cropper {
    region: Option<Region>,
    part: Frame,
}

impl Cropper {
    /// For this region, whose numbers are even; `None` passes frames on as they are.
    pub(super) fn new(region: Option<Region>) -> Cropper {
        Cropper {
            region,
            part: Frame::empty(),
        }
    }

    /// The part of a frame (raw, not MJPG).
    ///
    /// # Errors
    /// A usage error where the region lies outside; the frame is shorter than its size says.
    pub(super) fn apply<'a>(&'a mut self, frame: &'a Frame) -> Result<&'a Frame> {
        let Some(region) = self.region else {
            return Ok(frame);
        };
        frame.validate()?;
        let Region {
            x,
            y,
            width,
            height,
        } = region;
        if x.saturating_add(width) > frame.width || y.saturating_add(height) > frame.height {
            let (whole, high) = (frame.width, frame.height);
            return Err(Error::usage(format!(
                "--roi {x},{y},{width},{height} reaches outside the camera's picture of {whole}x{high}"
            ))
            .remedy("name a part of that: x,y,width,height, or leave --roi out"));
        }
        crop(frame, region, &mut self.part)?;
        Ok(&self.part)
    }
}

#[cfg(test)]
mod tests {
    use face8x_core::convert::Converter;
    use face8x_core::frame::PixelFormat;

    use super::*;

    const REGION: Region = Region {
        x: 6,
        y: 4,
        width: 10,
        height: 6,
    };

    /// A frame of 21x13 pixels, whose rows are padded.
    fn frame(format: PixelFormat) -> Frame {
        let stride = format.min_stride(21) + 3;
        let length = format.frame_len(stride, 13);
        Frame {
            format,
            width: 21,
            height: 13,
            stride,
            sequence: 7,
            processed: true,
            bytes: (0..length).map(|k| (k * 37 % 251) as u8).collect(),
            ..Frame::empty()
        }
    }

    #[test]
    fn the_part_has_the_pixels_of_the_region_in_every_format() {
        let mut cropper = Cropper::new(Some(REGION));
        let pixels = |frame: &Frame, region| {
            let mut pixels = Vec::new();
            Converter::new().pixels(frame, region, &mut pixels).unwrap();
            pixels
        };
        for format in PixelFormat::ALL {
            if format == PixelFormat::Mjpg {
                continue;
            }
            let whole = frame(format);
            let part = cropper.apply(&whole).unwrap();
            part.validate().unwrap();
            assert_eq!((part.width, part.height, part.sequence), (10, 6, 7));
            assert!(part.processed);
            assert_eq!(
                pixels(part, Region::whole(part)),
                pixels(&whole, REGION),
                "{format}"
            );
        }
    }

    #[test]
    fn a_part_outside_is_named_and_without_one_the_frame_is_whole() {
        let whole = frame(PixelFormat::Yuyv);
        assert_eq!(Cropper::new(None).apply(&whole).unwrap(), &whole);
        for (x, y) in [(12, 0), (0, 8), (u32::MAX - 1, 0)] {
            let region = Region { x, y, ..REGION };
            let error = Cropper::new(Some(region)).apply(&whole).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let text = format!("--roi {x},{y},10,6 reaches outside the camera's picture of 21x13");
            assert_eq!(error.to_string(), text);
        }
    }
}
