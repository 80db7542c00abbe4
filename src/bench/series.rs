//! The times of a stage, one by one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The times of one stage, one a frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) stage: String,
    /// In nanoseconds.
    pub(crate) times: Vec<u64>,
}

pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
