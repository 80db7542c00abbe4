//! Pictures as JPEG, for browsers and recordings.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};

/// Of JPEG, in percent: what is restored stays sharp, at some 60 kB a picture of 640x480.
const QUALITY: u8 = 85;

/// Replaces `bytes` by the picture as JPEG; `rgb` is a buffer, to use again.
///
/// # Errors
/// The picture has no pixels, or is too large for JPEG (65,535 pixels a side).
pub(super) fn compress(picture: &Picture, rgb: &mut Vec<u8>, bytes: &mut Vec<u8>) -> Result<()> {
    let size = (u16::try_from(picture.width), u16::try_from(picture.height));
    let (Ok(width), Ok(height)) = size else {
        let (width, height) = (picture.width, picture.height);
        return Err(Error::new(
            ErrorKind::Picture,
            format!("a picture of {width}x{height} is too large for JPEG"),
        ));
    };
    picture.write_rgb(rgb);
    bytes.clear();
    let mut encoder = Encoder::new(bytes, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
        .encode(rgb, width, height, ColorType::Rgb)
        .map_err(|error| {
            Error::new(
                ErrorKind::Picture,
                format!("cannot compress a picture: {error}"),
            )
        })
}
