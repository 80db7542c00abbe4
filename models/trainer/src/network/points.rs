//! The landmark network: a grey crop of a face in, five points and a confidence out.

use face8x_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::Weights;

/// The sizes of a landmark network, by stage.
///
/// It gives 11 numbers: x and y of the left eye, the right eye, the nose and the left and right
/// mouth corner, from 0 to 1 across the crop, and a number c of which the probability that there is
/// a face is 1 / (1 + exp(-[`Points::STEEPNESS`] (c - 1/2))).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Points {
    pub channels: [usize; 4],
    /// Convolutions of each stage after the one that halves the picture.
    pub convs: [usize; 4],
}

impl Points {
    /// Side of the crop in its own pixels.
    pub const SIDE: usize = 48;
    /// Numbers that it gives.
    pub const OUTPUTS: usize = 11;
    /// See [`Points`].
    pub const STEEPNESS: f32 = 20.0;
    /// 4.0 million multiply-adds.
    pub const STANDARD: Points = Points {
        channels: [16, 32, 64, 96],
        convs: [0, 0, 1, 1],
    };

    /// The sizes of the network whose weights these are.
    ///
    /// # Errors
    /// Convolutions are missing.
    pub fn of(weights: &Weights) -> Result<Self> {
        let mut points = Points {
            channels: [0; 4],
            convs: [0; 4],
        };
        for stage in 0..4 {
            let name = if stage == 0 {
                "stem.w".to_owned()
            } else {
                format!("d{stage}.w")
            };
            let shape = &weights.get(&name)?.shape;
            points.channels[stage] = *shape
                .first()
                .ok_or_else(|| Error::other(format!("the weights {name} have no shape")))?;
            points.convs[stage] = (0..)
                .take_while(|k| weights.contains(&format!("s{stage}.c.{k}.w")))
                .count();
        }
        Ok(points)
    }
}
