//! Which cameras there are, and why a video node is not one.

use std::path::PathBuf;

use super::negotiate::Offer;
use crate::Result;

/// A video node, be it a usable camera or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraInfo {
    /// Its node, such as `/dev/video0`.
    pub path: PathBuf,
    /// Its name that survives renumbering, where udev gives one.
    pub by_id: Option<PathBuf>,
    /// What the driver calls the device; empty where it cannot be asked.
    pub card: String,
    /// The kernel's driver, such as `uvcvideo`; empty where it cannot be asked.
    pub driver: String,
    /// The formats that face8x reads, with their sizes and rates.
    pub offers: Vec<Offer>,
    /// Why it is not usable, and what to use instead.
    pub unusable: Option<String>,
    /// The source to use instead of a raw CSI node.
    pub preset: Option<&'static str>,
}

/// All video nodes of this machine by their numbers.
///
/// # Errors
/// This build has no V4L2.
#[cfg(feature = "v4l2")]
pub fn cameras() -> Result<Vec<CameraInfo>> {
    Ok(super::v4l2::scan::cameras())
}

/// All video nodes of this machine by their numbers.
///
/// # Errors
/// This build has no V4L2.
#[cfg(not(feature = "v4l2"))]
pub fn cameras() -> Result<Vec<CameraInfo>> {
    Err(without_v4l2())
}

/// The answer of a build without the feature.
#[cfg(not(feature = "v4l2"))]
pub(super) fn without_v4l2() -> crate::Error {
    crate::Error::other("this build has no V4L2 cameras").remedy("build with --features v4l2")
}
