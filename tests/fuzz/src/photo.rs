//! Photographs for `face8x image` and the source `file:`.

/// A picture file is refused with a remedy, or is a picture.
pub fn photo(data: &[u8]) {
    match face8x::internals::photo::load(&crate::file("photo", data)) {
        Ok(picture) => assert!(picture.width() > 0 && picture.height() > 0),
        Err(error) => crate::explained(&error),
    }
}
