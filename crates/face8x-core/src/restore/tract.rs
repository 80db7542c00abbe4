//! An ONNX network by the integer engine, by tract, or by both.

use int8::{Format, Network};
use tract_core::internal::{SimpleState, TractResult};
use tract_core::prelude::{
    Arc, DatumType, IntoTValue, Tensor, TypedModel, TypedSimplePlan, TypedSimpleState, tvec,
};
use tract_onnx::pb::{GraphProto, ModelProto};

use super::ends::{INPUT, check_input, check_output, fix_input, type_name};
use super::{Lr, Restorer, Sr, float_form};
use crate::geometry::{HR_SIDE, LR_SIDE};
use crate::network::{TRACT_VERSION, contained, decode, engine_options, optimise, parse, refused};
use crate::pixel::{pack_rgb, unpack_rgb};
use crate::{Error, ErrorKind, Result};

/// A network that makes less or more of a grey picture, on average, has another output range.
const DARK: u32 = 32;
const BRIGHT: u32 = 223;

/// Which operators run a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operators {
    /// tract's own.
    Stock,
    /// The integer engine for the quantised convolutions, on this many threads, and tract's own for
    /// the rest.
    Fused(usize),
    /// The same, and an error where the network has no quantised convolution that they can run.
    OnlyFused(usize),
    /// The same, on this many threads, by one of [`kernels`](super::kernels), which its number
    /// there names.
    OnlyFusedBy(usize, usize),
}

/// Restores with an ONNX network, run by the integer engine, by tract, or by both.
///
/// The network takes 1x3x16x16 (batch, RGB, rows, columns) and gives 1x3x128x128, each as `f32`
/// in 0 to 1 (8-bit level / 255; the output is clamped and rounded) or as `u8` levels. Sizes that
/// the file leaves open, such as a symbolic batch, are set to these.
///
/// Where the integer engine runs all of the network, nothing is allocated after loading. tract's own
/// operators make a new tensor for every result: 369 allocations and 6.4 MB a run of
/// the float form of the embedded model. The allocator gives the same memory each time, so that
/// no page faults follow and the resident size stays flat.
pub struct TractRestorer {
    runner: Backend,
    description: String,
    multiplications: Option<usize>,
}

impl TractRestorer {
    /// Loads the ONNX file whose content is `bytes`, prepares it for this processor and runs it
    /// once. `file` is its name and `origin` where it came from; both are for [`describe`].
    ///
    /// # Errors
    /// Not ONNX, not loadable by tract, with other inputs and outputs than described above, or
    /// with broken quantisation parameters.
    ///
    /// [`describe`]: Restorer::describe
    pub fn load(bytes: &[u8], file: &str, origin: &str, operators: Operators) -> Result<Self> {
        contained(|| Self::build(decode(bytes)?, file, origin, operators))
    }

    /// Loads the float form of a quantised network, or a float network as it
    /// is, for tract's own operators.
    ///
    /// # Errors
    /// As [`TractRestorer::load`], and a quantised network of another form.
    pub fn load_float_form(bytes: &[u8], file: &str, origin: &str) -> Result<Self> {
        contained(|| {
            let mut model = decode(bytes)?;
            let quantised =
                |graph: &GraphProto| graph.node.iter().any(|n| n.op_type == "QLinearConv");
            if model.graph.as_ref().is_some_and(quantised) {
                float_form::dequantise(&mut model)?;
            }
            Self::build(model, file, origin, Operators::Stock)
        })
    }

    fn build(model: ModelProto, file: &str, origin: &str, operators: Operators) -> Result<Self> {
        let model = parse(&model)?;
        let kind = check_input(&model)?;
        let model = fix_input(model, kind)?;
        check_output(&model)?;
        let prepared = prepare(model, operators)?;
        let mut loaded = TractRestorer {
            runner: prepared.runner,
            description: format!(
                "{file} ({origin}, {}) by {}",
                type_name(kind),
                prepared.run_by
            ),
            multiplications: prepared.multiplications,
        };
        loaded.probe()?;
        Ok(loaded)
    }

    /// Runs the network once on a grey picture, which warms it up and shows the range of its output:
    /// values from 0 to 255 would make every face white, and values from -1 to 1 dark.
    fn probe(&mut self) -> Result<()> {
        let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
        self.runner.run(&[128; LR_SIDE * LR_SIDE * 3], &mut sr)?;
        let levels = sr.iter().flat_map(|&pixel| unpack_rgb(pixel));
        let mean = levels.map(u32::from).sum::<u32>() / (3 * HR_SIDE * HR_SIDE) as u32;
        let (made, last) = match mean {
            DARK..=BRIGHT => return Ok(()),
            ..DARK => ("black", "takes the half of them and adds 0.5"),
            _ => ("white", "divides by 255"),
        };
        Err(Error::new(
            ErrorKind::Model,
            format!(
                "the network makes {made} of a grey picture: its output does not range from 0 to 1"
            ),
        )
        .remedy(format!(
            "export it with values from 0 to 1, such as by a last node that {last}"
        )))
    }

    /// Multiplications of the fused convolutions a run, zero taps left out, where there are any.
    pub fn multiplications(&self) -> Option<usize> {
        self.multiplications
    }
}

/// What runs a network.
enum Backend {
    /// The integer engine alone.
    Engine(Box<Network>),
    /// tract, which may have the engine in its graph.
    Tract {
        state: Box<TypedSimpleState>,
        input: Arc<Tensor>,
    },
}

impl Backend {
    fn tract(model: TypedModel) -> TractResult<Backend> {
        let kind = model.input_fact(0)?.datum_type;
        Ok(Backend::Tract {
            state: Box::new(SimpleState::new(&TypedSimplePlan::new(model)?)?),
            input: Arc::new(Tensor::zero_dt(kind, &INPUT)?),
        })
    }

    /// One run.
    fn run(&mut self, lr: &Lr, sr: &mut Sr) -> Result<()> {
        match self {
            Backend::Engine(network) => Ok(network.run_to_display(lr, sr)?),
            Backend::Tract { state, input } => {
                run_tract(state, input, lr, sr).map_err(|error| refused("run", error))
            }
        }
    }

    /// Drops what a failed run left half done.
    fn reset(&mut self) -> Result<()> {
        if let Backend::Tract { state, .. } = self {
            let plan = state.plan().clone();
            **state = SimpleState::new(&plan).map_err(|error| refused("run", error))?;
        }
        Ok(())
    }
}

fn run_tract(
    state: &mut TypedSimpleState,
    input: &mut Arc<Tensor>,
    lr: &Lr,
    sr: &mut Sr,
) -> TractResult<()> {
    // tract has dropped its share of the input since the last run, so this copies nothing.
    let tensor = Arc::make_mut(input);
    match tensor.datum_type() {
        DatumType::U8 => spread(lr, tensor.try_as_plain_ram_mut()?.as_slice_mut()?, |v| v),
        _ => spread(lr, tensor.try_as_plain_ram_mut()?.as_slice_mut()?, |v| {
            f32::from(v) / 255.0
        }),
    }
    let outputs = state.run(tvec!(input.clone().into_tvalue()))?;
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

impl Restorer for TractRestorer {
    fn describe(&self) -> String {
        self.description.clone()
    }

    fn restore(&mut self, lr: &Lr, sr: &mut Sr) -> Result<()> {
        let result = contained(|| self.runner.run(lr, sr));
        if result.is_err() {
            self.runner.reset()?;
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

/// What runs a graph.
struct Prepared {
    runner: Backend,
    /// The engine and its threads, in words.
    run_by: String,
    multiplications: Option<usize>,
}

/// Chooses what runs the graph.
fn prepare(model: TypedModel, operators: Operators) -> Result<Prepared> {
    let (wanted, kernel, only) = match operators {
        Operators::Stock => return stock(model),
        Operators::Fused(threads) => (threads, None, false),
        Operators::OnlyFused(threads) => (threads, None, true),
        Operators::OnlyFusedBy(threads, number) => {
            (threads, int8::kernels().get(number).cloned(), true)
        }
    };
    let options = engine_options(kernel, int8::usable_threads(wanted))?;
    let plural = if options.threads == 1 { "" } else { "s" };
    if options.threads < wanted {
        log::info!(
            "the processor runs {} thread{plural} at once: the restorer takes no more",
            options.threads
        );
    }
    let run_by = |kernel: &str| {
        format!(
            "int8 {kernel} in tract {TRACT_VERSION}, {} thread{plural}",
            options.threads
        )
    };
    match Network::from_model(&model, &options) {
        Ok(network) if network.outputs()[0].format == Format::Display => {
            return Ok(Prepared {
                run_by: run_by(network.kernel()),
                multiplications: Some(network.multiplications()),
                runner: Backend::Engine(Box::new(network)),
            });
        }
        Ok(_) | Err(int8::Error::NotFused { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    match int8::fuse(&model, &options)? {
        Some(fused) => {
            log::info!(
                "these nodes of the model stay with tract: {}",
                fused.left.join(", ")
            );
            let model = optimise(fused.model)?;
            Ok(Prepared {
                run_by: run_by(fused.kernel),
                multiplications: Some(fused.multiplications),
                runner: Backend::tract(model).map_err(|error| refused("prepare", error))?,
            })
        }
        None if only => Err(Error::new(
            ErrorKind::Model,
            "the model has no quantised convolutions of the known form",
        )
        .remedy("leave --restorer out: tract runs float networks")),
        None => stock(model),
    }
}

fn stock(model: TypedModel) -> Result<Prepared> {
    let runner = optimise(model)
        .and_then(|model| Backend::tract(model).map_err(|error| refused("prepare", error)));
    Ok(Prepared {
        runner: runner?,
        run_by: format!("tract {TRACT_VERSION}, 1 thread"),
        multiplications: None,
    })
}
