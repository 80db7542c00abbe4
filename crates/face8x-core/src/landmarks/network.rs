//! The landmark network by the integer engine.

use int8::Network;

use crate::Result;
use crate::network::{SHA256SUMS, broken, contained, engine_options, verify_checksum};

/// Side of the crop in its own pixels.
pub const CROP_SIDE: usize = 48;
/// Numbers that the network gives.
pub const ANSWERS: usize = 11;

/// A crop of luma, row by row.
pub type LumaCrop = [u8; CROP_SIDE * CROP_SIDE];

/// The landmark network that comes with the program: `models/landmarks.onnx`.
const LANDMARKS_MODEL: &[u8] = include_bytes!("../../../../models/landmarks.onnx");

/// Finds five points and a confidence in a crop of luma.
///
/// The network takes 1x1x48x48 bytes and gives 11 numbers: see [`LandmarkNetwork::run`]. After
/// loading nothing is allocated.
pub struct LandmarkNetwork {
    network: Network,
    engine: String,
}

impl LandmarkNetwork {
    /// The embedded network, after its SHA-256 has been compared with `models/SHA256SUMS`.
    ///
    /// # Errors
    /// The program file is damaged.
    pub fn embedded() -> Result<Self> {
        verify_checksum("landmarks.onnx", LANDMARKS_MODEL, SHA256SUMS)?;
        Self::load(LANDMARKS_MODEL)
    }

    /// Loads the ONNX file whose content is `bytes`.
    ///
    /// # Errors
    /// Not an ONNX file of the landmark network in 8-bit integers.
    pub fn load(bytes: &[u8]) -> Result<Self> {
        let options = engine_options(None, 1)?;
        let network = contained(|| Ok(Network::load(bytes, &options)?))?;
        let sizes = |info: &int8::TensorInfo| [info.channels, info.rows, info.columns];
        let outputs: Vec<_> = network.outputs().iter().map(sizes).collect();
        if sizes(network.input()) != [1, CROP_SIDE, CROP_SIDE] || outputs != [[ANSWERS, 1, 1]] {
            return Err(broken("the model is not the landmark network"));
        }
        let engine = format!("int8 {}", network.kernel());
        Ok(LandmarkNetwork { network, engine })
    }

    /// Which kernel of the engine runs it.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// x and y of the left eye, the right eye, the nose, and the left and right mouth corner, from
    /// 0 to 1 across the crop, and a number above 1/2 where the crop shows a face.
    ///
    /// # Errors
    /// The engine failed.
    pub fn run(&mut self, crop: &LumaCrop) -> Result<[f32; ANSWERS]> {
        contained(|| {
            self.network.run(crop)?;
            let mut answers = [0.0; ANSWERS];
            if let Some(output) = self.network.output(0) {
                let values = output.values(0, 0);
                answers
                    .iter_mut()
                    .zip(values)
                    .for_each(|(to, value)| *to = value);
            }
            Ok(answers)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: usize) -> LumaCrop {
        std::array::from_fn(|k| {
            let h = (k + 4099 * seed) as u32;
            (h.wrapping_mul(0x9E37_79B9) >> 24) as u8
        })
    }

    /// The file as it is, by tract: what onnxruntime computes.
    fn reference(crop: &LumaCrop) -> Vec<f32> {
        use tract_core::internal::SimpleState;
        use tract_core::prelude::*;
        use tract_onnx::prelude::*;
        let model = int8::onnx()
            .model_for_read(&mut &LANDMARKS_MODEL[..])
            .unwrap();
        let model = model.into_typed().unwrap().into_decluttered().unwrap();
        let mut state = SimpleState::new(&TypedSimplePlan::new(model).unwrap()).unwrap();
        let input = Tensor::from_shape(&[1, 1, CROP_SIDE, CROP_SIDE], crop).unwrap();
        let output = state.run(tvec!(input.into_tvalue())).unwrap();
        let output = output[0].try_as_plain_ram().unwrap();
        output.as_slice::<f32>().unwrap().to_vec()
    }

    #[test]
    fn the_engine_gives_the_files_own_answers() {
        let mut network = LandmarkNetwork::embedded().unwrap();
        assert!(network.engine().starts_with("int8"), "{}", network.engine());
        for seed in 0..6 {
            let crop = noise(seed);
            assert_eq!(network.run(&crop).unwrap()[..], reference(&crop), "{seed}");
        }
    }

    #[test]
    fn other_files_are_refused() {
        for bytes in [
            crate::network::EMBEDDED_MODEL,
            b"no network",
            &LANDMARKS_MODEL[..5000],
        ] {
            let error = LandmarkNetwork::load(bytes).err().unwrap();
            assert!(error.remedy_text().is_some(), "{error}");
        }
    }
}
