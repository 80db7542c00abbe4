//! What a quantised network computes, free of tract's nodes and of any memory layout.

/// Index of a tensor in [`Network::tensors`].
pub type TensorId = usize;

/// A tensor of bytes: channels x rows x columns of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub channels: usize,
    pub rows: usize,
    pub columns: usize,
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

/// A list of convolutions in the order of evaluation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Network {
    pub tensors: Vec<Shape>,
    pub convs: Vec<Conv>,
    /// Tensors that come from outside.
    pub entries: Vec<TensorId>,
}

impl Network {
    /// Adds a tensor.
    pub fn tensor(&mut self, shape: Shape) -> TensorId {
        self.tensors.push(shape);
        self.tensors.len() - 1
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
        self.convs.iter().map(of).sum()
    }
}

impl Scale {
    /// What the byte `q` stands for.
    pub fn value(self, q: u8) -> f32 {
        (f32::from(q) - f32::from(self.zero)) * self.scale
    }
}
