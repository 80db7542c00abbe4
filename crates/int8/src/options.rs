//! How a network is run.

use std::sync::Arc;

use crate::Result;
use crate::kernel::{self, Kernel};

/// How a network is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Threads that share the work, the caller's among them: 1 to 16. More than
    /// [`usable_threads`](crate::usable_threads) make it slower.
    pub threads: usize,
    /// One of [`kernels`](crate::kernels); without a name the fastest.
    pub kernel: Option<String>,
    /// Rows and columns of the input, for a file that leaves them open.
    pub input_size: Option<[usize; 2]>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            threads: 1,
            kernel: None,
            input_size: None,
        }
    }
}

impl Options {
    pub(crate) fn kernel(&self) -> Result<Arc<dyn Kernel>> {
        match &self.kernel {
            Some(name) => kernel::named(name),
            None => Ok(kernel::fastest()),
        }
    }
}
