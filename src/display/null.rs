//! The sink that shows nothing, for measuring.

use super::{Audience, Sink, SinkOptions, no_argument};
use crate::Result;
use crate::picture::Picture;

struct Null {
    size: Option<(u32, u32)>,
}

pub(super) fn open(argument: &str, options: &SinkOptions) -> Result<Box<dyn Sink>> {
    no_argument("null", argument)?;
    Ok(Box::new(Null { size: options.size }))
}

impl Sink for Null {
    fn describe(&self) -> String {
        "null".to_owned()
    }

    fn audience(&self) -> Audience {
        Audience::Nobody
    }

    fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    fn present(&mut self, _: &Picture) -> Result<()> {
        Ok(())
    }
}
