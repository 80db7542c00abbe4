//! The paper's own network, to compare with: 7.3 million parameters, 3.99 billion multiply-adds.
//!
//! Two 3x3 convolutions at 16x16 (48 channels), 8x8 (96), 4x4 (192) and 2x2 (384) on the way down
//! and two at the bottom; bilinear enlargement, concatenation with the way down and two convolutions
//! at each size on the way up; three times nearest-neighbour enlargement and a convolution to
//! 128x128; a 1x1 convolution, five residual blocks, and a 1x1 convolution to RGB. LeakyReLU 0.2
//! everywhere, a bilinear global skip. The paper gives sizes and sums; where a channel count is not
//! given it is the one that makes both sums right.

use super::plan::{Builder, ConvSpec, Join, NetworkPlan, PAPER_MARK, conv};

/// Channels from 16x16 down to 2x2, and from 32x32 on.
const CHANNELS: [usize; 4] = [48, 96, 192, 384];
const WIDE: usize = 48;
const BLOCKS: usize = 5;
/// Slope of LeakyReLU below 0.
const LEAK: f32 = 0.2;

impl NetworkPlan {
    /// The steps of the paper's network.
    pub fn paper() -> Self {
        let mut b = Builder::new(face8x_core::geometry::LR_SIDE);
        let (mut x, mut from, mut skips) = (0, 3, Vec::new());
        for (level, to) in CHANNELS.into_iter().enumerate() {
            let first = ConvSpec {
                stride: if level == 0 { 1 } else { 2 },
                ..leaky(from, to)
            };
            x = b.push_conv(&format!("down{level}.a"), x, first);
            x = b.push_conv(&format!("down{level}.b"), x, leaky(to, to));
            skips.push((x, to));
            from = to;
        }
        skips.pop();
        for part in ["bottom.a", "bottom.b"] {
            x = b.push_conv(part, x, leaky(from, from));
        }
        for (level, (skip, to)) in skips.into_iter().enumerate().rev() {
            x = b.join(&format!("up{level}.large"), &[x], Join::Bilinear);
            x = b.join(&format!("up{level}.both"), &[x, skip], Join::Concat);
            x = b.push_conv(&format!("up{level}.a"), x, leaky(from + to, to));
            x = b.push_conv(&format!("up{level}.b"), x, leaky(to, to));
            from = to;
        }
        for side in [32, 64, 128] {
            x = b.join(&format!("to{side}.large"), &[x], Join::Nearest);
            x = b.push_conv(&format!("to{side}"), x, leaky(from, WIDE));
            from = WIDE;
        }
        x = b.push_conv(PAPER_MARK, x, pointwise(leaky(WIDE, WIDE)));
        for block in 0..BLOCKS {
            let inner = b.push_conv(&format!("block{block}.a"), x, leaky(WIDE, WIDE));
            let last = ConvSpec {
                relu: false,
                gain: 0.3,
                ..leaky(WIDE, WIDE)
            };
            let inner = b.push_conv(&format!("block{block}.b"), inner, last);
            x = b.join(&format!("block{block}.sum"), &[x, inner], Join::Add);
        }
        let last = ConvSpec {
            relu: false,
            gain: 0.1,
            ..pointwise(conv(WIDE, 3))
        };
        b.push_conv("rgb", x, last);
        b.into_plan(3, true)
    }
}

fn leaky(inputs: usize, outputs: usize) -> ConvSpec {
    ConvSpec {
        leak: LEAK,
        ..conv(inputs, outputs)
    }
}

fn pointwise(conv: ConvSpec) -> ConvSpec {
    ConvSpec {
        kernel: 1,
        border: 0,
        ..conv
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_paper_s_size_and_cost() {
        let plan = NetworkPlan::paper();
        let parameters: usize = plan
            .convs()
            .map(|(_, c)| c.outputs * (c.inputs * c.kernel * c.kernel + 1))
            .sum();
        assert!((7_250_000..7_350_000).contains(&parameters), "{parameters}");
        let macs = plan.macs();
        assert!((3_985_000_000..3_995_000_000).contains(&macs), "{macs}");
        let last = plan.steps.last().unwrap();
        assert_eq!((last.channels, last.side), (3, 128));
        let smallest = plan.steps.iter().map(|step| step.side).min();
        assert_eq!(smallest, Some(2));
    }
}
