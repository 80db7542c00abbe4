//! (module align)
