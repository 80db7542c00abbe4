//! How bright displays are.

/// How bright a display is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Brightness {
    /// Dark: nothing is shown.
    Off,
    /// A fifth of its light.
    Dim,
    /// As it was when it was opened.
    Full,
}

/// How a sink becomes darker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimming {
    /// It has: its light is changed. One that is off shows no pictures.
    Done,
    /// By darker pictures: it has no light of its own, or not one that can be changed.
    Pictures,
    /// Not at all: files, streams and whatever else is no display.
    Never,
}
