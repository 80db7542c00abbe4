//! The colours of the views, `0x00RRGGBB`.

/// What is behind everything.
pub(super) const BACKGROUND: u32 = 0x101418;
/// What of a picture is not there.
pub(super) const PANEL: u32 = 0x1a2027;
/// Text that matters, and text beside it.
pub(super) const TEXT: u32 = 0xe6eaee;
pub(super) const MUTED: u32 = 0x93a1ad;
/// Lines around the first face, and around the others.
pub(super) const ACCENT: u32 = 0x4fd1b5;
pub(super) const ACCENT_DIM: u32 = 0x3a7f74;
