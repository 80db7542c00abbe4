//! What follows the sums: 16 channels of a pixel at a time.
//!
//! NEON's floats on armv7 are those of IEEE 754 but for numbers below `f32::MIN_POSITIVE`, which count
//! as 0; [`is_exact`] says where that cannot be seen. There is no rounding to integers half to even:
//! adding 1.5 x 2^23 leaves the integer in the low bits of the sum.

use std::arch::global_asm;

use crate::kernel::{Block, Row};

/// 1.5 x 2^23: a float of this size has whole numbers alone.
const MAGIC: f32 = 12_582_912.0;

/// What `int8_neon_finish` reads. The offsets stand in the assembler.
#[repr(C)]
struct FinishArguments {
    /// 16 numbers each.
    sums: *const i32,
    bias: *const i32,
    factor: *const f32,
    output: *mut u8,
    /// 16 bytes to add, or null.
    other: *const u8,
    /// Bounds of a level before the zero point is added.
    low: f32,
    high: f32,
    /// What makes a byte (without an addition) or the distance from `own_scale`'s zero point (with one)
    /// of the bits of a level and [`MAGIC`].
    level: i32,
    own_scale: f32,
    /// Minus the other side's zero point.
    other_level: i32,
    other_scale: f32,
    /// 0 for a ReLU, else minus infinity.
    least: f32,
    reciprocal: f32,
    /// The same as `low`, `high` and `level`, for the sum of both sides.
    sum_low: f32,
    sum_high: f32,
    sum_level: i32,
}

// SAFETY: the assembler below has this name, argument and C's calling convention.
unsafe extern "C" {
    /// # Safety
    /// The processor has NEON, and all that the arguments point to is there.
    fn int8_neon_finish(arguments: *const FinishArguments);
}

// Levels of four channels each are in q8 to q11; the other side's bytes in q12 to q15; constants in q0
// to q2.
global_asm!(
    "
    .syntax unified
    .arch armv7-a
    .fpu neon
    .arm
    .text

    @ Sums as levels, rounded and bounded: bias from r2, factors from r3.
    .macro int8_level q
    vld1.32 {d6-d7}, [r2]!
    vld1.32 {d18-d19}, [r3]!
    vadd.i32 \\q, \\q, q3
    vcvt.f32.s32 \\q, \\q
    vmul.f32 \\q, \\q, q9
    vmax.f32 \\q, \\q, q0
    vmin.f32 \\q, \\q, q1
    vadd.f32 \\q, \\q, q14
    vadd.i32 \\q, \\q, q2
    .endm

    @ Adds the other side's four channels x to the own ones.
    .macro int8_add q, x
    vadd.i32 \\x, \\x, q0
    vcvt.f32.s32 \\q, \\q
    vcvt.f32.s32 \\x, \\x
    vmul.f32 \\q, \\q, q1
    vmul.f32 \\x, \\x, q2
    vadd.f32 \\q, \\q, \\x
    .endm

    @ A sum of both sides as a level.
    .macro int8_sum q
    vmax.f32 \\q, \\q, q0
    vmul.f32 \\q, \\q, q1
    vmax.f32 \\q, \\q, q2
    vmin.f32 \\q, \\q, q3
    vadd.f32 \\q, \\q, q12
    vadd.i32 \\q, \\q, q13
    .endm

    .globl int8_neon_finish
    .hidden int8_neon_finish
    .type int8_neon_finish, %function
    .p2align 4
int8_neon_finish:
    vpush {d8-d15}
    ldr r1, [r0]
    ldr r2, [r0, #4]
    ldr r3, [r0, #8]
    add r12, r0, #20
    vld1.32 {d0[], d1[]}, [r12]!
    vld1.32 {d2[], d3[]}, [r12]!
    vld1.32 {d4[], d5[]}, [r12]
    ldr r12, =0x4b400000            @ MAGIC
    vdup.32 q14, r12
    vld1.32 {d8-d11}, [r1]!
    vld1.32 {d12-d15}, [r1]
    int8_level q4
    int8_level q5
    int8_level q6
    int8_level q7
    ldr r1, [r0, #16]
    cmp r1, #0
    beq 1f
    vld1.8 {d16-d17}, [r1]          @ the other side's bytes
    vmovl.u8 q10, d16
    vmovl.u8 q11, d17
    vmovl.u16 q8, d20
    vmovl.u16 q9, d21
    vmovl.u16 q10, d22
    vmovl.u16 q15, d23
    add r12, r0, #36
    vld1.32 {d0[], d1[]}, [r12]           @ other_level
    sub r12, r12, #4
    vld1.32 {d2[], d3[]}, [r12]           @ own_scale
    add r12, r12, #8
    vld1.32 {d4[], d5[]}, [r12]!          @ other_scale
    int8_add q4, q8
    int8_add q5, q9
    int8_add q6, q10
    int8_add q7, q15
    vld1.32 {d0[], d1[]}, [r12]!          @ least
    vld1.32 {d2[], d3[]}, [r12]!          @ reciprocal
    vld1.32 {d4[], d5[]}, [r12]!          @ sum_low
    vld1.32 {d6[], d7[]}, [r12]!          @ sum_high
    vld1.32 {d26[], d27[]}, [r12]          @ sum_level
    vmov q12, q14
    int8_sum q4
    int8_sum q5
    int8_sum q6
    int8_sum q7
1:  vmovn.i32 d0, q4
    vmovn.i32 d1, q5
    vmovn.i32 d2, q6
    vmovn.i32 d3, q7
    vmovn.i16 d4, q0
    vmovn.i16 d5, q1
    ldr r1, [r0, #12]
    vst1.8 {d4-d5}, [r1]
    vpop {d8-d15}
    bx lr
    .ltorg
    .size int8_neon_finish, . - int8_neon_finish

    .purgem int8_level
    .purgem int8_add
    .purgem int8_sum
",
    options(raw)
);

/// Whether numbers that NEON takes for 0 change no byte of the row: a level of such a size is 0 anyway,
/// and no addition has scales so small that they or their sums are.
pub(super) fn is_exact(row: &Row<'_>) -> bool {
    row.add.is_none_or(|add| {
        let usual = 1e-30..=1e30;
        let scales = [
            add.own_scale.scale,
            add.other_scale.scale,
            add.sum.reciprocal,
        ];
        scales.iter().all(|scale| usual.contains(scale))
    })
}

/// Writes one block's 16 channels of a pixel; `sums` are without the bias.
///
/// # Safety
/// This processor has NEON; the row has passed its check and has the block and this pixel.
pub(super) unsafe fn finish(
    row: &mut Row<'_>,
    pixel: usize,
    block: usize,
    sums: &[i32; Block::LANES],
) {
    let lane = block * Block::LANES;
    let bounds = |zero: u8| (-f32::from(zero), f32::from(255 - zero));
    let level = |zero: i32| zero.wrapping_sub(MAGIC.to_bits() as i32);
    let ((low, high), zero) = (bounds(row.zero), i32::from(row.zero));
    let mut arguments = FinishArguments {
        sums: sums.as_ptr(),
        bias: row.bias[lane..].as_ptr(),
        factor: row.factor[lane..].as_ptr(),
        output: row.output[pixel * row.output_step + lane..].as_mut_ptr(),
        other: std::ptr::null(),
        low,
        high,
        level: level(zero),
        own_scale: 0.0,
        other_level: 0,
        other_scale: 0.0,
        least: 0.0,
        reciprocal: 0.0,
        sum_low: 0.0,
        sum_high: 0.0,
        sum_level: 0,
    };
    if let Some(add) = &row.add {
        let (sum_low, sum_high) = bounds(add.sum.zero);
        arguments = FinishArguments {
            other: add.other[pixel * add.step + lane..].as_ptr(),
            level: level(zero - i32::from(add.own_scale.zero)),
            own_scale: add.own_scale.scale,
            other_level: -i32::from(add.other_scale.zero),
            other_scale: add.other_scale.scale,
            least: if add.sum.relu { 0.0 } else { f32::NEG_INFINITY },
            reciprocal: add.sum.reciprocal,
            sum_low,
            sum_high,
            sum_level: level(i32::from(add.sum.zero)),
            ..arguments
        };
    }
    // SAFETY: the caller's; the check: bias, factor, output and the other side have 16 elements here.
    unsafe { int8_neon_finish(&arguments) };
}
