//! (module convert)
