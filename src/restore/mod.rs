//! Restore: 16x16 pixels of a face in, 128x128 out.

use crate::Result;
use crate::geometry::{HR_SIDE, LR_SIDE};

/// The network's input: 16x16 RGB, interleaved, 8 bits a channel.
pub type Lr = [u8; LR_SIDE * LR_SIDE * 3];

/// The network's output: 128x128 display pixels, each `0x00RRGGBB`.
pub type Sr = [u32; HR_SIDE * HR_SIDE];

/// Something that makes 128x128 pixels of 16x16.
pub trait Restorer: Send {
    /// One line for the screen, the log and the JSON: which model by which engine.
    fn describe(&self) -> String;

    /// Restores one face.
    ///
    /// # Errors
    /// The engine failed; the next face may succeed.
    fn restore(&mut self, lr: &Lr, sr: &mut Sr) -> Result<()>;
}
