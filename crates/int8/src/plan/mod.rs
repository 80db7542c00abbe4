//! The steps' places, and the weights in the kernels' order: all that is done once, at load.

use super::graph::{Graph, MaxPool, Scale, Step, Sum, TensorId};
use super::kernel::{Block, Kernel};
use crate::Result;
use layout::Layout;

mod layout;
mod pack;

pub(crate) use layout::{Border, Place};

/// Up to four blocks of output channels that have the same taps and go to the same phase.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub blocks: usize,
    /// Offsets in the input's window.
    pub taps: Vec<usize>,
    /// The first of its weights, and of its numbers of bias and factor.
    pub weights: usize,
    pub lanes: usize,
    /// Row and column in the square that a pixel becomes (0 where it becomes none).
    pub phase: (usize, usize),
    /// The first output channel.
    pub channel: usize,
}

/// Where a convolution's result goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    Bytes(Place),
    Sum {
        output: Place,
        other: Place,
        own_scale: Scale,
        other_scale: Scale,
        sum: Sum,
    },
    /// Display pixels; see [`crate::kernel::global_skip`].
    Display {
        zero: u8,
        base: Place,
    },
}

/// One fused convolution.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Convolution {
    pub depthwise: bool,
    pub input: Place,
    pub target: Target,
    /// Rows and columns of the convolution's own output.
    pub rows: usize,
    pub columns: usize,
    /// Side of the square that a pixel becomes: 2 with DepthToSpace, else 1.
    pub square: usize,
    pub stride: usize,
    /// Where the first window begins.
    pub origin: usize,
    /// Blocks of 4 input channels.
    pub quads: usize,
    pub groups: Vec<Group>,
    pub weights: Vec<Block>,
    pub bias: Vec<i32>,
    pub factor: Vec<f32>,
    pub zero: u8,
}

/// An addition of two tensors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Addition {
    pub sides: [AdditionSide; 2],
    pub output: Place,
    pub sum: Sum,
}

/// One side of an [`Addition`]; see [`crate::graph::Side`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AdditionSide {
    pub place: Place,
    pub scale: Scale,
    pub factor: usize,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PlanStep {
    Convolution(Box<Convolution>),
    /// Input, output, and the windows; the tensors in `pool` are not looked at.
    MaxPool {
        input: Place,
        output: Place,
        pool: MaxPool,
    },
    Add(Box<Addition>),
    /// Every pixel becomes a square of side `factor`.
    Resize {
        input: Place,
        output: Place,
        factor: usize,
    },
}

/// A network ready to run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// Bytes of all tensors.
    pub bytes: usize,
    /// The tensors whose borders are filled before the first run, and with which bytes.
    pub borders: Vec<(Place, u8)>,
    pub steps: Vec<PlanStep>,
    /// The inputs' channels, and where they lie.
    pub inputs: Vec<(usize, Place)>,
    /// The outputs' channels, and where they lie; the place of display pixels means nothing.
    pub outputs: Vec<(usize, Place)>,
    /// Columns of the small picture under the global skip; 0 without one.
    pub base_columns: usize,
}

impl Plan {
    /// Plans a network of which the tensors `outputs` are wanted, for this kernel.
    ///
    /// # Errors
    /// Two convolutions give the border of one tensor different zero points, or the tensors are
    /// too large.
    pub(crate) fn new(graph: &Graph, outputs: &[TensorId], kernel: &dyn Kernel) -> Result<Plan> {
        let layout = Layout::new(graph, outputs)?;
        let steps: Vec<PlanStep> = graph
            .steps
            .iter()
            .map(|step| plan_step(step, graph, &layout, kernel))
            .collect();
        let base_columns = steps.iter().map(|step| match step {
            PlanStep::Convolution(conv) => match conv.target {
                Target::Display { base, .. } => base.columns,
                _ => 0,
            },
            _ => 0,
        });
        let port = |&tensor: &TensorId| (graph.tensors[tensor].channels, layout.places[tensor]);
        Ok(Plan {
            base_columns: base_columns.max().unwrap_or_default(),
            steps,
            inputs: graph.inputs.iter().map(port).collect(),
            outputs: outputs.iter().map(port).collect(),
            borders: layout.kept_borders().collect(),
            bytes: layout.bytes,
        })
    }
}

fn plan_step(step: &Step, graph: &Graph, layout: &Layout, kernel: &dyn Kernel) -> PlanStep {
    let place = |tensor: TensorId| layout.places[tensor];
    match step {
        Step::Conv(conv) => {
            let made = Convolution::new(conv, graph, layout, kernel);
            PlanStep::Convolution(Box::new(made))
        }
        Step::MaxPool(pool) => PlanStep::MaxPool {
            input: place(pool.input),
            output: place(pool.output),
            pool: *pool,
        },
        Step::Add(add) => PlanStep::Add(Box::new(Addition {
            sides: add.sides.map(|side| AdditionSide {
                place: place(side.tensor),
                scale: side.scale,
                factor: side.factor,
            }),
            output: place(add.output),
            sum: add.sum,
        })),
        Step::Resize {
            input,
            output,
            factor,
        } => PlanStep::Resize {
            input: place(*input),
            output: place(*output),
            factor: *factor,
        },
    }
}
