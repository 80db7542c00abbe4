//! What computes.

use burn::tensor::Device;
use face8x::{Error, Result};

/// The devices that this build knows, the default first.
pub const DEVICES: &[&str] = &[
    #[cfg(feature = "flex")]
    "flex",
    #[cfg(feature = "tch")]
    "tch",
    #[cfg(feature = "tch")]
    "tch-cuda",
];

/// Opens a device by name.
///
/// # Errors
/// This build does not know it.
// burn 0.22 marks its libtorch devices deprecated; they are its only ones that train three times
// as fast as `flex` on a processor.
#[allow(deprecated)]
pub fn open(name: &str) -> Result<Device> {
    match name {
        #[cfg(feature = "flex")]
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "tch")]
        "tch" => Ok(Device::libtorch()),
        #[cfg(feature = "tch")]
        "tch-cuda" => Ok(Device::libtorch_cuda(0)),
        _ => Err(
            Error::usage(format!("this build has no device \"{name}\"")).remedy(format!(
                "choose one of {}, or build with another feature",
                DEVICES.join(", ")
            )),
        ),
    }
}
