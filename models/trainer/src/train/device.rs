//! What computes.

#[cfg(feature = "tch")]
use burn::tensor::Tensor;
use burn::tensor::{DType, Device};
use face8x_core::{Error, Result};

use super::Precision;

/// The devices that this build knows, the default first.
pub const DEVICES: &[&str] = &[
    #[cfg(feature = "tch")]
    "tch",
    #[cfg(feature = "flex")]
    "flex",
    #[cfg(feature = "tch")]
    "tch-cuda",
];

/// Opens devices by their names, with commas between them. A name may end in a number: `tch-cuda:1`
/// is the second card.
///
/// # Errors
/// This build does not know one, or the machine does not have it.
pub fn open(names: &str) -> Result<Vec<Device>> {
    names.split(',').map(|name| open_one(name.trim())).collect()
}

// burn 0.22 marks its libtorch devices deprecated; they are its only ones that train three times
// as fast as `flex` on a processor.
#[allow(deprecated)]
fn open_one(full: &str) -> Result<Device> {
    let (name, number) = match full.split_once(':') {
        None => (full, Some(0)),
        Some((name, number)) => (name, number.parse::<usize>().ok()),
    };
    match (name, number) {
        #[cfg(feature = "flex")]
        ("flex", Some(0)) => Ok(Device::flex()),
        #[cfg(feature = "tch")]
        ("tch", Some(0)) => Ok(Device::libtorch()),
        #[cfg(feature = "tch")]
        ("tch-cuda", Some(number)) => {
            // libtorch panics on a card that is not there.
            let probe = || Tensor::<1>::zeros([1], &Device::libtorch_cuda(number)).into_data();
            if std::panic::catch_unwind(probe).is_err() {
                return Err(Error::other(format!("libtorch cannot use NVIDIA card {number}"))
                    .remedy("check nvidia-smi, and that this libtorch was built for CUDA; or choose tch"));
            }
            Ok(Device::libtorch_cuda(number))
        }
        _ => Err(
            Error::usage(format!("this build has no device \"{full}\"")).remedy(format!(
                "choose one of {}, or build with another feature",
                DEVICES.join(", ")
            )),
        ),
    }
}

/// Whether a device computes in a precision.
///
/// # Errors
/// It does not.
pub fn check_precision(device: &Device, precision: Precision) -> Result<()> {
    match precision {
        Precision::Bfloat16 if !device.supports_dtype(DType::BF16) => {
            Err(Error::usage("this device does not compute in bfloat16")
                .remedy("take precision = \"float32\""))
        }
        _ => Ok(()),
    }
}
