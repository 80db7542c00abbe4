//! Back-projection of a batch: see [`crate::camera::correction`].

use burn::tensor::{Device, Tensor, TensorData};
use face8x_core::geometry::HR_SIDE;

use crate::camera::correction::{Correction, LEAST_SHARE, MODEL_ERROR, MOST};

/// The pictures, N x 3 x 128 x 128 and tracked, corrected by what the camera saw of each. How much the
/// camera is believed is taken as given: no gradient goes through it.
pub fn correct(pictures: Tensor<4>, corrections: &[Correction], device: &Device) -> Tensor<4> {
    let n = corrections.len();
    let tensor = |of: &dyn Fn(&Correction) -> &[f32], shape: [usize; 3]| -> Tensor<4> {
        let values: Vec<f32> = corrections
            .iter()
            .flat_map(|c| of(c).iter().copied())
            .collect();
        let [channels, rows, columns] = shape;
        Tensor::from_data(
            TensorData::new(values, [n, channels, rows, columns]),
            device,
        )
    };
    // One matrix for the three channels of a picture.
    let matrix = |of: &dyn Fn(&Correction) -> &[f32]| {
        let one = tensor(of, [1, MOST, HR_SIDE]);
        one.expand([n, 3, MOST, HR_SIDE]).autodiff()
    };
    let (see_down, see_across) = (matrix(&|c| &c.see[0]), matrix(&|c| &c.see[1]));
    let (show_down, show_across) = (matrix(&|c| &c.show[0]), matrix(&|c| &c.show[1]));
    let seen = tensor(&|c| &c.seen, [3, MOST, MOST]).autodiff();
    let expected = see_down
        .matmul(pictures.clone())
        .matmul(see_across.transpose());
    let rest = seen - expected;

    let pixels = tensor(&|c| std::slice::from_ref(&c.pixels), [1, 1, 1]);
    let noise = tensor(&|c| std::slice::from_ref(&c.noise), [1, 1, 1]);
    let known = rest.clone().inner();
    let sum = (known.clone() * known).sum_dim(3).sum_dim(2).sum_dim(1);
    let power = sum / pixels.mul_scalar(3.0);
    let noise = noise + power.clone().mul_scalar(MODEL_ERROR * MODEL_ERROR);
    let error = (power.clone() - noise.clone()).max_pair(power.mul_scalar(LEAST_SHARE));
    let values = tensor(&|c| &c.values[0], [1, MOST, 1]) * tensor(&|c| &c.values[1], [1, 1, MOST]);
    let weight = error.clone() / (error * values + noise);

    let change = show_down
        .transpose()
        .matmul(rest * weight.autodiff())
        .matmul(show_across);
    pictures + change
}
