//! Where pictures go: the [`Sink`] trait and the table of sinks.

use crate::Result;
use crate::picture::Picture;

/// What a person did at the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Leave the program.
    Quit,
    /// Show the next view.
    NextView,
    /// Hold the picture, or let it go on.
    Freeze,
    /// Mirror the picture, or not.
    Mirror,
    /// Save the picture to a file.
    Save,
}

/// Something that shows pictures.
pub trait Sink {
    /// One line for the log and the JSON: which sink, which device, which size.
    fn describe(&self) -> String;

    /// Width and height that pictures must have, asked before every frame (a window changes);
    /// `None` where any size will do.
    fn size(&self) -> Option<(u32, u32)>;

    /// Shows `picture`. A picture of another size than [`size`](Sink::size) is centred and cropped.
    ///
    /// # Errors
    /// The display is gone or refuses: it must be opened again.
    fn present(&mut self, picture: &Picture) -> Result<()>;

    /// The next thing that a person did, if any. Never waits.
    fn poll_event(&mut self) -> Option<Event> {
        None
    }
}
