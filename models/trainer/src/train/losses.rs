//! What is minimised.

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

use super::Loss;

/// Of the Charbonnier loss: the error, in level / 255, below which it is quadratic.
const CHARBONNIER: f32 = 0.01;

/// The mean loss of the pixels that count. `counts` is N x 1 x H x W, the others N x 3 x H x W.
pub fn pixel_loss(
    loss: Loss,
    restored: Tensor<4>,
    target: Tensor<4>,
    counts: Tensor<4>,
) -> Tensor<1> {
    let difference = restored - target;
    let square = difference.clone() * difference;
    let each = match loss {
        Loss::Mse => square,
        Loss::Charbonnier => square.add_scalar(CHARBONNIER * CHARBONNIER).sqrt(),
    };
    let total = counts.clone().sum().mul_scalar(3.0);
    (each * counts).sum() / total
}

/// The weight of each pixel in the heatmap term: floor + (1 - floor) heat^gamma, where it counts.
pub fn heat_weights(heat: Tensor<4>, counts: Tensor<4>, gamma: f32, floor: f32) -> Tensor<4> {
    let raised = heat.powf_scalar(gamma);
    raised.mul_scalar(1.0 - floor).add_scalar(floor) * counts
}

/// The heatmap term: the mean over the pictures of sum(w |SR - HR|) / sum(w). `weights` is
/// N x 1 x H x W, the others N x 3 x H x W.
pub fn heat_loss(restored: Tensor<4>, target: Tensor<4>, weights: Tensor<4>) -> Tensor<1> {
    let [n, _, h, w] = weights.dims();
    let apart = (restored - target).abs() * weights.clone();
    let apart: Tensor<2> = apart.reshape([n, 3 * h * w]).sum_dim(1);
    let total: Tensor<2> = weights.reshape([n, h * w]).sum_dim(1);
    // A picture that lies wholly outside its source counts nowhere.
    (apart / total.mul_scalar(3.0).add_scalar(1e-6)).mean()
}

/// SSIM with a Gaussian window of 11x11, sigma 1.5, on level / 255; a differentiable mean.
pub struct Ssim {
    /// The window's row and column, for three channels each by itself.
    row: Tensor<4>,
    column: Tensor<4>,
}

impl Ssim {
    const WINDOW: usize = 11;
    const SIGMA: f32 = 1.5;

    pub fn new(device: &Device) -> Self {
        let reach = (Self::WINDOW / 2) as f32;
        let bell = (0..Self::WINDOW)
            .map(|k| (-(k as f32 - reach).powi(2) / (2.0 * Self::SIGMA.powi(2))).exp());
        let bell: Vec<f32> = bell.collect();
        let total: f32 = bell.iter().sum();
        let three: Vec<f32> = bell.iter().map(|v| v / total).collect::<Vec<_>>().repeat(3);
        let window =
            |shape: [usize; 4]| Tensor::from_data(TensorData::new(three.clone(), shape), device);
        Ssim {
            row: window([3, 1, 1, Self::WINDOW]),
            column: window([3, 1, Self::WINDOW, 1]),
        }
    }

    fn blur(&self, x: Tensor<4>) -> Tensor<4> {
        let options = || ConvOptions::new([1; 2], [0; 2], [1; 2], 3);
        conv2d(
            conv2d(x, self.row.clone(), None, options()),
            self.column.clone(),
            None,
            options(),
        )
    }

    /// The mean over pictures, channels and pixels.
    pub fn mean(&self, a: Tensor<4>, b: Tensor<4>) -> Tensor<1> {
        let (c1, c2) = (0.01f32.powi(2), 0.03f32.powi(2));
        let (ma, mb) = (self.blur(a.clone()), self.blur(b.clone()));
        let va = self.blur(a.clone() * a.clone()) - ma.clone() * ma.clone();
        let vb = self.blur(b.clone() * b.clone()) - mb.clone() * mb.clone();
        let cov = self.blur(a * b) - ma.clone() * mb.clone();
        let above = ((ma.clone() * mb.clone()).mul_scalar(2.0).add_scalar(c1))
            * cov.mul_scalar(2.0).add_scalar(c2);
        let below = (ma.clone() * ma + mb.clone() * mb).add_scalar(c1) * (va + vb).add_scalar(c2);
        (above / below).mean()
    }
}
