//! A convolution's weights in the order in which the kernels read them.

use super::place::Layout;
use super::{Convolution, Group, Target};
use crate::graph::{Conv, Network, Then};
use crate::kernel::Block;

/// What packing looks at.
struct Packing<'a> {
    conv: &'a Conv,
    /// The input channel at each lane of a pixel; `None` in the padding.
    inputs: Vec<Option<usize>>,
}

impl Packing<'_> {
    fn weight(&self, output: usize, input: usize, tap: usize) -> i8 {
        let area = self.conv.side * self.conv.side;
        self.conv.weights[(output * self.conv.inputs + input) * area + tap]
    }

    /// The taps that some of these output channels use.
    fn taps(&self, outputs: &[usize]) -> Vec<usize> {
        let used = |&tap: &usize| {
            let mut outputs = outputs.iter();
            outputs.any(|&o| (0..self.conv.inputs).any(|i| self.weight(o, i, tap) != 0))
        };
        (0..self.conv.side * self.conv.side).filter(used).collect()
    }

    /// The weights of these outputs, `[tap][quad][block]`.
    fn blocks(&self, outputs: &[usize], blocks: usize, taps: &[usize]) -> Vec<Block> {
        let mut packed = Vec::new();
        for &tap in taps {
            for quad in self.inputs.chunks(Block::INPUTS) {
                for block in 0..blocks {
                    packed.push(Block(std::array::from_fn(|k| {
                        let output = outputs.get(block * Block::LANES + k / Block::INPUTS);
                        let input = quad.get(k % Block::INPUTS).copied().flatten();
                        match (output, input) {
                            (Some(&output), Some(input)) => self.weight(output, input, tap),
                            _ => 0,
                        }
                    })));
                }
            }
        }
        packed
    }
}

impl Convolution {
    /// Packs a convolution.
    pub fn new(conv: &Conv, network: &Network, layout: &Layout, offset: i32) -> Convolution {
        let input = layout.places[conv.input];
        let output = layout.places[conv.output];
        let target = match conv.then {
            Then::Nothing => Target::Bytes(output),
            Then::Add {
                own,
                other,
                other_id,
                sum,
            } => Target::Sum {
                output,
                other: layout.places[other_id],
                own_scale: own,
                other_scale: other,
                sum,
            },
            Then::Picture { zero, base } => Target::Picture {
                zero,
                base: layout.places[base],
            },
        };
        let fold = if conv.fold { 2 } else { conv.enlarged };
        let shape = network.tensors[conv.output];
        // The lanes behind the last channel hold nothing.
        let lanes = &layout.lanes[conv.input];
        let used = lanes.last().map_or(0, |last| last + 1);
        let mut inputs = vec![None; used.next_multiple_of(Block::INPUTS)];
        for (channel, &lane) in lanes.iter().enumerate() {
            inputs[lane] = Some(channel);
        }
        let quads = inputs.len() / Block::INPUTS;
        let mut made = Convolution {
            input,
            target,
            rows: shape.rows / fold,
            columns: shape.columns / fold,
            fold,
            stride: conv.stride,
            origin: input.lane,
            quads,
            groups: Vec::new(),
            weights: Vec::new(),
            bias: Vec::new(),
            factor: Vec::new(),
            zero: conv.zero_out,
            offset,
        };
        let packing = Packing { conv, inputs };
        // The picture's last step puts the squares together itself; else each of a square's pixels
        // is a convolution of its own.
        let phases = if conv.fold && !matches!(target, Target::Picture { .. }) {
            4
        } else {
            1
        };
        for phase in 0..phases {
            let channels: Vec<usize> = (phase..conv.outputs).step_by(phases).collect();
            made.pack(&packing, &channels, (phase / 2, phase % 2));
        }
        made
    }

    /// Adds groups for these output channels, in blocks of 16.
    fn pack(&mut self, packing: &Packing, channels: &[usize], phase: (usize, usize)) {
        let blocks = channels.len().div_ceil(Block::LANES);
        let mut done = 0;
        while done < blocks {
            let count = side_by_side(blocks, blocks - done);
            let first = done * Block::LANES;
            let end = channels.len().min(first + count * Block::LANES);
            let group = self.group(packing, &channels[first..end], count);
            let conv = packing.conv;
            let taps = packing.taps(&channels[first..end]);
            for square in 0..conv.enlarged * conv.enlarged {
                let within = (square / conv.enlarged, square % conv.enlarged);
                self.groups.push(Group {
                    taps: taps
                        .iter()
                        .map(|&tap| self.tap(conv, tap, within))
                        .collect(),
                    phase: (phase.0 + within.0, phase.1 + within.1),
                    channel: first,
                    ..group.clone()
                });
            }
            done += count;
        }
    }

    /// Where a tap lies in the window, which begins at the border's corner, for the pixel `within`
    /// the square that an input pixel is enlarged to.
    fn tap(&self, conv: &Conv, tap: usize, within: (usize, usize)) -> usize {
        let place = |within: usize, step: usize| {
            // Both counted from the border on, one pixel before the square.
            (within + step + conv.enlarged - conv.side / 2) / conv.enlarged
        };
        let row = place(within.0, tap / conv.side);
        let column = place(within.1, tap % conv.side);
        row * self.input.row + column * self.input.pixel
    }

    /// Packs the weights and numbers of these output channels.
    fn group(&mut self, packing: &Packing, channels: &[usize], blocks: usize) -> Group {
        let conv = packing.conv;
        let group = Group {
            blocks,
            taps: Vec::new(),
            weights: self.weights.len(),
            lanes: self.bias.len(),
            phase: (0, 0),
            channel: 0,
        };
        let taps = packing.taps(channels);
        self.weights.extend(packing.blocks(channels, blocks, &taps));
        let per_output = conv.inputs * conv.side * conv.side;
        for lane in 0..blocks * Block::LANES {
            let (bias, factor) = channels.get(lane).map_or((0, 0.0), |&output| {
                let weights = &conv.weights[output * per_output..][..per_output];
                let sum: i32 = weights.iter().map(|&w| i32::from(w)).sum();
                (
                    conv.bias[output] + (self.offset - i32::from(conv.zero_in)) * sum,
                    conv.factor[output],
                )
            });
            self.bias.push(bias);
            self.factor.push(factor);
        }
        group
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
