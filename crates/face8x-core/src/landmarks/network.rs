//! The landmark network by the fused integer operators.

use tract_core::internal::{SimpleState, TractResult};
use tract_core::prelude::{
    Arc, DatumType, IntoTValue, Tensor, TypedSimplePlan, TypedSimpleState, tvec,
};
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, ValueInfoProto};
use tract_onnx::prelude::{InferenceFact, InferenceModelExt};

use crate::Result;
use crate::network::{
    SHA256SUMS, broken, contained, decode, optimise, parse, refused, verify_checksum,
};

/// Side of the crop in its own pixels.
pub const CROP_SIDE: usize = 48;
/// Numbers that the network gives.
pub const ANSWERS: usize = 11;

/// A crop of luma, row by row.
pub type Crop = [u8; CROP_SIDE * CROP_SIDE];

/// The landmark network that comes with the program: `models/landmarks.onnx`.
const LANDMARKS_MODEL: &[u8] = include_bytes!("../../../../models/landmarks.onnx");

/// Finds five points and a confidence in a crop of luma.
///
/// The network takes 1x1x48x48 bytes and gives 11 numbers: see [`LandmarkNetwork::run`]. Its last
/// convolution is as large as its input. Of such a one tract makes a matrix product, which the fused
/// operators do not know; so it gets a border of one pixel at loading, and of its 3x3 answers the
/// middle one, which the border does not reach, is read. After loading nothing is allocated where
/// the operators are the fused ones.
pub struct LandmarkNetwork {
    state: TypedSimpleState,
    input: Arc<Tensor>,
    /// What a byte q of the answer stands for: scale * (q - zero).
    scale: f32,
    zero: f32,
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
        contained(|| {
            let mut file = decode(bytes)?;
            let (scale, zero) = open_end(&mut file)
                .ok_or_else(|| broken("the model is no landmark network in 8-bit integers"))?;
            Self::build(&file, scale, zero)
        })
    }

    fn build(file: &ModelProto, scale: f32, zero: u8) -> Result<Self> {
        let kind = InferenceFact::dt_shape(DatumType::U8, [1, 1, CROP_SIDE, CROP_SIDE]);
        let mut model = parse(file)?;
        let model = model
            .set_input_fact(0, kind)
            .and_then(|()| model.into_typed()?.into_decluttered())
            .map_err(|error| refused("prepare", error))?;
        let kernel = int8::chosen()?;
        let kernel_name = kernel.name();
        let (model, engine) = match int8::fuse(&model, kernel, 1)? {
            Some(fused) if fused.left.is_empty() => (fused.model, format!("int8 {kernel_name}")),
            _ => (optimise(model)?, "tract".into()),
        };
        let loaded = || -> TractResult<LandmarkNetwork> {
            let state = SimpleState::new(&TypedSimplePlan::new(model)?)?;
            let shape = [1, 1, CROP_SIDE, CROP_SIDE];
            let input = Arc::new(Tensor::zero_dt(DatumType::U8, &shape)?);
            Ok(LandmarkNetwork {
                state,
                input,
                scale,
                zero: f32::from(zero),
                engine,
            })
        };
        let mut loaded = loaded().map_err(|error| refused("prepare", error))?;
        loaded.run(&[128; CROP_SIDE * CROP_SIDE])?;
        Ok(loaded)
    }

    /// Which operators run it.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// x and y of the left eye, the right eye, the nose, and the left and right mouth corner, from
    /// 0 to 1 across the crop, and a number above 1/2 where the crop shows a face.
    ///
    /// # Errors
    /// tract failed.
    pub fn run(&mut self, crop: &Crop) -> Result<[f32; ANSWERS]> {
        let result = contained(|| self.answer(crop).map_err(|error| refused("run", error)));
        if result.is_err() {
            // What the failed run left half done is dropped with its state.
            let plan = self.state.plan().clone();
            self.state = SimpleState::new(&plan).map_err(|error| refused("run", error))?;
        }
        result
    }

    fn answer(&mut self, crop: &Crop) -> TractResult<[f32; ANSWERS]> {
        // tract has dropped its share of the input since the last run, so this copies nothing.
        let input = Arc::make_mut(&mut self.input);
        input
            .try_as_plain_ram_mut()?
            .as_slice_mut()?
            .copy_from_slice(crop);
        let outputs = self.state.run(tvec!(self.input.clone().into_tvalue()))?;
        let bytes = outputs[0].try_as_plain_ram()?.as_slice::<u8>()?;
        // Planes of 3x3: the middle is the fifth.
        let middle = |k: usize| bytes.get(9 * k + 4).copied().unwrap_or_default();
        Ok(std::array::from_fn(|k| {
            self.scale * (f32::from(middle(k)) - self.zero)
        }))
    }
}

/// Takes the DequantizeLinear at the end off, gives the convolution before it a border of one pixel,
/// and tells the scale and zero point of its bytes. `None` where the end is another one.
fn open_end(file: &mut ModelProto) -> Option<(f32, u8)> {
    let graph = file.graph.as_mut()?;
    let end = graph
        .node
        .pop()
        .filter(|n| n.op_type == "DequantizeLinear")?;
    let [bytes, scale, zero] = &end.input[..] else {
        return None;
    };
    let scale = constant(graph, scale)?.first_chunk::<4>().copied()?;
    let zero = *constant(graph, zero)?.first()?;
    let last = graph
        .node
        .last_mut()
        .filter(|n| n.op_type == "QLinearConv" && n.output.first() == Some(bytes))?;
    let pads: &mut AttributeProto = last.attribute.iter_mut().find(|a| a.name == "pads")?;
    pads.ints = vec![1; 4];
    pads.r#type = AttributeType::Ints as i32;
    graph.output = vec![ValueInfoProto {
        name: bytes.clone(),
        ..ValueInfoProto::default()
    }];
    let scale = f32::from_le_bytes(scale);
    (scale.is_finite() && scale > 0.0).then_some((scale, zero))
}

fn constant<'g>(graph: &'g GraphProto, name: &str) -> Option<&'g [u8]> {
    let found = graph.initializer.iter().find(|c| c.name == name)?;
    Some(&found.raw_data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: usize) -> Crop {
        std::array::from_fn(|k| {
            let h = (k + 4099 * seed) as u32;
            (h.wrapping_mul(0x9E37_79B9) >> 24) as u8
        })
    }

    /// The file as it is, by tract's decluttered graph: what onnxruntime computes.
    fn reference(crop: &Crop) -> Vec<f32> {
        use tract_onnx::prelude::Framework;
        let model = tract_onnx::onnx()
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
