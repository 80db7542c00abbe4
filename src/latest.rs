//! (module latest)
