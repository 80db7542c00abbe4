//! Every kernel against the portable one, and the portable one against the formula in 64 bits.

use proptest::prelude::*;
use std::io::Write as _;

use super::*;

#[cfg(target_arch = "x86_64")]
mod avx_vnni;

/// A row's numbers, owned.
#[derive(Debug, Clone)]
struct RowCase {
    depthwise: bool,
    input: Vec<u8>,
    input_step: usize,
    taps: Vec<usize>,
    quads: usize,
    blocks: usize,
    weights: Vec<Block>,
    bias: Vec<i32>,
    factor: Vec<f32>,
    zero: u8,
    output_step: usize,
    other_step: usize,
    add: Option<AdditionCase>,
    pixels: usize,
}

impl RowCase {
    /// The output after a kernel, and what it left alone around it.
    fn run(&self, kernel: &dyn Kernel) -> Vec<u8> {
        let offset = match self.depthwise {
            true => kernel.depthwise_offset(),
            false => kernel.input_offset(),
        };
        let bias: Vec<i32> = self
            .bias
            .iter()
            .enumerate()
            .map(|(lane, bias)| bias + offset * self.weight_sum(lane))
            .collect();
        let mut output = vec![0xa5; self.pixels * self.output_step + self.blocks * Block::LANES];
        let row = Row {
            input: &self.input,
            input_step: self.input_step,
            taps: &self.taps,
            quads: self.quads,
            blocks: self.blocks,
            weights: &self.weights,
            bias: &bias,
            factor: &self.factor,
            zero: self.zero,
            output: &mut output,
            output_step: self.output_step,
            add: self
                .add
                .as_ref()
                .map(|(other, own_scale, other_scale, sum)| Addend {
                    other,
                    step: self.other_step,
                    own_scale: *own_scale,
                    other_scale: *other_scale,
                    sum: *sum,
                }),
            pixels: self.pixels,
        };
        match self.depthwise {
            true => kernel.depthwise_row(row),
            false => kernel.row(row),
        }
        output
    }

    /// All weights of an output channel.
    fn weight_sum(&self, lane: usize) -> i32 {
        let blocks = self.weights.iter().skip(lane / 16).step_by(self.blocks);
        let of_lane = |block: &Block| block.0[lane % 16 * 4..][..4].to_vec();
        blocks.flat_map(of_lane).map(i32::from).sum()
    }

    /// The formula of [`Row`] for one byte, in 64-bit integers and the types of ONNX.
    fn expected(&self, pixel: usize, lane: usize) -> u8 {
        let mut sum = i64::from(self.bias[lane]);
        for (t, tap) in self.taps.iter().enumerate() {
            if self.depthwise {
                let block = t / 4 * self.blocks + lane / 16;
                let weight = self.weights[block].0[lane % 16 * 4 + t % 4];
                let byte = self.input[pixel * self.input_step + tap + lane];
                sum += i64::from(byte) * i64::from(weight);
                continue;
            }
            for input in 0..4 * self.quads {
                let block = (t * self.quads + input / 4) * self.blocks + lane / 16;
                let weight = self.weights[block].0[lane % 16 * 4 + input % 4];
                sum += i64::from(self.input[pixel * self.input_step + tap + input])
                    * i64::from(weight);
            }
        }
        let byte = |value: f64, zero: u8| {
            (value.round_ties_even() + f64::from(zero)).clamp(0.0, 255.0) as u8
        };
        let own = byte(f64::from(sum as f32 * self.factor[lane]), self.zero);
        let Some((other, own_scale, other_scale, to)) = &self.add else {
            return own;
        };
        let value = |q: u8, s: &Scale| (i32::from(q) - i32::from(s.zero)) as f32 * s.scale;
        let total =
            value(own, own_scale) + value(other[pixel * self.other_step + lane], other_scale);
        let total = if to.relu { total.max(0.0) } else { total };
        byte(f64::from(total * to.reciprocal), to.zero)
    }
}

fn scales() -> impl Strategy<Value = Scale> {
    (1e-4..0.1f32, any::<u8>()).prop_map(|(scale, zero)| Scale { scale, zero })
}

/// Bytes of all sizes, with many at the ends of the range.
fn bytes(count: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(0), Just(255), any::<u8>()], count)
}

fn weights(count: usize) -> impl Strategy<Value = Vec<Block>> {
    let weight = prop_oneof![Just(-127i8), Just(127), -127..=127i8];
    let block = prop::array::uniform32((weight.clone(), weight)).prop_map(|pairs| {
        Block(std::array::from_fn(|k| {
            if k % 2 == 0 {
                pairs[k / 2].0
            } else {
                pairs[k / 2].1
            }
        }))
    });
    prop::collection::vec(block, count)
}

/// The other side of an addition, with the scales and the sum.
type AdditionCase = (Vec<u8>, Scale, Scale, Sum);

fn additions(count: usize) -> impl Strategy<Value = AdditionCase> {
    (bytes(count), scales(), scales(), sums())
}

fn sums() -> impl Strategy<Value = Sum> {
    (any::<bool>(), scales()).prop_map(|(relu, to)| Sum {
        relu,
        reciprocal: to.scale.recip(),
        zero: to.zero,
    })
}

/// Input, taps, weights, bias, factors, zero point and addition of a case.
type CaseNumbers = (
    Vec<u8>,
    Vec<usize>,
    Vec<Block>,
    Vec<i32>,
    Vec<f32>,
    u8,
    Option<AdditionCase>,
);

/// Numbers of these lengths, those of the other side of an addition last. With `small` no factor takes
/// a sum beyond 32 bits.
fn numbers(
    [input, taps, weight_blocks, lanes, other]: [usize; 5],
    small: bool,
) -> impl Strategy<Value = CaseNumbers> {
    let most = if small { 0.05f32 } else { 1e6 };
    let factor = prop_oneof![1e-6..0.05f32, Just(most)];
    (
        bytes(input),
        prop::collection::vec(0usize..40, taps),
        weights(weight_blocks),
        prop::collection::vec(-2_000_000..2_000_000i32, lanes),
        prop::collection::vec(factor, lanes),
        any::<u8>(),
        prop::option::of(additions(other)),
    )
}

fn cases() -> impl Strategy<Value = RowCase> {
    let sizes = (
        any::<bool>(),
        0usize..20,
        1usize..=4,
        1usize..5,
        0usize..4,
        1usize..=2,
        (0usize..3, 0usize..3),
        (any::<bool>(), any::<bool>()),
    );
    sizes.prop_flat_map(
        |(depthwise, pixels, blocks, quads, taps, stride, gaps, (columns, small))| {
            // Three columns of three taps, as the windows of depthwise convolutions are.
            let columns = depthwise && columns;
            let taps = if columns { 3 } else { taps };
            let lanes = blocks * Block::LANES;
            // Depthwise ones read all channels of the block, four taps at a time.
            let (quads, taps, weight_blocks) = match depthwise {
                true => (lanes / 4, 4 * taps, taps * blocks),
                false => (quads, taps, taps * quads * blocks),
            };
            let input_step = stride * quads * 4;
            let output_step = lanes + gaps.0 * Block::LANES;
            let other_step = lanes + gaps.1 * Block::LANES;
            let input = (pixels + 2) * input_step + 3 * 40 + 4 * quads;
            let other = pixels * other_step + lanes;
            let numbers = numbers([input, taps, weight_blocks, lanes, other], small);
            numbers.prop_map(
                move |(input, mut taps, mut weights, bias, factor, zero, add)| {
                    if columns {
                        taps = columns_of(&taps, input_step);
                    }
                    if depthwise {
                        clear_fillers(&taps, &mut weights, blocks);
                    }
                    RowCase {
                        depthwise,
                        input,
                        input_step,
                        taps,
                        quads,
                        blocks,
                        weights,
                        bias,
                        factor,
                        zero,
                        output_step,
                        other_step,
                        add,
                        pixels,
                    }
                },
            )
        },
    )
}

/// The taps of three columns one pixel apart, of the rows of the first three; each column is filled up
/// by a tap that lies where the one before it does.
fn columns_of(taps: &[usize], pixel: usize) -> Vec<usize> {
    let column = |x: usize| [0, 1, 2, 2].map(|row| taps[row] + x * pixel);
    (0..3).flat_map(column).collect()
}

/// Takes the weights of taps that only fill up a depthwise convolution's fours.
fn clear_fillers(taps: &[usize], weights: &mut [Block], blocks: usize) {
    for (four, taps) in taps.chunks(Block::INPUTS).enumerate() {
        for k in (1..taps.len()).filter(|&k| taps[k] == taps[k - 1]) {
            for block in &mut weights[four * blocks..][..blocks] {
                block
                    .0
                    .iter_mut()
                    .skip(k)
                    .step_by(Block::INPUTS)
                    .for_each(|weight| *weight = 0);
            }
        }
    }
}

#[test]
fn kernels_that_this_processor_lacks_are_named() {
    let names: Vec<_> = available().iter().map(|kernel| kernel.name()).collect();
    assert_eq!(names.last(), Some(&"portable"));
    let known: &[&str] = match std::env::consts::ARCH {
        // AVX-VNNI has its own tests.
        "x86_64" => &["AVX-512 VNNI", "AVX2"],
        "aarch64" => &["NEON usmmla", "NEON sdot", "NEON smull"],
        "arm" => &["NEON vmull"],
        _ => &[],
    };
    for name in known {
        if !names.contains(name) {
            writeln!(std::io::stderr(), "skipped: this processor has no {name}").ok();
        }
    }
}

#[test]
fn kernels_are_found_by_name() {
    for (name, kernel) in names().iter().zip(available()) {
        assert_eq!(named(name).unwrap().name(), kernel.name());
    }
    assert_eq!(names().last().unwrap(), "portable");
    let error = named("portabel").err().unwrap();
    assert!(error.to_string().contains("portable"), "{error}");
}

/// An addition's row: both sides, with their scales and enlargements, the sum, the bytes of a pixel,
/// and the pixels.
type SumCase = ([(Vec<u8>, Scale, usize); 2], Sum, usize, usize);

fn sum_cases() -> impl Strategy<Value = SumCase> {
    let sizes = (0usize..20, 1usize..4, 1usize..4, 1usize..4);
    sizes.prop_flat_map(|(pixels, blocks, a, b)| {
        let pixel = blocks * Block::LANES;
        let side = move |factor: usize| {
            (
                bytes(pixels.div_ceil(factor) * pixel),
                scales(),
                Just(factor),
            )
        };
        ((side(a), side(b)), sums()).prop_map(move |((a, b), sum)| ([a, b], sum, pixel, pixels))
    })
}

fn sum_row(kernel: &dyn Kernel, (sides, sum, pixel, pixels): &SumCase) -> Vec<u8> {
    let mut output = vec![0xa5; pixel * pixels];
    let side = |(bytes, scale, factor): &(Vec<u8>, Scale, usize)| (bytes.clone(), *scale, *factor);
    let [a, b] = [side(&sides[0]), side(&sides[1])];
    kernel.sum_row(SumRow {
        sides: [&a, &b].map(|(bytes, scale, factor)| SumSide {
            bytes,
            scale: *scale,
            factor: *factor,
        }),
        sum: *sum,
        pixel: *pixel,
        output: &mut output,
    });
    output
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_kernel_adds_by_the_formula(case in sum_cases()) {
        let (sides, sum, pixel, pixels) = &case;
        let byte = |at: usize| {
            let value = |(bytes, scale, factor): &(Vec<u8>, Scale, usize)| {
                let byte = bytes[at / pixel / factor * pixel + at % pixel];
                (i32::from(byte) - i32::from(scale.zero)) as f32 * scale.scale
            };
            let total = value(&sides[0]) + value(&sides[1]);
            let total = if sum.relu { total.max(0.0) } else { total };
            let level = f64::from(total * sum.reciprocal).round_ties_even();
            (level + f64::from(sum.zero)).clamp(0.0, 255.0) as u8
        };
        let expected: Vec<u8> = (0..pixel * pixels).map(byte).collect();
        for kernel in available() {
            prop_assert_eq!(&sum_row(kernel.as_ref(), &case), &expected, "{}", kernel.name());
        }
    }

    #[test]
    fn the_portable_kernel_computes_the_formula(case in cases()) {
        let output = case.run(&Portable);
        let lanes = case.blocks * Block::LANES;
        for (at, &byte) in output.iter().enumerate() {
            let (pixel, lane) = (at / case.output_step, at % case.output_step);
            let written = pixel < case.pixels && lane < lanes;
            let expected = if written { case.expected(pixel, lane) } else { 0xa5 };
            prop_assert_eq!(byte, expected, "pixel {} lane {}", pixel, lane);
        }
    }

    #[test]
    fn every_kernel_equals_the_portable_one(case in cases()) {
        let expected = case.run(&Portable);
        for kernel in available() {
            prop_assert_eq!(&case.run(kernel.as_ref()), &expected, "{}", kernel.name());
        }
    }
}
