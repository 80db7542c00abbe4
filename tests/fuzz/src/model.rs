//! Networks of the user's.

use face8x_core::detect::{self, SearchOptions};
use face8x_core::restore::{Lr, Operators, Restorer, TractRestorer};

/// A picture to restore.
pub fn lr() -> Lr {
    std::array::from_fn(|k| (k * 37 % 251) as u8)
}

/// An ONNX file is refused with a remedy, or runs.
pub fn model(data: &[u8]) {
    match TractRestorer::load(data, "model.onnx", "fuzz", Operators::Fused(1)) {
        Err(error) => crate::explained(&error),
        Ok(mut restorer) => {
            let mut sr = [0; 128 * 128];
            restorer
                .restore(&lr(), &mut sr)
                .expect("it ran once when it was loaded");
        }
    }
}

/// An ONNX file that is no YuNet is refused with a remedy.
pub fn detector(data: &[u8]) {
    let path = crate::file("yunet.onnx", data);
    if let Err(error) = detect::open(&format!("yunet:{}", path.display()), &SearchOptions::PHOTO) {
        crate::explained(&error);
    }
}
