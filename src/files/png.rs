//! PNG files that say what they show.

use std::io::{self, Write};

use png::{BitDepth, ColorType, Compression, Encoder};

/// What every PNG file has as its `Comment`, a keyword of the PNG specification (11.3.3.2).
const COMMENT: &str =
    "face8x: a restored face is a plausible guess, never evidence of who somebody is";

/// Writes interleaved RGB pixels of `size` (width, height) as PNG, with the comment that restored
/// faces are guesses.
///
/// # Errors
/// Those of `out`; there are not as many pixels.
pub(crate) fn encode_png(
    out: &mut dyn Write,
    rgb: &[u8],
    size: (u32, u32),
    compression: Compression,
) -> io::Result<()> {
    let mut encoder = Encoder::new(out, size.0, size.1);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(compression);
    encoder.add_text_chunk("Comment".into(), COMMENT.into())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_and_the_pixels_are_read_again() {
        let rgb: Vec<u8> = (0..5 * 3 * 3).collect();
        let mut file = Vec::new();
        encode_png(&mut file, &rgb, (5, 3), Compression::Fast).unwrap();
        let mut reader = png::Decoder::new(io::Cursor::new(&file))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; rgb.len()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, rgb);
        let texts = &reader.info().uncompressed_latin1_text;
        assert_eq!(texts[0].keyword, "Comment");
        assert!(texts[0].text.contains("guess, never evidence"));
        assert!(encode_png(&mut file, &rgb, (5, 4), Compression::Fast).is_err());
    }
}
