//! What a quantised network computes, free of tract's nodes and of any memory layout.

/// Index of a tensor in [`Network::tensors`].
pub type TensorId = usize;

/// A tensor of bytes: channels x rows x columns of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub channels: usize,
    pub rows: usize,
    pub columns: usize,
    /// Bytes of -128 to 127 in the file. Here 128 is added to them and to their zero points, which
    /// changes nothing that is computed.
    pub signed: bool,
}

impl Shape {
    /// Whether the other has as many channels, rows and columns.
    pub fn same_size(&self, other: &Shape) -> bool {
        let signed = self.signed;
        *self == Shape { signed, ..*other }
    }
}

/// What a byte q stands for: `scale` * (q - `zero`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub scale: f32,
    pub zero: u8,
}

/// A convolution with all that follows it: QLinearConv, then, where they are there, DepthToSpace,
/// an addition with its ReLU, or the global skip.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv {
    /// The node's name in the file.
    pub name: String,
    pub input: TensorId,
    /// What comes out in the end. Its shape is the convolution's own unless `fold`.
    pub output: TensorId,
    pub inputs: usize,
    pub outputs: usize,
    /// Side of the kernel, 1 or 3; the border is padded so that a stride of 1 keeps the size.
    pub side: usize,
    /// 1 or 2.
    pub stride: usize,
    /// Each pixel of the input stands for a square of this side (nearest neighbour): 1 unless
    /// [`Network::fold_enlargements`] took an enlargement in.
    pub enlarged: usize,
    /// outputs x inputs x side x side, each -127 to 127.
    pub weights: Vec<i8>,
    /// In units of input scale times weight scale, by output.
    pub bias: Vec<i32>,
    /// Input scale x weight scale / output scale, by output.
    pub factor: Vec<f32>,
    /// The byte of 0 in the input, which also stands in the border.
    pub zero_in: u8,
    /// The byte of 0 in the convolution's own output.
    pub zero_out: u8,
    /// DepthToSpace by 2, mode CRD: channel 4c + 2i + j goes to channel c at row i, column j.
    pub fold: bool,
    pub then: Then,
}

/// What follows a convolution's own output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Then {
    /// Nothing: its bytes are the output.
    Nothing,
    /// An addition: both sides dequantised, added, cut at 0 where `relu`, and quantised.
    Add {
        own: Scale,
        other: Scale,
        other_id: TensorId,
        sum: Sum,
    },
    /// The global skip: the residual's bytes count levels around `zero`, and the bilinear
    /// enlargement by 8 of `base`, levels too, is added. Always with `fold`.
    Picture { zero: u8, base: TensorId },
}

/// How a sum becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sum {
    pub relu: bool,
    /// 1 / scale.
    pub reciprocal: f32,
    pub zero: u8,
}

/// The greatest of each window, channel by channel. What lies outside does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    pub input: TensorId,
    pub output: TensorId,
    /// Of the window: rows, columns.
    pub sides: [usize; 2],
    pub strides: [usize; 2],
    /// How far the first window reaches beyond the first row and column.
    pub before: [usize; 2],
}

/// One step of a network.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Conv(Box<Conv>),
    Pool(Pool),
    /// Every pixel becomes a square of side `factor`: nearest neighbour.
    Enlarge {
        input: TensorId,
        output: TensorId,
        factor: usize,
    },
    /// The channels of all of them, one after the other.
    Concat {
        inputs: Vec<TensorId>,
        output: TensorId,
    },
}

impl Step {
    /// The tensor that it makes.
    pub fn output(&self) -> TensorId {
        match self {
            Step::Conv(conv) => conv.output,
            Step::Pool(pool) => pool.output,
            Step::Enlarge { output, .. } | Step::Concat { output, .. } => *output,
        }
    }

    /// The tensors that it reads.
    pub fn reads(&self) -> Vec<TensorId> {
        match self {
            Step::Conv(conv) => std::iter::once(conv.input).chain(conv.beside()).collect(),
            Step::Pool(pool) => vec![pool.input],
            Step::Enlarge { input, .. } => vec![*input],
            Step::Concat { inputs, .. } => inputs.clone(),
        }
    }
}

impl Conv {
    /// What it reads besides its input: an addition's other side, or the skip's small picture.
    pub fn beside(&self) -> Option<TensorId> {
        match self.then {
            Then::Nothing => None,
            Then::Add { other_id, .. } => Some(other_id),
            Then::Picture { base, .. } => Some(base),
        }
    }
}

/// A list of steps in the order of evaluation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Network {
    pub tensors: Vec<Shape>,
    pub steps: Vec<Step>,
    /// Tensors that come from outside.
    pub entries: Vec<TensorId>,
}

impl Network {
    /// Adds a tensor.
    pub fn tensor(&mut self, shape: Shape) -> TensorId {
        self.tensors.push(shape);
        self.tensors.len() - 1
    }

    /// The convolutions among the steps.
    pub fn convs(&self) -> impl Iterator<Item = &Conv> {
        self.steps.iter().filter_map(|step| match step {
            Step::Conv(conv) => Some(&**conv),
            _ => None,
        })
    }

    /// The number of the step that makes a tensor.
    pub fn made_by(&self, tensor: TensorId) -> Option<usize> {
        self.steps.iter().position(|step| step.output() == tensor)
    }

    /// Lets convolutions read an enlargement's input in its place, where nothing else needs the
    /// large tensor.
    pub fn fold_enlargements(&mut self, exports: &[TensorId]) {
        let mut number = 0;
        while number < self.steps.len() {
            let Step::Enlarge {
                input,
                output,
                factor,
            } = self.steps[number]
            else {
                number += 1;
                continue;
            };
            let fits = |step: &Step| match step {
                Step::Conv(conv) => {
                    conv.beside() != Some(output)
                        && (conv.stride, conv.enlarged, conv.fold) == (1, 1, false)
                }
                _ => false,
            };
            let mut readers = self
                .steps
                .iter()
                .filter(|step| step.reads().contains(&output));
            if exports.contains(&output) || !readers.all(fits) {
                number += 1;
                continue;
            }
            self.steps.remove(number);
            for step in &mut self.steps {
                if let Step::Conv(conv) = step
                    && conv.input == output
                {
                    (conv.input, conv.enlarged) = (input, factor);
                }
            }
        }
    }

    /// Multiplications of weights that aren't zero by construction, a run (a tap that is zero for
    /// every input channel of an output is not counted).
    pub fn multiplications(&self) -> usize {
        let of = |conv: &Conv| {
            let area = conv.side * conv.side;
            let out = self.tensors[conv.output];
            let pixels = out.rows * out.columns / if conv.fold { 4 } else { 1 };
            let used: usize = conv
                .weights
                .chunks_exact(conv.inputs * area)
                .map(|output| {
                    (0..area)
                        .filter(|&tap| output.iter().skip(tap).step_by(area).any(|&w| w != 0))
                        .count()
                })
                .sum();
            used * conv.inputs * pixels
        };
        self.convs().map(of).sum()
    }
}

impl Scale {
    /// What the byte `q` stands for.
    pub fn value(self, q: u8) -> f32 {
        (f32::from(q) - f32::from(self.zero)) * self.scale
    }
}
