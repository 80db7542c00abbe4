//! Running ONNX files by tract.

use std::sync::Arc;

use face8x_core::geometry::{HR_SIDE, LR_SIDE};
use face8x_core::{Error, Result};
use tract_core::internal::f16;
use tract_core::prelude::{
    Datum, DatumType, Framework, IntoTValue, IntoTensor, Tensor, TractResult, TypedModel,
    TypedSimplePlan, tvec,
};
use tract_onnx::prelude::{InferenceFact, InferenceModelExt};
use tract_onnx::tract_hir::infer::Factoid;

/// Bytes of a 16x16 RGB picture.
pub const LR_LEN: usize = LR_SIDE * LR_SIDE * 3;
/// Bytes of a 128x128 RGB picture.
pub const HR_LEN: usize = HR_SIDE * HR_SIDE * 3;

/// A network that is ready to run; it can be shared among threads.
///
/// Networks of bytes run as tract's decluttered graph, which computes exactly what the operators'
/// definitions say; its optimised graph rounds some sums otherwise. Float networks run optimised.
pub struct Runner {
    plan: Arc<TypedSimplePlan>,
    input: DatumType,
    /// Channels, rows and columns of the input.
    shape: [usize; 3],
    /// The level by which a float network divides: 255, or 1 where it takes levels as they are.
    full: f32,
}

impl Runner {
    /// Loads the ONNX file whose content is `bytes`, for one picture at a time.
    ///
    /// # Errors
    /// Not an ONNX file, not loadable by tract, or not 1x3x16x16 in and 1x3x128x128 out, in bytes
    /// or floats.
    pub fn load(bytes: &[u8]) -> Result<Self> {
        let runner = Self::with_outputs(bytes, None)?;
        let outputs = &runner.plan.model().outputs;
        let fits = outputs.len() == 1
            && runner
                .plan
                .model()
                .outlet_fact(outputs[0])
                .is_ok_and(|fact| {
                    fact.shape.as_concrete() == Some(&[1, 3, HR_SIDE, HR_SIDE])
                        && [DatumType::U8, DatumType::F32].contains(&fact.datum_type)
                });
        match fits {
            true => Ok(runner),
            false => Err(
                Error::other("the network does not give 1x3x128x128 bytes or floats")
                    .remedy("use a network that `face8x-train` exported"),
            ),
        }
    }

    /// As [`Runner::load`], with the tensors of these names as outputs, of any shape.
    ///
    /// # Errors
    /// As [`Runner::load`]; or there is no tensor of one of these names.
    pub fn with_outputs(bytes: &[u8], names: Option<&[&str]>) -> Result<Self> {
        Self::open(bytes, names, None, 255.0)
    }

    /// A network for pictures of `size` (rows, columns), which takes levels as they are, as floats
    /// or bytes.
    ///
    /// # Errors
    /// As [`Runner::with_outputs`].
    pub fn sized(bytes: &[u8], names: Option<&[&str]>, size: (usize, usize)) -> Result<Self> {
        Self::open(bytes, names, Some(size), 1.0)
    }

    /// A network for floats, level / 255, whose input's side is `side` where the file leaves it open.
    /// Half floats are taken, too.
    ///
    /// # Errors
    /// As [`Runner::load`], but for the shapes.
    pub fn of_levels(bytes: &[u8], side: usize) -> Result<Self> {
        let open = has_open_input(bytes)?;
        Self::open(bytes, None, open.then_some((side, side)), 255.0)
    }

    fn open(
        bytes: &[u8],
        names: Option<&[&str]>,
        size: Option<(usize, usize)>,
        full: f32,
    ) -> Result<Self> {
        let loaded = || -> TractResult<Runner> {
            // What a file says of tensors of any size contradicts the size that is chosen here.
            let reader = int8::onnx()
                .with_ignore_output_shapes(size.is_some())
                .with_ignore_value_info(size.is_some());
            let mut model = reader.model_for_read(&mut &bytes[..])?;
            if let Some(names) = names {
                model.select_outputs_by_name(names)?;
            }
            let fact = model.input_fact(0)?;
            let input = fact.datum_type.concretize().unwrap_or(DatumType::F32);
            let dims: Vec<Option<usize>> = fact
                .shape
                .dims()
                .map(|dim| usize::try_from(dim.concretize()?.as_i64()?).ok())
                .collect();
            let dim = |k: usize| dims.get(k).copied().flatten();
            let side = dim(3).unwrap_or(LR_SIDE);
            let (rows, columns) = size.unwrap_or((side, side));
            let shape = [dim(1).unwrap_or(3), rows, columns];
            let [channels, ..] = shape;
            let shape_fact = InferenceFact::dt_shape(input, [1, channels, rows, columns]);
            model.set_input_fact(0, shape_fact)?;
            let typed: TypedModel = model.into_typed()?.into_decluttered()?;
            let typed = if input == DatumType::F32 {
                typed.into_optimized()?
            } else {
                typed
            };
            Ok(Runner {
                plan: TypedSimplePlan::new(typed)?,
                input,
                shape,
                full,
            })
        };
        loaded().map_err(|error| unloadable(&error))
    }

    /// Whether the network takes bytes.
    pub fn takes_bytes(&self) -> bool {
        self.input == DatumType::U8
    }

    /// Channels and side of the input.
    pub fn input(&self) -> (usize, usize) {
        (self.shape[0], self.shape[2])
    }

    /// Runs the network on a picture (interleaved levels) and gives its outputs.
    ///
    /// # Errors
    /// The picture has another size than the input, or tract failed.
    pub fn run(&self, lr: &[u8]) -> Result<Vec<Tensor>> {
        let ran = || -> TractResult<Vec<Tensor>> {
            let input = match self.input {
                DatumType::U8 => self.tensor(lr, |v| v)?,
                DatumType::F16 => self.tensor(lr, |v| f16::from_f32(f32::from(v) / self.full))?,
                _ => self.tensor(lr, |v| f32::from(v) / self.full)?,
            };
            let outputs = self.plan.run(tvec!(input.into_tvalue()))?;
            Ok(outputs
                .into_iter()
                .map(|value| value.into_tensor())
                .collect())
        };
        ran().map_err(|error| Error::other(format!("tract cannot run the network: {error:#}")))
    }

    /// Interleaved levels to the input's tensor.
    fn tensor<T: Datum + Copy>(
        &self,
        levels: &[u8],
        level: impl Fn(u8) -> T,
    ) -> TractResult<Tensor> {
        let [c, rows, columns] = self.shape;
        let planes = (0..c).flat_map(|k| levels.iter().skip(k).step_by(c));
        let planes: Vec<T> = planes.map(|&v| level(v)).take(c * rows * columns).collect();
        Tensor::from_shape(&[1, c, rows, columns], &planes)
    }

    /// Restores a face: 16x16 RGB to 128x128 RGB, both interleaved levels.
    ///
    /// # Errors
    /// tract failed.
    pub fn restore(&self, lr: &[u8]) -> Result<Vec<u8>> {
        let outputs = self.run(lr)?;
        let planes: Vec<u8> = match outputs[0].datum_type() {
            DatumType::U8 => values::<u8>(&outputs[0])?,
            _ => values::<f32>(&outputs[0])?
                .into_iter()
                .map(|v| (v.clamp(0.0, 1.0) * 255.0).round_ties_even() as u8)
                .collect(),
        };
        let area = HR_SIDE * HR_SIDE;
        Ok((0..HR_LEN).map(|k| planes[k % 3 * area + k / 3]).collect())
    }
}

/// Whether an ONNX file leaves the rows of its input open.
fn has_open_input(bytes: &[u8]) -> Result<bool> {
    let read = || -> TractResult<bool> {
        let model = int8::onnx().model_for_read(&mut &bytes[..])?;
        let fact = model.input_fact(0)?;
        let rows = fact.shape.dims().nth(2).and_then(|dim| dim.concretize());
        Ok(rows.is_none_or(|rows| rows.as_i64().is_none()))
    };
    read().map_err(|error| unloadable(&error))
}

/// The numbers of a tensor of floats or half floats.
///
/// # Errors
/// It is of another type.
pub fn floats(tensor: &Tensor) -> Result<Vec<f32>> {
    match tensor.datum_type() {
        DatumType::F16 => Ok(values::<f16>(tensor)?
            .into_iter()
            .map(f16::to_f32)
            .collect()),
        _ => values(tensor),
    }
}

fn unloadable(error: &impl std::fmt::Display) -> Error {
    Error::other(format!("tract cannot load the network: {error:#}"))
        .remedy("use an .onnx file that `face8x-train` exported")
}

/// The values of a tensor.
///
/// # Errors
/// It is of another type.
pub fn values<T: Datum>(tensor: &Tensor) -> Result<Vec<T>> {
    let read =
        || -> TractResult<Vec<T>> { Ok(tensor.try_as_plain_ram()?.as_slice::<T>()?.to_vec()) };
    read().map_err(|error| {
        Error::other(format!(
            "a tensor of the network is of another type: {error}"
        ))
    })
}
