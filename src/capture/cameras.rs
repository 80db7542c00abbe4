//! What the drivers of video nodes say about them, for the device inventory.

use crate::host::devices::AskDriver;

/// Asks the driver of a video node; `None` in a build without V4L2.
#[cfg(feature = "v4l2")]
pub(crate) const ASK_DRIVER: Option<AskDriver> = Some(super::v4l2::scan::ask);

/// Asks the driver of a video node; `None` in a build without V4L2.
#[cfg(not(feature = "v4l2"))]
pub(crate) const ASK_DRIVER: Option<AskDriver> = None;

/// The answer of a build without the feature.
#[cfg(not(feature = "v4l2"))]
pub(super) fn without_v4l2() -> crate::Error {
    crate::Error::other("this build has no V4L2 cameras").remedy("build with --features v4l2")
}
