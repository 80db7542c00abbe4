//! What a quantised network computes, free of tract's nodes and of any memory layout.

/// Index of a tensor in [`Graph::tensors`].
pub(crate) type TensorId = usize;

/// A tensor of bytes: channels x rows x columns of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub channels: usize,
    pub rows: usize,
    pub columns: usize,
    /// Bytes of -128 to 127 in the file. Here 128 is added to them and to their zero points, which
    /// changes nothing that is computed.
    pub signed: bool,
}

impl Shape {
    /// Whether the other has as many channels, rows and columns.
    pub(crate) fn same_size(&self, other: &Shape) -> bool {
        let signed = self.signed;
        *self == Shape { signed, ..*other }
    }
}

/// What a byte q stands for: `scale` * (q - `zero`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub scale: f32,
    pub zero: u8,
}

impl Scale {
    /// What the byte `q` stands for.
    pub(crate) fn value(self, q: u8) -> f32 {
        (f32::from(q) - f32::from(self.zero)) * self.scale
    }
}

/// A convolution with all that follows it: QLinearConv, then, where they are there, DepthToSpace,
/// an addition with its ReLU, or the global skip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Conv {
    /// The node's name in the file.
    pub name: String,
    pub input: TensorId,
    /// What comes out in the end. Its shape is the convolution's own unless `depth_to_space`.
    pub output: TensorId,
    /// Input channels of an output channel: all of them, or 1 where `depthwise`.
    pub inputs: usize,
    pub outputs: usize,
    /// Each output channel reads the input channel of the same number alone.
    pub depthwise: bool,
    /// Side of the kernel, 1 or 3.
    pub side: usize,
    /// 1 or 2.
    pub stride: usize,
    /// Rows and columns of zeros before the input: 0, or 1 where the side is 3. There may be as
    /// many after it.
    pub padding: [usize; 2],
    /// outputs x inputs x side x side, each -127 to 127.
    pub weights: Vec<i8>,
    /// In units of input scale times weight scale, by output.
    pub bias: Vec<i32>,
    /// Input scale x weight scale / output scale, by output.
    pub factor: Vec<f32>,
    /// What the bytes of the input stand for; the byte of 0 also stands in the border.
    pub scale_in: Scale,
    /// What the bytes of the convolution's own output stand for.
    pub scale_out: Scale,
    /// DepthToSpace by 2, mode CRD: channel 4c + 2i + j goes to channel c at row i, column j.
    pub depth_to_space: bool,
    pub epilogue: Epilogue,
}

/// What follows a convolution's own output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Epilogue {
    /// Nothing: its bytes are the output.
    None,
    /// An addition: both sides dequantised, added, cut at 0 where `relu`, and quantised.
    Add {
        own: Scale,
        other: Scale,
        other_id: TensorId,
        sum: Sum,
    },
    /// The global skip: the residual's bytes count levels around `zero`, and the bilinear
    /// enlargement by 8 of `base`, levels too, is added. Always with `depth_to_space`.
    GlobalSkip { zero: u8, base: TensorId },
}

/// How a sum becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sum {
    pub relu: bool,
    /// 1 / scale.
    pub reciprocal: f32,
    pub zero: u8,
}

/// An addition that no convolution takes over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Add {
    pub sides: [Side; 2],
    pub sum: Sum,
    pub output: TensorId,
}

/// One side of an [`Add`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Side {
    pub tensor: TensorId,
    pub scale: Scale,
    /// Each of its pixels stands for a square of this side (nearest neighbour).
    pub factor: usize,
}

/// The greatest of each window, channel by channel. What lies outside does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaxPool {
    pub input: TensorId,
    pub output: TensorId,
    /// Of the window: rows, columns.
    pub sides: [usize; 2],
    pub strides: [usize; 2],
    /// How far the first window reaches beyond the first row and column.
    pub padding: [usize; 2],
}

/// One step of a network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Conv(Box<Conv>),
    MaxPool(MaxPool),
    Add(Add),
    /// Every pixel becomes a square of side `factor`: nearest neighbour.
    Resize {
        input: TensorId,
        output: TensorId,
        factor: usize,
    },
}

impl Step {
    /// The tensor that it makes.
    pub(crate) fn output(&self) -> TensorId {
        match self {
            Step::Conv(conv) => conv.output,
            Step::MaxPool(pool) => pool.output,
            Step::Add(add) => add.output,
            Step::Resize { output, .. } => *output,
        }
    }

    /// The tensors that it reads: its input, and the other side of an addition or the small
    /// picture of the global skip.
    pub(crate) fn reads(&self) -> impl Iterator<Item = TensorId> {
        let (first, second) = match self {
            Step::Conv(conv) => (conv.input, conv.beside()),
            Step::MaxPool(pool) => (pool.input, None),
            Step::Add(add) => (add.sides[0].tensor, Some(add.sides[1].tensor)),
            Step::Resize { input, .. } => (*input, None),
        };
        std::iter::once(first).chain(second)
    }
}

impl Conv {
    /// What it reads besides its input.
    pub(crate) fn beside(&self) -> Option<TensorId> {
        match self.epilogue {
            Epilogue::None => None,
            Epilogue::Add { other_id, .. } => Some(other_id),
            Epilogue::GlobalSkip { base, .. } => Some(base),
        }
    }

    /// The weights of an output channel, inputs x side x side.
    pub(crate) fn weights_of(&self, output: usize) -> &[i8] {
        let count = self.inputs * self.side * self.side;
        &self.weights[output * count..][..count]
    }
}

/// A list of steps in the order of evaluation.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Graph {
    pub tensors: Vec<Shape>,
    /// What the bytes of each tensor stand for, where a node says it.
    pub scales: Vec<Option<Scale>>,
    pub steps: Vec<Step>,
    /// Tensors that come from outside.
    pub inputs: Vec<TensorId>,
}

impl Graph {
    /// Adds a tensor.
    pub(crate) fn tensor(&mut self, shape: Shape) -> TensorId {
        self.tensors.push(shape);
        self.scales.push(None);
        self.tensors.len() - 1
    }

    /// The convolutions among the steps.
    pub(crate) fn convs(&self) -> impl Iterator<Item = &Conv> {
        self.steps.iter().filter_map(|step| match step {
            Step::Conv(conv) => Some(&**conv),
            _ => None,
        })
    }

    /// The number of the step that makes a tensor.
    pub(crate) fn made_by(&self, tensor: TensorId) -> Option<usize> {
        self.steps.iter().position(|step| step.output() == tensor)
    }

    /// What the bytes of a tensor stand for; pooling and resizing change nothing about it.
    pub(crate) fn scale_of(&self, tensor: TensorId) -> Option<Scale> {
        let passed_on = |tensor: TensorId| match self.steps[self.made_by(tensor)?] {
            Step::MaxPool(MaxPool { input, .. }) | Step::Resize { input, .. } => Some(input),
            _ => None,
        };
        let chain = std::iter::successors(Some(tensor), |&tensor| passed_on(tensor));
        chain.into_iter().find_map(|tensor| self.scales[tensor])
    }

    /// Lets additions read a resized tensor's input in its place, where nothing else needs the
    /// large tensor. The tensors `outputs` are wanted.
    pub(crate) fn fold_resizes(&mut self, outputs: &[TensorId]) {
        let mut number = 0;
        while number < self.steps.len() {
            let Step::Resize {
                input,
                output,
                factor,
            } = self.steps[number]
            else {
                number += 1;
                continue;
            };
            let mut others = self
                .steps
                .iter()
                .filter(|step| !matches!(step, Step::Add(_)));
            if outputs.contains(&output) || others.any(|step| step.reads().any(|id| id == output)) {
                number += 1;
                continue;
            }
            self.steps.remove(number);
            for step in &mut self.steps {
                let Step::Add(add) = step else { continue };
                for side in add.sides.iter_mut().filter(|side| side.tensor == output) {
                    (side.tensor, side.factor) = (input, side.factor * factor);
                }
            }
        }
    }

    /// The same steps for an input of another height and width; `None` where a tensor would not be
    /// the same share of it, or the network does not have [any size](Graph::has_any_size).
    pub(crate) fn resized(&self, size: [usize; 2]) -> Option<Graph> {
        let input = *self.inputs.first().filter(|_| self.has_any_size())?;
        let sizes = |shape: &Shape| [shape.rows, shape.columns];
        let known = sizes(&self.tensors[input]);
        let scaled = |shape: &Shape| {
            let of = |axis: usize| {
                let product = sizes(shape)[axis].checked_mul(size[axis])?;
                (product > 0 && product.is_multiple_of(known[axis])).then(|| product / known[axis])
            };
            let (rows, columns) = (of(0)?, of(1)?);
            Some(Shape {
                rows,
                columns,
                ..*shape
            })
        };
        let tensors = self.tensors.iter().map(scaled).collect::<Option<_>>()?;
        Some(Graph {
            tensors,
            ..self.clone()
        })
    }

    /// Whether the input may have another height and width: it is one, the sizes of all tensors are in
    /// proportion to it, and there is no global skip.
    pub(crate) fn has_any_size(&self) -> bool {
        self.inputs.len() == 1 && self.steps.iter().all(|step| self.keeps_shares(step))
    }

    /// Whether the size of what a step makes is in proportion to that of its input: then it is so for
    /// every multiple of its strides.
    fn keeps_shares(&self, step: &Step) -> bool {
        let by = |input: TensorId, output: TensorId, [down, across]: [usize; 2], square: usize| {
            let (large, small) = (&self.tensors[input], &self.tensors[output]);
            square * large.rows == down * small.rows
                && square * large.columns == across * small.columns
        };
        match step {
            Step::Conv(conv) => {
                let square = 1 + usize::from(conv.depth_to_space);
                !matches!(conv.epilogue, Epilogue::GlobalSkip { .. })
                    && by(conv.input, conv.output, [conv.stride; 2], square)
            }
            Step::MaxPool(pool) => by(pool.input, pool.output, pool.strides, 1),
            // Their sizes follow from each other's whatever they are.
            Step::Add(_) | Step::Resize { .. } => true,
        }
    }

    /// Multiplications of weights that aren't zero by construction, a run (a tap that is zero for
    /// every input channel of an output is not counted).
    pub(crate) fn multiplications(&self) -> usize {
        let of = |conv: &Conv| {
            let area = conv.side * conv.side;
            let out = self.tensors[conv.output];
            let pixels = out.rows * out.columns / if conv.depth_to_space { 4 } else { 1 };
            let used = |output: usize| {
                let weights = conv.weights_of(output).iter();
                let tap_is_used =
                    |&tap: &usize| weights.clone().skip(tap).step_by(area).any(|&w| w != 0);
                (0..area).filter(tap_is_used).count()
            };
            (0..conv.outputs).map(used).sum::<usize>() * conv.inputs * pixels
        };
        self.convs().map(of).sum()
    }
}
