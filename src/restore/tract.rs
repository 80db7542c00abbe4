//! An ONNX network by stock tract.

use tract_core::internal::{SimpleState, TractResult};
use tract_core::prelude::{
    Arc, Datum, DatumType, Framework, IntoTValue, Tensor, TypedModel, TypedSimplePlan,
    TypedSimpleState, tvec,
};
use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::prelude::{InferenceFact, InferenceModel, InferenceModelExt};
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid};

use super::{Lr, Restorer, Sr};
use crate::contain::contain;
use crate::geometry::{HR_SIDE, LR_SIDE};
use crate::picture::pack_rgb;
use crate::{Error, Result};

/// The version of tract in `Cargo.lock`.
pub(super) const TRACT_VERSION: &str = "0.23.9";

const INPUT: [usize; 4] = [1, 3, LR_SIDE, LR_SIDE];
const OUTPUT: [usize; 4] = [1, 3, HR_SIDE, HR_SIDE];

/// Restores with an ONNX network, run by tract on the calling thread.
///
/// The network takes 1x3x16x16 (batch, RGB, rows, columns) and gives 1x3x128x128, each as `f32`
/// in 0 to 1 (8-bit level / 255; the output is clamped and rounded) or as `u8` levels. Sizes that
/// the file leaves open, such as a symbolic batch, are set to these.
///
/// The input tensor is kept and written in place. tract itself makes a new tensor for the result
/// of every node: 369 allocations and 6.4 MB a run of the embedded model. The allocator gives the
/// same memory each time, so that no page faults follow and the resident size stays flat.
pub struct TractRestorer {
    state: TypedSimpleState,
    input: Arc<Tensor>,
    description: String,
}

impl TractRestorer {
    /// Loads the ONNX file whose content is `bytes`, optimises it for this processor and runs it
    /// once. `file` is its name and `origin` where it came from; both are for [`describe`].
    ///
    /// # Errors
    /// Not ONNX, not loadable by tract, or with other inputs and outputs than described above.
    ///
    /// [`describe`]: Restorer::describe
    pub fn load(bytes: &[u8], file: &str, origin: &str) -> Result<Self> {
        contained(|| {
            let model = parse(bytes)?;
            let kind = check_input(&model)?;
            let model = optimise(model, kind)?;
            check_output(&model)?;
            let loaded = (|| -> TractResult<TractRestorer> {
                let state = SimpleState::new(&TypedSimplePlan::new(model)?)?;
                let input = Arc::new(Tensor::zero_dt(kind, &INPUT)?);
                let kind = type_name(kind);
                let description =
                    format!("{file} ({origin}, {kind}) by tract {TRACT_VERSION}, 1 thread");
                Ok(TractRestorer {
                    state,
                    input,
                    description,
                })
            })();
            let mut loaded = loaded.map_err(|error| refused("prepare", error))?;
            loaded
                .run(&[128; LR_SIDE * LR_SIDE * 3], &mut [0; HR_SIDE * HR_SIDE])
                .map_err(|error| refused("run", error))?;
            Ok(loaded)
        })
    }

    /// One run.
    fn run(&mut self, lr: &Lr, sr: &mut Sr) -> TractResult<()> {
        // tract has dropped its share of the input since the last run, so this copies nothing.
        let input = Arc::make_mut(&mut self.input);
        match input.datum_type() {
            DatumType::U8 => spread(lr, input.try_as_plain_ram_mut()?.as_slice_mut()?, |v| v),
            _ => spread(lr, input.try_as_plain_ram_mut()?.as_slice_mut()?, |v| {
                f32::from(v) / 255.0
            }),
        }
        let outputs = self.state.run(tvec!(self.input.clone().into_tvalue()))?;
        let output = outputs[0].try_as_plain_ram()?;
        match output.datum_type() {
            DatumType::U8 => gather(output.as_slice::<u8>()?, sr, |v| v),
            // NaN stays NaN until the conversion makes it 0.
            _ => gather(output.as_slice::<f32>()?, sr, |v| {
                (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
            }),
        }
        Ok(())
    }
}

impl Restorer for TractRestorer {
    fn describe(&self) -> String {
        self.description.clone()
    }

    fn restore(&mut self, lr: &Lr, sr: &mut Sr) -> Result<()> {
        let result = contained(|| self.run(lr, sr).map_err(|error| refused("run", error)));
        if result.is_err() {
            // What the failed run left half done is dropped with its state.
            let plan = self.state.plan().clone();
            self.state = SimpleState::new(&plan).map_err(|error| refused("run", error))?;
        }
        result
    }
}

/// Interleaved RGB bytes to three planes.
fn spread<T>(lr: &Lr, planes: &mut [T], level: impl Fn(u8) -> T) {
    let (pixels, _) = lr.as_chunks::<3>();
    for (channel, plane) in planes.chunks_exact_mut(LR_SIDE * LR_SIDE).enumerate() {
        for (out, pixel) in plane.iter_mut().zip(pixels) {
            *out = level(pixel[channel]);
        }
    }
}

/// Three planes to display pixels.
fn gather<T: Copy>(planes: &[T], sr: &mut Sr, level: impl Fn(T) -> u8) {
    let (red, rest) = planes.split_at(sr.len());
    let (green, blue) = rest.split_at(sr.len());
    for (((out, &r), &g), &b) in sr.iter_mut().zip(red).zip(green).zip(blue) {
        *out = pack_rgb(level(r), level(g), level(b));
    }
}

/// Runs `work` and turns a panic of tract, which some damaged files cause, into an error.
fn contained<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    contain(work)
        .unwrap_or_else(|panic| Err(broken(format!("tract gave up on the model: {panic}"))))
}

/// The graph of an ONNX file.
fn parse(bytes: &[u8]) -> Result<InferenceModel> {
    let onnx = tract_onnx::onnx();
    let file = onnx
        .proto_model_for_read(&mut &bytes[..])
        .ok()
        .filter(|file| {
            file.graph
                .as_ref()
                .is_some_and(|graph| !graph.node.is_empty())
        })
        .ok_or_else(|| broken("the model is not an ONNX file, or only a part of one"))?;
    let outside = Some(DataLocation::External as i32);
    let mut weights = file.graph.iter().flat_map(|graph| &graph.initializer);
    if weights.any(|tensor| tensor.data_location == outside) {
        return Err(Error::new("the model keeps its weights in another file")
            .remedy("save it as one file: onnx.save(model, path, save_as_external_data=False)"));
    }
    onnx.model_for_proto_model(&file)
        .map_err(|error| refused("read", error))
}

/// Checks number, type and shape of the inputs; gives the type.
fn check_input(model: &InferenceModel) -> Result<DatumType> {
    let [outlet] = model.inputs[..] else {
        return Err(not_one("input", model.inputs.len()));
    };
    let fact = model
        .outlet_fact(outlet)
        .map_err(|error| refused("read", error))?;
    let fits = !fact.shape.is_open()
        && fact.shape.dims().count() == INPUT.len()
        && fact.shape.dims().zip(INPUT).all(|(dim, wanted)| match dim {
            GenericFactoid::Any => true,
            GenericFactoid::Only(dim) => dim.as_i64().is_none_or(|dim| dim == wanted as i64),
        });
    if !fits {
        let shape: Vec<_> = fact.shape.dims().map(|dim| dim.to_string()).collect();
        return Err(unfit("input", &shape, &INPUT));
    }
    let kind = fact.datum_type.concretize().unwrap_or(DatumType::F32);
    check_type("input", kind)?;
    Ok(kind)
}

/// Fixes the input, works out every shape and rewrites the graph for this processor.
fn optimise(mut model: InferenceModel, kind: DatumType) -> Result<TypedModel> {
    let typed = model
        .set_input_fact(0, InferenceFact::dt_shape(kind, INPUT))
        .and_then(|()| model.into_typed())
        .map_err(|error| refused("prepare", error))?;
    check_volumes(&typed)?;
    typed
        .into_optimized()
        .map_err(|error| refused("prepare", error))
}

/// Most values between two layers. Ours have 262,144 at most.
const MAX_VOLUME: i64 = 1 << 24;

/// Refuses layers that no memory holds: a damaged file can ask for an enlargement by 2^50, and an
/// allocation that fails ends the process.
fn check_volumes(model: &TypedModel) -> Result<()> {
    for node in model.nodes() {
        for output in &node.outputs {
            let dims = output.fact.shape.iter().map(|dim| dim.to_i64().ok());
            let volume = dims.fold(Some(1_i64), |volume, dim| volume?.checked_mul(dim?));
            if volume.is_none_or(|volume| volume > MAX_VOLUME) {
                return Err(broken(format!(
                    "the model's layer \"{}\" has more than {MAX_VOLUME} values",
                    node.name
                )));
            }
        }
    }
    Ok(())
}

/// Checks number, type and shape of the outputs.
fn check_output(model: &TypedModel) -> Result<()> {
    let [outlet] = model.outputs[..] else {
        return Err(not_one("output", model.outputs.len()));
    };
    let fact = model
        .outlet_fact(outlet)
        .map_err(|error| refused("read", error))?;
    if fact.shape.as_concrete() != Some(&OUTPUT[..]) {
        let shape: Vec<_> = fact.shape.iter().map(|dim| dim.to_string()).collect();
        return Err(unfit("output", &shape, &OUTPUT));
    }
    check_type("output", fact.datum_type)
}

fn check_type(end: &str, kind: DatumType) -> Result<()> {
    if kind == f32::datum_type() || kind == u8::datum_type() {
        return Ok(());
    }
    Err(Error::new(format!(
        "the model's {end} is of type {}; face8x needs f32 or u8",
        type_name(kind)
    ))
    .remedy(FITTING_MODEL))
}

const FITTING_MODEL: &str =
    "use a network from 16x16 to 128x128 pixels (RGB, channels first), or the embedded one";

fn unfit(end: &str, shape: &[String], wanted: &[usize]) -> Error {
    let shown = if shape.is_empty() {
        "without a fixed shape".into()
    } else {
        shape.join("x")
    };
    let wanted: Vec<_> = wanted.iter().map(usize::to_string).collect();
    Error::new(format!(
        "the model's {end} is {shown}; face8x needs {}",
        wanted.join("x")
    ))
    .remedy(FITTING_MODEL)
}

fn not_one(end: &str, count: usize) -> Error {
    Error::new(format!("the model has {count} {end}s; face8x needs one")).remedy(FITTING_MODEL)
}

fn broken(what: impl Into<String>) -> Error {
    Error::new(what).remedy("copy or export the .onnx file again, or use the embedded model")
}

fn refused(verb: &str, error: impl std::fmt::Display) -> Error {
    broken(format!(
        "tract cannot {verb} the model: {}",
        one_line(&format!("{error:#}"))
    ))
}

/// At most 200 characters on one line: tract's messages may hold whole graphs.
fn one_line(message: &str) -> String {
    let words: Vec<_> = message.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

fn type_name(kind: DatumType) -> String {
    format!("{kind:?}").to_lowercase()
}
