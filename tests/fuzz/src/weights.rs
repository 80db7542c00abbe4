//! Weights of a network in training.

use face8x_train::network::Weights;
use face8x_train::onnx::float_model;

/// A safetensors file is refused, or its weights can be asked what network they are of.
pub fn weights(data: &[u8]) {
    let (header, numbers) = crate::halves(data);
    let len = (header.len() as u64).to_le_bytes();
    let path = crate::file("weights.safetensors", &[&len, header, numbers].concat());
    let with_metadata = Weights::read_with_metadata(&path).is_ok();
    let weights = Weights::read(&path);
    assert_eq!(with_metadata, weights.is_ok());
    if let Ok(weights) = weights {
        // Mostly refused: the shapes of a whole network seldom come together by chance.
        let _ = float_model(&weights, &[]);
    }
}
