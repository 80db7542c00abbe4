//! The network family: which convolutions there are, what joins them, and what they cost.
//!
//! An encoder goes from 16x16 over 8x8 to 4x4; a decoder comes back with additive skips and goes
//! on to 64x64, where a convolution makes 12 channels that are folded to 3 at 128x128. A bilinear
//! enlargement of the input is added. Every convolution is 3x3; upsampling is a convolution at
//! the low resolution whose channels are folded into 2x2 pixels (DepthToSpace), each of them
//! using the 2x2 taps nearest to it, which is what nearest-neighbour upsampling followed by a 3x3
//! convolution comes to.

use face8x_core::{Error, Result};
use serde::{Deserialize, Serialize};

mod paper;
mod plan;
mod points;
mod taps;
mod weights;

pub use plan::{ConvSpec, Join, NetworkPlan, NetworkStep, Op};
pub use points::Points;
pub use taps::{Taps, tap_is_used};
pub use weights::{Tensor, Weights};

/// The sizes of one network: channels (`c`) and convolutions (`n`, on the way back `m`) at each
/// resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    pub c16: usize,
    pub n16: usize,
    pub c8: usize,
    pub n8: usize,
    pub c4: usize,
    pub n4: usize,
    pub m8: usize,
    pub m16: usize,
    pub c32: usize,
    pub n32: usize,
    pub c64: usize,
    pub n64: usize,
}

/// More than this many channels or convolutions in one place is a mistake, not a network.
const MAX_CHANNELS: usize = 1024;
const MAX_CONVS: usize = 64;

impl NetworkConfig {
    /// At most 0.05 GMAC.
    pub const NANO: NetworkConfig = NetworkConfig {
        c16: 32,
        n16: 2,
        c8: 48,
        n8: 2,
        c4: 64,
        n4: 2,
        m8: 0,
        m16: 2,
        c32: 32,
        n32: 0,
        c64: 16,
        n64: 1,
    };

    /// At most 0.12 GMAC.
    pub const DEFAULT: NetworkConfig = NetworkConfig {
        c16: 48,
        n16: 2,
        c8: 64,
        n8: 2,
        c4: 96,
        n4: 2,
        m8: 2,
        m16: 4,
        c32: 32,
        n32: 1,
        c64: 16,
        n64: 1,
    };

    /// At most 0.35 GMAC.
    pub const LARGE: NetworkConfig = NetworkConfig {
        c16: 96,
        n16: 4,
        c8: 96,
        n8: 2,
        c4: 128,
        n4: 2,
        m8: 2,
        m16: 4,
        c32: 48,
        n32: 2,
        c64: 16,
        n64: 2,
    };

    /// # Errors
    /// Channels that are no multiple of 16 (the engine on the board computes 16 at a time), or
    /// numbers out of all proportion.
    pub fn check(&self) -> Result<()> {
        for (name, channels) in [
            ("c16", self.c16),
            ("c8", self.c8),
            ("c4", self.c4),
            ("c32", self.c32),
            ("c64", self.c64),
        ] {
            if channels == 0 || channels % 16 != 0 || channels > MAX_CHANNELS {
                return Err(Error::usage(format!(
                    "{name} = {channels}: channels come in multiples of 16, up to {MAX_CHANNELS}"
                )));
            }
        }
        for (name, convs) in [
            ("n16", self.n16),
            ("n8", self.n8),
            ("n4", self.n4),
            ("m8", self.m8),
            ("m16", self.m16),
            ("n32", self.n32),
            ("n64", self.n64),
        ] {
            if convs > MAX_CONVS {
                return Err(Error::usage(format!(
                    "{name} = {convs}: at most {MAX_CONVS} convolutions at one resolution"
                )));
            }
        }
        Ok(())
    }

    /// The configuration whose weights these are.
    ///
    /// # Errors
    /// Convolutions of the family are missing, or their shapes do not fit together.
    pub fn of(weights: &Weights) -> Result<Self> {
        let count = |body: &str| {
            (0..)
                .take_while(|k| weights.contains(&format!("{body}.c.{k}.w")))
                .count()
        };
        let channels = |conv: &str, fold: usize| -> Result<usize> {
            let shape = &weights.get(&format!("{conv}.w"))?.shape;
            Ok(shape.first().unwrap_or(&0) / fold)
        };
        let config = NetworkConfig {
            c16: channels("stem", 1)?,
            n16: count("e16"),
            c8: channels("d8", 1)?,
            n8: count("e8"),
            c4: channels("d4", 1)?,
            n4: count("e4"),
            m8: count("m8"),
            m16: count("m16"),
            c32: channels("u32.c", 4)?,
            n32: count("b32"),
            c64: channels("u64.c", 4)?,
            n64: count("b64"),
        };
        config.check()?;
        Ok(config)
    }
}
