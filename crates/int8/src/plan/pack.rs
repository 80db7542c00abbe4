//! A convolution's weights in the order in which the kernels read them.

use super::layout::Layout;
use super::{Convolution, Group, Target};
use crate::graph::{Conv, Epilogue, Graph};
use crate::kernel::{Block, Kernel};

impl Convolution {
    /// Packs a convolution.
    pub(super) fn new(
        conv: &Conv,
        graph: &Graph,
        layout: &Layout,
        kernel: &dyn Kernel,
    ) -> Convolution {
        let input = layout.places[conv.input];
        let target = target(conv, layout);
        let square = if conv.depth_to_space { 2 } else { 1 };
        let shape = graph.tensors[conv.output];
        let mut packed = Convolution {
            depthwise: conv.depthwise,
            input,
            target,
            rows: shape.rows / square,
            columns: shape.columns / square,
            square,
            stride: conv.stride,
            // The border is one pixel wide.
            origin: (1 - conv.padding[0]) * input.row + (1 - conv.padding[1]) * input.pixel,
            quads: conv.inputs.div_ceil(Block::INPUTS),
            groups: Vec::new(),
            weights: Vec::new(),
            bias: Vec::new(),
            factor: Vec::new(),
            zero: conv.scale_out.zero,
        };
        // The global skip puts the squares together itself; else each of a square's pixels is a
        // convolution of its own.
        let phases = if conv.depth_to_space && !matches!(target, Target::Display { .. }) {
            4
        } else {
            1
        };
        let offset = if conv.depthwise {
            kernel.depthwise_offset()
        } else {
            kernel.input_offset()
        };
        for phase in 0..phases {
            let channels: Vec<usize> = (phase..conv.outputs).step_by(phases).collect();
            packed.add_groups(conv, &channels, (phase / 2, phase % 2), offset);
        }
        packed
    }

    /// Adds groups for these output channels, in blocks of 16.
    fn add_groups(&mut self, conv: &Conv, channels: &[usize], phase: (usize, usize), offset: i32) {
        let blocks = channels.len().div_ceil(Block::LANES);
        let mut done = 0;
        while done < blocks {
            let count = side_by_side(blocks, blocks - done);
            let first = done * Block::LANES;
            let end = channels.len().min(first + count * Block::LANES);
            let channels = &channels[first..end];
            let taps = taps(conv, channels);
            let taps = match conv.depthwise {
                true => in_fours(conv, &taps),
                false => taps.into_iter().map(Some).collect(),
            };
            self.groups.push(Group {
                blocks: count,
                taps: self.offsets(conv, &taps, first),
                weights: self.weights.len(),
                lanes: self.bias.len(),
                phase,
                channel: first,
            });
            self.weights.extend(match conv.depthwise {
                true => depthwise_blocks(conv, channels, count, &taps),
                false => dense_blocks(conv, channels, count, &taps),
            });
            self.add_lanes(conv, channels, count * Block::LANES, offset);
            done += count;
        }
    }

    /// Where the taps lie in the window; one without a weight where the one before it does. Depthwise
    /// ones read from the group's first channel on.
    fn offsets(&self, conv: &Conv, taps: &[Option<usize>], channel: usize) -> Vec<usize> {
        let first = if conv.depthwise { channel } else { 0 };
        let mut last = first;
        let mut offset = |tap: &Option<usize>| {
            if let Some(tap) = tap {
                let (row, column) = (tap / conv.side, tap % conv.side);
                last = first + row * self.input.row + column * self.input.pixel;
            }
            last
        };
        taps.iter().map(&mut offset).collect()
    }

    /// Adds bias and factor of these output channels, and fills up with channels of zeros.
    fn add_lanes(&mut self, conv: &Conv, channels: &[usize], lanes: usize, offset: i32) {
        for lane in 0..lanes {
            let (bias, factor) = channels.get(lane).map_or((0, 0.0), |&output| {
                let sum: i32 = conv.weights_of(output).iter().map(|&w| i32::from(w)).sum();
                let shift = offset - i32::from(conv.scale_in.zero);
                (conv.bias[output] + shift * sum, conv.factor[output])
            });
            self.bias.push(bias);
            self.factor.push(factor);
        }
    }
}

fn target(conv: &Conv, layout: &Layout) -> Target {
    match conv.epilogue {
        Epilogue::None => Target::Bytes(layout.places[conv.output]),
        Epilogue::Add {
            own,
            other,
            other_id,
            sum,
        } => Target::Sum {
            output: layout.places[conv.output],
            other: layout.places[other_id],
            own_scale: own,
            other_scale: other,
            sum,
        },
        Epilogue::GlobalSkip { zero, base } => Target::Display {
            zero,
            base: layout.places[base],
        },
    }
}

/// The taps that some of these output channels use.
fn taps(conv: &Conv, outputs: &[usize]) -> Vec<usize> {
    let area = conv.side * conv.side;
    let used = |&tap: &usize| {
        let uses = |&output: &usize| {
            let mut weights = conv.weights_of(output).iter().skip(tap).step_by(area);
            weights.any(|&weight| weight != 0)
        };
        outputs.iter().any(uses)
    };
    (0..area).filter(used).collect()
}

/// A depthwise convolution's taps, column by column: from column to column all lie one pixel further,
/// so that a kernel can use what it has read of a column for three pixels. Each column fills a multiple
/// of four.
fn in_fours(conv: &Conv, taps: &[usize]) -> Vec<Option<usize>> {
    let mut fours = Vec::new();
    for column in 0..conv.side {
        let of_column = taps.iter().filter(|&&tap| tap % conv.side == column);
        fours.extend(of_column.copied().map(Some));
        fours.resize(fours.len().next_multiple_of(Block::INPUTS), None);
    }
    fours
}

/// The weights of these outputs, `[tap][quad][block]`, in each block `[output][input]`.
fn dense_blocks(
    conv: &Conv,
    outputs: &[usize],
    blocks: usize,
    taps: &[Option<usize>],
) -> Vec<Block> {
    let area = conv.side * conv.side;
    let mut packed = Vec::new();
    for &tap in taps.iter().flatten() {
        for first in (0..conv.inputs).step_by(Block::INPUTS) {
            for block in 0..blocks {
                packed.push(Block(std::array::from_fn(|k| {
                    let output = outputs.get(block * Block::LANES + k / Block::INPUTS);
                    let input = first + k % Block::INPUTS;
                    match output {
                        Some(&output) if input < conv.inputs => {
                            conv.weights_of(output)[input * area + tap]
                        }
                        _ => 0,
                    }
                })));
            }
        }
    }
    packed
}

/// The weights of these channels, `[four taps][block]`, in each block `[channel][tap]`.
fn depthwise_blocks(
    conv: &Conv,
    channels: &[usize],
    blocks: usize,
    taps: &[Option<usize>],
) -> Vec<Block> {
    let mut packed = Vec::new();
    for four in taps.chunks(Block::INPUTS) {
        for block in 0..blocks {
            packed.push(Block(std::array::from_fn(|k| {
                let channel = channels.get(block * Block::LANES + k / Block::INPUTS);
                match (channel, four.get(k % Block::INPUTS)) {
                    (Some(&channel), Some(&Some(tap))) => conv.weights_of(channel)[tap],
                    _ => 0,
                }
            })));
        }
    }
    packed
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
