//! The keys of a window.

/// Every key and what it does: for `--help`, the manual page and the list on the screen.
pub(crate) const KEYS: &[(&str, &str)] = &[
    ("v", "next view"),
    ("f", "freeze the picture, or release it"),
    ("m", "mirror the picture"),
    ("s", "save the picture as face8x-0001.png, ..."),
    ("F11", "full screen, or a window again"),
    ("?, F1", "show these keys, or hide them"),
    ("q, Escape", "quit"),
];
