//! The steps' places, and the weights in the kernels' order: all that is done once, at load.

use super::graph::{Network, Pool, Scale, Shape, Step as GraphStep, Sum, TensorId, Then};
use super::kernel::Block;
use crate::Result;
use place::Layout;

mod pack;
mod place;

pub use place::{Buffer, Place, gapped};

/// Up to four blocks of output channels that have the same taps and go to the same phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
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
pub enum Target {
    Bytes(Place),
    Sum {
        output: Place,
        other: Place,
        own_scale: Scale,
        other_scale: Scale,
        sum: Sum,
    },
    /// Display pixels; see [`super::skip`].
    Picture {
        zero: u8,
        base: Place,
    },
}

/// One fused convolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Convolution {
    pub input: Place,
    pub target: Target,
    /// Rows and columns that the kernels go through: the convolution's own output, or its small
    /// input where that is enlarged.
    pub rows: usize,
    pub columns: usize,
    /// Side of the square that a pixel becomes, by folding or enlarging; else 1.
    pub fold: usize,
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
    /// The kernel's offset of the inputs.
    pub offset: i32,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Convolution(Box<Convolution>),
    /// Input, output, and the windows; the tensors in `pool` are not looked at.
    Pool {
        input: Place,
        output: Place,
        pool: Pool,
    },
    /// Every pixel becomes a square of side `factor`; a copy where that is 1.
    Enlarge {
        input: Place,
        output: Place,
        factor: usize,
    },
}

/// A tensor that comes from outside or goes there.
#[derive(Debug, Clone, PartialEq)]
pub struct Port {
    pub place: Place,
    /// Where each channel lies in the tensor's part of the pixel.
    pub lanes: Vec<usize>,
    /// Its bytes are signed outside.
    pub signed: bool,
}

/// A network ready to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub buffers: Vec<Buffer>,
    pub steps: Vec<Step>,
    pub entries: Vec<Port>,
    /// The results' shapes, and where they lie; without a port it is the picture.
    pub exports: Vec<(Shape, Option<Port>)>,
    /// Columns of the largest picture's small side.
    pub picture_columns: usize,
}

impl Plan {
    /// Plans a network of which the tensors `exports` are wanted, for a kernel with this offset
    /// (see [`super::kernel::Kernel::input_offset`]).
    ///
    /// # Errors
    /// Two convolutions give the border of one tensor different zero points, or the tensors are
    /// too large.
    pub fn new(network: &Network, exports: &[TensorId], offset: i32) -> Result<Plan> {
        let layout = Layout::new(network, exports)?;
        let mut pictures = Vec::new();
        let mut picture_columns = 0;
        for conv in network.convs() {
            if let Then::Picture { base, .. } = conv.then {
                pictures.push(conv.output);
                picture_columns = picture_columns.max(network.tensors[base].columns);
            }
        }
        let port = |&tensor: &TensorId| Port {
            place: layout.places[tensor],
            lanes: layout.lanes[tensor].clone(),
            signed: network.tensors[tensor].signed,
        };
        let export = |tensor: &TensorId| {
            let is_picture = pictures.contains(tensor);
            (
                network.tensors[*tensor],
                (!is_picture).then(|| port(tensor)),
            )
        };
        Ok(Plan {
            steps: steps(network, &layout, offset),
            entries: network.entries.iter().map(port).collect(),
            exports: exports.iter().map(export).collect(),
            picture_columns,
            buffers: layout.buffers,
        })
    }
}

fn steps(network: &Network, layout: &Layout, offset: i32) -> Vec<Step> {
    let mut steps = Vec::new();
    for (number, step) in network.steps.iter().enumerate() {
        match step {
            GraphStep::Conv(conv) => {
                let made = Convolution::new(conv, network, layout, offset);
                steps.push(Step::Convolution(Box::new(made)));
            }
            GraphStep::Pool(pool) => steps.push(Step::Pool {
                input: layout.places[pool.input],
                output: layout.places[pool.output],
                pool: *pool,
            }),
            GraphStep::Enlarge {
                input,
                output,
                factor,
            } => steps.push(Step::Enlarge {
                input: layout.places[*input],
                output: layout.places[*output],
                factor: *factor,
            }),
            GraphStep::Concat { .. } => {
                let copies = layout.copies.iter().filter(|copy| copy.0 == number);
                steps.extend(copies.map(|&(_, part, output)| Step::Enlarge {
                    input: layout.places[part],
                    output,
                    factor: 1,
                }));
            }
        }
    }
    steps
}
