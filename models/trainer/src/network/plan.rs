//! The network as a list of steps, which every part of the trainer walks: training, export,
//! calibration, quantisation and the count of multiplications.

use face8x_core::{Error, Result};

use face8x_core::geometry::LR_SIDE;

use super::{NetworkConfig, Points, Taps, Weights};

/// The convolution that only the paper's network has.
pub(super) const PAPER_MARK: &str = "merge";

/// A convolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConvSpec {
    pub inputs: usize,
    pub outputs: usize,
    /// Side of its window: 3, or 1 in the paper's network.
    pub kernel: usize,
    pub stride: usize,
    /// Zeros around its input: 1 or 0.
    pub border: usize,
    /// Whether max(0, x) follows, or max(x, leak x).
    pub relu: bool,
    /// The slope below 0: 0, or 0.2 in the paper's network.
    pub leak: f32,
    pub taps: Taps,
    /// The factor of the usual initialisation that suits this place.
    pub gain: f32,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Op {
    Conv(ConvSpec),
    /// Four channels become 2x2 pixels of one (DepthToSpace, mode CRD).
    Shuffle,
    /// max(0, a + b).
    AddRelu,
    /// What only the paper's network has, and what has no 8-bit form here.
    Join(Join),
}

/// What joins the convolutions of the paper's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// Enlargement by 2: each pixel becomes 2x2 of them.
    Nearest,
    /// Bilinear enlargement by 2.
    Bilinear,
    /// The channels of both.
    Concat,
    /// a + b.
    Add,
}

/// One step of the network. Tensor 0 is the network's input, tensor k + 1 is what step k makes.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkStep {
    pub op: Op,
    /// The tensors it reads: one, or two for [`Op::AddRelu`], [`Join::Concat`] and [`Join::Add`].
    pub inputs: Vec<usize>,
    /// For a convolution the stem of its weights' names ("stem": `stem.w`, `stem.b`).
    pub name: String,
    /// Channels of what it makes.
    pub channels: usize,
    /// Side of what it makes, in pixels.
    pub side: usize,
}

/// The steps of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkPlan {
    /// Channels of the input.
    pub channels: usize,
    /// Side of the input, in pixels.
    pub side: usize,
    /// Whether the bilinear enlargement of the input is added to what the last step makes.
    pub skip: bool,
    pub steps: Vec<NetworkStep>,
}

impl NetworkPlan {
    /// The steps of the network with these sizes.
    pub fn new(config: &NetworkConfig) -> Self {
        let c = config;
        let mut b = Builder::new(LR_SIDE);
        let stem = b.conv("stem", 0, 3, c.c16);
        let skip16 = b.body("e16", stem, c.c16, c.n16);
        let down8 = b.strided("d8", skip16, c.c16, c.c8);
        let skip8 = b.body("e8", down8, c.c8, c.n8);
        let down4 = b.strided("d4", skip8, c.c8, c.c4);
        let deep = b.body("e4", down4, c.c4, c.n4);
        let up8 = b.up("u8.c", deep, c.c4, c.c8, false);
        let joined8 = b.add("u8.add", skip8, up8);
        let x = b.body("m8", joined8, c.c8, c.m8);
        let up16 = b.up("u16.c", x, c.c8, c.c16, false);
        let joined16 = b.add("u16.add", skip16, up16);
        let x = b.body("m16", joined16, c.c16, c.m16);
        let x = b.up("u32.c", x, c.c16, c.c32, true);
        let x = b.body("b32", x, c.c32, c.n32);
        let x = b.up("u64.c", x, c.c32, c.c64, true);
        let x = b.body("b64", x, c.c64, c.n64);
        let x = b.push_conv(
            "out",
            x,
            ConvSpec {
                relu: false,
                gain: 0.1,
                ..conv(c.c64, 12)
            },
        );
        b.shuffle("out", x);
        b.into_plan(3, true)
    }

    /// The steps of a landmark network with these sizes: each stage halves the picture, and a
    /// convolution without a border turns the last 3x3 pixels into the 11 numbers.
    pub fn points(points: &Points) -> Self {
        let mut b = Builder::new(Points::SIDE);
        let (mut x, mut from) = (0, 1);
        for (stage, (&to, &n)) in points.channels.iter().zip(&points.convs).enumerate() {
            let name = if stage == 0 {
                "stem".to_owned()
            } else {
                format!("d{stage}")
            };
            x = b.strided(&name, x, from, to);
            for k in 0..n {
                x = b.conv(&format!("s{stage}.c.{k}"), x, to, to);
            }
            from = to;
        }
        let last = ConvSpec {
            relu: false,
            border: 0,
            gain: 0.1,
            ..conv(from, Points::OUTPUTS)
        };
        b.push_conv("points", x, last);
        b.into_plan(1, false)
    }

    /// The steps of the network whose weights these are.
    ///
    /// # Errors
    /// They are of no network of this program, or their shapes do not fit together.
    pub fn of(weights: &Weights) -> Result<Self> {
        let plan = if weights.contains("points.w") {
            NetworkPlan::points(&Points::of(weights)?)
        } else if weights.contains(&format!("{}.w", PAPER_MARK)) {
            NetworkPlan::paper()
        } else {
            NetworkPlan::new(&NetworkConfig::of(weights)?)
        };
        plan.check(weights)?;
        Ok(plan)
    }

    /// Its convolutions, with their steps, in order.
    pub fn convs(&self) -> impl Iterator<Item = (&NetworkStep, &ConvSpec)> {
        self.steps.iter().filter_map(|step| match &step.op {
            Op::Conv(conv) => Some((step, conv)),
            _ => None,
        })
    }

    /// Multiply-accumulates of one picture, taps that are always 0 left out.
    pub fn macs(&self) -> usize {
        self.convs()
            .map(|(step, conv)| {
                let taps = match conv.taps {
                    Taps::All => conv.kernel * conv.kernel,
                    Taps::Phase => 4,
                };
                step.side * step.side * conv.inputs * conv.outputs * taps
            })
            .sum()
    }

    /// Compares the shapes of `weights` with what the steps need.
    ///
    /// # Errors
    /// Says which tensor is missing, or has which shape instead of which.
    pub fn check(&self, weights: &Weights) -> Result<()> {
        for (step, conv) in self.convs() {
            for (part, wanted) in [("w", conv.shape().to_vec()), ("b", vec![conv.outputs])] {
                let name = format!("{}.{part}", step.name);
                let found = &weights.get(&name)?.shape;
                if *found != wanted {
                    return Err(Error::other(format!(
                        "the weights {name} have the shape {found:?}, the network needs {wanted:?}"
                    ))
                    .remedy("use weights of a network with the same configuration"));
                }
            }
        }
        Ok(())
    }
}

impl ConvSpec {
    /// The shape of its weights.
    pub fn shape(&self) -> [usize; 4] {
        [self.outputs, self.inputs, self.kernel, self.kernel]
    }
}

pub(super) fn conv(inputs: usize, outputs: usize) -> ConvSpec {
    ConvSpec {
        inputs,
        outputs,
        kernel: 3,
        stride: 1,
        border: 1,
        relu: true,
        leak: 0.0,
        taps: Taps::All,
        gain: 1.0,
    }
}

pub(super) struct Builder {
    /// Side of the input.
    side: usize,
    steps: Vec<NetworkStep>,
}

impl Builder {
    pub(super) fn new(side: usize) -> Self {
        Builder {
            side,
            steps: Vec::new(),
        }
    }

    fn side(&self, tensor: usize) -> usize {
        match tensor {
            0 => self.side,
            _ => self.steps[tensor - 1].side,
        }
    }

    /// Adds a step and gives the number of the tensor it makes.
    fn push(&mut self, step: NetworkStep) -> usize {
        self.steps.push(step);
        self.steps.len()
    }

    pub(super) fn push_conv(&mut self, name: &str, input: usize, conv: ConvSpec) -> usize {
        let side = (self.side(input) + 2 * conv.border - conv.kernel) / conv.stride + 1;
        let op = Op::Conv(conv);
        self.push(NetworkStep {
            op,
            inputs: vec![input],
            name: name.into(),
            channels: conv.outputs,
            side,
        })
    }

    pub(super) fn join(&mut self, name: &str, inputs: &[usize], join: Join) -> usize {
        let (side, channels) = (self.side(inputs[0]), self.steps[inputs[0] - 1].channels);
        let (channels, side) = match join {
            Join::Nearest | Join::Bilinear => (channels, 2 * side),
            Join::Concat => (channels + self.steps[inputs[1] - 1].channels, side),
            Join::Add => (channels, side),
        };
        self.push(NetworkStep {
            op: Op::Join(join),
            inputs: inputs.to_vec(),
            name: name.into(),
            channels,
            side,
        })
    }

    pub(super) fn into_plan(self, channels: usize, skip: bool) -> NetworkPlan {
        NetworkPlan {
            channels,
            side: self.side,
            skip,
            steps: self.steps,
        }
    }

    fn conv(&mut self, name: &str, input: usize, from: usize, to: usize) -> usize {
        self.push_conv(name, input, conv(from, to))
    }

    fn strided(&mut self, name: &str, input: usize, from: usize, to: usize) -> usize {
        self.push_conv(
            name,
            input,
            ConvSpec {
                stride: 2,
                ..conv(from, to)
            },
        )
    }

    fn shuffle(&mut self, name: &str, input: usize) -> usize {
        let (channels, side) = (self.steps[input - 1].channels / 4, self.side(input) * 2);
        let name = format!("{name}.shuffle");
        self.push(NetworkStep {
            op: Op::Shuffle,
            inputs: vec![input],
            name,
            channels,
            side,
        })
    }

    fn up(&mut self, name: &str, input: usize, from: usize, to: usize, relu: bool) -> usize {
        let gain = if relu { 1.0 } else { 0.5 };
        let conv = ConvSpec {
            relu,
            gain,
            taps: Taps::Phase,
            ..conv(from, 4 * to)
        };
        let x = self.push_conv(name, input, conv);
        self.shuffle(name, x)
    }

    fn add(&mut self, name: &str, a: usize, b: usize) -> usize {
        let (channels, side) = (self.steps[a - 1].channels, self.side(a));
        let inputs = vec![a, b];
        self.push(NetworkStep {
            op: Op::AddRelu,
            inputs,
            name: name.into(),
            channels,
            side,
        })
    }

    /// `n` convolutions: pairs with a residual add, and a plain one at the end if `n` is odd.
    fn body(&mut self, name: &str, mut x: usize, channels: usize, n: usize) -> usize {
        for k in (0..n).step_by(2) {
            let inner = self.conv(&format!("{name}.c.{k}"), x, channels, channels);
            if k + 1 == n {
                return inner;
            }
            let second = ConvSpec {
                relu: false,
                gain: 0.3,
                ..conv(channels, channels)
            };
            let inner = self.push_conv(&format!("{name}.c.{}", k + 1), inner, second);
            x = self.add(&format!("{name}.add.{}", k / 2), x, inner);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_is_that_of_the_networks_that_were_measured() {
        assert_eq!(NetworkPlan::new(&NetworkConfig::DEFAULT).macs(), 92_278_784);
        assert_eq!(NetworkPlan::new(&NetworkConfig::LARGE).macs(), 316_022_784);
        assert!(NetworkPlan::new(&NetworkConfig::NANO).macs() < 50_000_000);
    }

    #[test]
    fn the_last_step_makes_three_channels_at_128() {
        for config in [
            NetworkConfig::NANO,
            NetworkConfig::DEFAULT,
            NetworkConfig::LARGE,
        ] {
            let plan = NetworkPlan::new(&config);
            let last = plan.steps.last().unwrap();
            assert_eq!((last.channels, last.side), (3, 128));
            for (k, step) in plan.steps.iter().enumerate() {
                assert!(step.inputs.iter().all(|&input| input <= k));
            }
        }
    }
}
