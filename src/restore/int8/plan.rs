//! Where every tensor lies, and the weights in the kernels' order: all that is done once, at load.
//!
//! Tensors are channels-last with a border of one pixel that holds the byte of zero, and their
//! channels are padded to whole blocks. Concatenating, folding and padding thus cost nothing.

use std::collections::HashMap;

use super::graph::{Conv, Network, Scale, Sum, TensorId, Then};
use super::kernel::Block;
use crate::{Error, Result};

/// Where a tensor lies. Sizes in bytes; the border is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    pub buffer: usize,
    pub channels: usize,
    pub rows: usize,
    pub columns: usize,
    /// From pixel to pixel.
    pub pixel: usize,
    /// From row to row.
    pub row: usize,
}

impl Place {
    /// Where the pixels of row `y` begin.
    pub fn start(&self, y: usize) -> usize {
        (y + 1) * self.row + self.pixel
    }

    fn bytes(&self) -> usize {
        (self.rows + 2) * self.row
    }
}

/// A buffer and the byte that it is filled with before the first run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffer {
    pub bytes: usize,
    pub fill: u8,
}

/// Up to four blocks of output channels that have the same taps and go to the same phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub blocks: usize,
    /// Offsets in the input's window.
    pub taps: Vec<usize>,
    /// The first of its weights, and of its numbers of bias and factor.
    pub weights: usize,
    pub lanes: usize,
    /// Row and column in the square that a pixel becomes (0 where nothing is folded).
    pub phase: (usize, usize),
    /// The first output channel.
    pub channel: usize,
}

/// Where a step's result goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    Bytes(Place),
    /// An addition's other side lies as the output does.
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
pub struct Step {
    pub input: Place,
    pub target: Target,
    /// Rows and columns of the convolution's own output.
    pub rows: usize,
    pub columns: usize,
    /// 1, or 2 where the output is folded into squares.
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

/// A network ready to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub buffers: Vec<Buffer>,
    pub steps: Vec<Step>,
    pub entries: Vec<Place>,
    /// Where the results lie; `None` is the picture.
    pub exports: Vec<Option<Place>>,
    /// Columns of the largest picture's small side.
    pub picture_columns: usize,
}

impl Plan {
    /// Plans a network of which the tensors `exports` are wanted, for a kernel with this offset
    /// (see [`super::kernel::Kernel::input_offset`]).
    ///
    /// # Errors
    /// Two convolutions give the border of one tensor different zero points.
    pub fn new(network: &Network, exports: &[TensorId], offset: i32) -> Result<Plan> {
        let zeros = zeros(network)?;
        let (places, buffers) = place(network, exports, &zeros);
        let mut pictures = Vec::new();
        let mut picture_columns = 0;
        let mut steps = Vec::new();
        for conv in &network.convs {
            if let Then::Picture { base, .. } = conv.then {
                pictures.push(conv.output);
                picture_columns = picture_columns.max(network.tensors[base].columns);
            }
            steps.push(step(conv, &places, offset));
        }
        let export = |tensor: &TensorId| (!pictures.contains(tensor)).then(|| places[*tensor]);
        Ok(Plan {
            buffers,
            steps,
            entries: network
                .entries
                .iter()
                .map(|&tensor| places[tensor])
                .collect(),
            exports: exports.iter().map(export).collect(),
            picture_columns,
        })
    }
}

/// The byte of zero of each tensor that a convolution reads.
fn zeros(network: &Network) -> Result<Vec<u8>> {
    let mut zeros = vec![None; network.tensors.len()];
    for conv in &network.convs {
        if *zeros[conv.input].get_or_insert(conv.zero_in) != conv.zero_in {
            let what = "takes another zero point than the other nodes that read its input";
            return Err(Error::new(format!("the model's node {} {what}", conv.name))
                .remedy("quantise the network again, or use the embedded model"));
        }
    }
    Ok(zeros.into_iter().map(Option::unwrap_or_default).collect())
}

/// Gives each tensor a buffer. One of the same form and border is taken over from a tensor that
/// is not read any more.
fn place(network: &Network, exports: &[TensorId], zeros: &[u8]) -> (Vec<Place>, Vec<Buffer>) {
    let mut last_read = vec![0; network.tensors.len()];
    for (step, conv) in network.convs.iter().enumerate() {
        for tensor in reads(conv) {
            last_read[tensor] = step;
        }
    }
    for &tensor in exports {
        last_read[tensor] = usize::MAX;
    }
    let mut buffers: Vec<Buffer> = Vec::new();
    let mut places: Vec<Place> = network
        .tensors
        .iter()
        .enumerate()
        .map(|(tensor, shape)| {
            // The picture's input has three channels: one block of four inputs is enough for it.
            // Kernels write, and add, whole blocks of 16.
            let thin = shape.channels <= Block::INPUTS
                && network.entries.contains(&tensor)
                && !network.convs.iter().any(|conv| adds(conv, tensor));
            let unit = if thin { Block::INPUTS } else { Block::LANES };
            let pixel = shape.channels.next_multiple_of(unit);
            let row = (shape.columns + 2) * pixel;
            let (channels, rows, columns) = (shape.channels, shape.rows, shape.columns);
            Place {
                buffer: usize::MAX,
                channels,
                rows,
                columns,
                pixel,
                row,
            }
        })
        .collect();
    let mut free: HashMap<(Place, u8), Vec<usize>> = HashMap::new();
    let mut give =
        |tensor: TensorId, places: &mut [Place], free: &mut HashMap<(Place, u8), Vec<usize>>| {
            let place = &mut places[tensor];
            let kept = free.get_mut(&(*place, zeros[tensor])).and_then(Vec::pop);
            place.buffer = kept.unwrap_or_else(|| {
                buffers.push(Buffer {
                    bytes: place.bytes(),
                    fill: zeros[tensor],
                });
                buffers.len() - 1
            });
        };
    for &tensor in &network.entries {
        give(tensor, &mut places, &mut free);
    }
    for (step, conv) in network.convs.iter().enumerate() {
        if !matches!(conv.then, Then::Picture { .. }) {
            give(conv.output, &mut places, &mut free);
        }
        let mut done = reads(conv);
        done.dedup();
        for tensor in done.into_iter().filter(|&tensor| last_read[tensor] == step) {
            let place = places[tensor];
            let key = (
                Place {
                    buffer: usize::MAX,
                    ..place
                },
                zeros[tensor],
            );
            free.entry(key).or_default().push(place.buffer);
        }
    }
    (places, buffers)
}

/// Whether a convolution adds this tensor to its result.
fn adds(conv: &Conv, tensor: TensorId) -> bool {
    matches!(conv.then, Then::Add { other_id, .. } if other_id == tensor)
}

/// The tensors that a convolution reads.
fn reads(conv: &Conv) -> Vec<TensorId> {
    match conv.then {
        Then::Nothing => vec![conv.input],
        Then::Add {
            other_id: other, ..
        }
        | Then::Picture { base: other, .. } => vec![conv.input, other],
    }
}

fn step(conv: &Conv, places: &[Place], offset: i32) -> Step {
    let input = places[conv.input];
    let output = places[conv.output];
    let fold = if conv.fold { 2 } else { 1 };
    let target = match conv.then {
        Then::Nothing => Target::Bytes(output),
        Then::Add {
            own,
            other,
            other_id,
            sum,
        } => Target::Sum {
            output,
            other: places[other_id],
            own_scale: own,
            other_scale: other,
            sum,
        },
        Then::Picture { zero, base } => Target::Picture {
            zero,
            base: places[base],
        },
    };
    let margin = 1 - conv.side / 2;
    let mut step = Step {
        input,
        target,
        rows: output.rows / fold,
        columns: output.columns / fold,
        fold,
        stride: conv.stride,
        origin: margin * (input.row + input.pixel),
        quads: input.pixel / Block::INPUTS,
        groups: Vec::new(),
        weights: Vec::new(),
        bias: Vec::new(),
        factor: Vec::new(),
        zero: conv.zero_out,
        offset,
    };
    // The picture's last step puts the squares together itself; else each of a square's pixels
    // is a convolution of its own.
    let phases = if conv.fold && !matches!(target, Target::Picture { .. }) {
        4
    } else {
        1
    };
    for phase in 0..phases {
        let channels: Vec<usize> = (phase..conv.outputs).step_by(phases).collect();
        step.pack(conv, &channels, (phase / 2, phase % 2));
    }
    step
}

impl Step {
    /// Adds groups for these output channels, in blocks of 16.
    fn pack(&mut self, conv: &Conv, channels: &[usize], phase: (usize, usize)) {
        let blocks = channels.len().div_ceil(Block::LANES);
        let mut done = 0;
        while done < blocks {
            let count = side_by_side(blocks, blocks - done);
            let first = done * Block::LANES;
            let end = channels.len().min(first + count * Block::LANES);
            self.group(conv, &channels[first..end], count, phase, first);
            done += count;
        }
    }

    fn group(
        &mut self,
        conv: &Conv,
        channels: &[usize],
        blocks: usize,
        phase: (usize, usize),
        first: usize,
    ) {
        let area = conv.side * conv.side;
        let weight = |output: usize, input: usize, tap: usize| {
            conv.weights[(output * conv.inputs + input) * area + tap]
        };
        let used = |&tap: &usize| {
            channels
                .iter()
                .any(|&o| (0..conv.inputs).any(|i| weight(o, i, tap) != 0))
        };
        let taps: Vec<usize> = (0..area).filter(used).collect();
        let group = Group {
            blocks,
            taps: taps
                .iter()
                .map(|tap| tap / conv.side * self.input.row + tap % conv.side * self.input.pixel)
                .collect(),
            weights: self.weights.len(),
            lanes: self.bias.len(),
            phase,
            channel: first,
        };
        for &tap in &taps {
            for quad in 0..self.quads {
                for block in 0..blocks {
                    let packed = std::array::from_fn(|k| {
                        let lane = block * Block::LANES + k / Block::INPUTS;
                        let input = quad * Block::INPUTS + k % Block::INPUTS;
                        match channels.get(lane) {
                            Some(&output) if input < conv.inputs => weight(output, input, tap),
                            _ => 0,
                        }
                    });
                    self.weights.push(Block(packed));
                }
            }
        }
        for lane in 0..blocks * Block::LANES {
            let (bias, factor) = channels.get(lane).map_or((0, 0.0), |&output| {
                let weights = &conv.weights[output * conv.inputs * area..][..conv.inputs * area];
                let sum: i32 = weights.iter().map(|&w| i32::from(w)).sum();
                (
                    conv.bias[output] + (self.offset - i32::from(conv.zero_in)) * sum,
                    conv.factor[output],
                )
            });
            self.bias.push(bias);
            self.factor.push(factor);
        }
        self.groups.push(group);
    }
}

/// How many blocks go side by side where `left` of `blocks` are left: fours, or threes where they
/// divide the number and fours don't.
fn side_by_side(blocks: usize, left: usize) -> usize {
    let wide = if blocks.is_multiple_of(3) && !blocks.is_multiple_of(4) {
        3
    } else {
        Block::SIDE_BY_SIDE
    };
    left.min(wide)
}
