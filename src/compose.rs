//! (module compose)
