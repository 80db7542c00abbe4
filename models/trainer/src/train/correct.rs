//! Back-projection of a batch: see [`crate::camera::correction`].

use burn::tensor::{Device, Tensor, TensorData};
use face8x_core::backproject::COLOUR_CALM;
use face8x_core::convert::LUMA_WEIGHTS;
use face8x_core::geometry::HR_SIDE;

use crate::camera::correction::{Correction, LEAST_SHARE, MOST};

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

    let number =
        |of: &dyn Fn(&Correction) -> &f32| tensor(&|c| std::slice::from_ref(of(c)), [1, 1, 1]);
    let (pixels, noise) = (number(&|c| &c.pixels), number(&|c| &c.noise));
    let known = rest.clone().inner();
    let sum = (known.clone() * known).sum_dim(3).sum_dim(2).sum_dim(1);
    let power = sum / pixels.mul_scalar(3.0);
    let noise = noise + power.clone() * number(&|c| &c.model_error);
    let error = (power.clone() - noise.clone()).max_pair(power.mul_scalar(LEAST_SHARE));
    let values = tensor(&|c| &c.values[0], [1, MOST, 1]) * tensor(&|c| &c.values[1], [1, 1, MOST]);
    let colour_noise = noise.clone().mul_scalar(COLOUR_CALM) + number(&|c| &c.colour_noise);
    let weight = |noise: Tensor<4>| {
        let weight = error.clone() / (error.clone() * values.clone() + noise);
        weight.autodiff()
    };
    let luma =
        Tensor::from_data(TensorData::new(LUMA_WEIGHTS.to_vec(), [1, 3, 1, 1]), device).autodiff();
    let grey = (rest.clone() * luma).sum_dim(1);
    let solution = grey.clone() * weight(noise) + (rest - grey) * weight(colour_noise);

    let change = show_down.transpose().matmul(solution).matmul(show_across);
    pictures + change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{Shot, take};
    use crate::evaluate::corrected;
    use crate::runner::HR_LEN;
    use crate::train::loader::planes;
    use crate::train::network::to_vec;
    use crate::train::{DEVICES, open_devices};

    /// The mean distance of two pictures in levels.
    fn apart(a: &[f32], b: &[f32]) -> f32 {
        let sum: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
        255.0 * sum / HR_LEN as f32
    }

    #[test]
    fn a_batch_is_corrected_as_the_program_does_it_and_the_rest_stays() {
        let device = &open_devices(DEVICES[0]).unwrap()[0];
        let level = |k: usize| {
            let (x, y, c) = ((k / 3 % HR_SIDE) as f32, (k / 3 / HR_SIDE) as f32, k % 3);
            (125.0 + 45.0 * ((x * 0.17).sin() + (y * 0.11 + c as f32).cos())) as u8
        };
        let hr: Vec<u8> = (0..HR_LEN).map(level).collect();
        let network: Vec<u8> = hr.iter().map(|&v| 90 + v / 4).collect();
        let mut rng = fastrand::Rng::with_seed(5);
        let shot = Shot::plain(24.0, 3.0, 0.0, &mut rng);
        let capture = take(&hr, &shot, &mut rng).unwrap();
        let wanted = planes(&corrected(&network, &capture, 3.0).unwrap());

        let corrections = [Correction::none(), Correction::of(&shot, &capture)];
        let before = planes(&network);
        let pictures: Tensor<4> = Tensor::from_data(
            TensorData::new(
                [before.clone(), before.clone()].concat(),
                [2, 3, HR_SIDE, HR_SIDE],
            ),
            device,
        );
        let pictures = pictures.autodiff().require_grad();
        let found = correct(pictures.clone(), &corrections, device);
        let values = to_vec(found.clone().inner()).unwrap();
        assert_eq!(values[..HR_LEN], before);
        let (left, moved) = (apart(&values[HR_LEN..], &wanted), apart(&before, &wanted));
        // The program corrects small faces on a grid of 64x64.
        assert!(left < 0.12 * moved, "{left} of {moved}");

        // What the camera sees of a picture has no influence on the corrected one: only the rest has.
        let mut gradients = found.sum().backward();
        let gradient = to_vec(pictures.grad_remove(&mut gradients).unwrap()).unwrap();
        let mean = |values: &[f32]| values.iter().sum::<f32>() / HR_LEN as f32;
        assert!((mean(&gradient[..HR_LEN]) - 1.0).abs() < 1e-4);
        assert!(mean(&gradient[HR_LEN..]).abs() < 0.2);
    }
}
