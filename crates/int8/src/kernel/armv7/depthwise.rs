//! Depthwise convolutions: two pixels by 8 channels at a time, four taps a turn.

use std::arch::global_asm;

use super::{LoopArguments, PairSums};
use crate::kernel::{Block, Row};

// SAFETY: the assembler below has this name, argument and C's calling convention.
unsafe extern "C" {
    /// # Safety
    /// The processor has NEON, and all that the arguments point to is there.
    fn int8_neon_depthwise(arguments: *const LoopArguments);
}

// Sums are in q8, q9 (the first pixel) and q10, q11; weights of four taps in d0 to d3; inputs of two
// taps in q2 and q3; products in q4 and q5.
global_asm!(
    "
    .syntax unified
    .arch armv7-a
    .fpu neon
    .arm
    .text

    @ Adds the products of the next two taps, whose weights are v and w.
    .macro int8_two_taps v, w
    ldr r8, [r3], #4
    ldr r9, [r3], #4
    add r8, r1, r8
    add r9, r1, r9
    vld1.8 {d4}, [r8], r2
    vld1.8 {d5}, [r9], r2
    vld1.8 {d6}, [r8]
    vld1.8 {d7}, [r9]
    veor q2, q2, q15
    veor q3, q3, q15
    vmull.s8 q4, d4, \\v
    vmull.s8 q5, d6, \\v
    vmlal.s8 q4, d5, \\w
    vmlal.s8 q5, d7, \\w
    vaddw.s16 q8, q8, d8
    vaddw.s16 q9, q9, d9
    vaddw.s16 q10, q10, d10
    vaddw.s16 q11, q11, d11
    .endm

    .globl int8_neon_depthwise
    .hidden int8_neon_depthwise
    .type int8_neon_depthwise, %function
    .p2align 4
int8_neon_depthwise:
    push {r4-r9}
    vpush {d8-d11}
    vmov.i8 q15, #0x80
    ldr r1, [r0]
    ldr r2, [r0, #4]
    ldr r7, [r0, #24]
    mov r12, #0                     @ 0, then 32: the half of the block
1:  vmov.i32 q8, #0
    vmov.i32 q9, #0
    vmov.i32 q10, #0
    vmov.i32 q11, #0
    ldr r3, [r0, #8]                @ taps
    ldr r4, [r0, #12]
    lsr r4, r4, #2                  @ four taps a turn
    ldr r5, [r0, #16]
    add r5, r5, r12
    ldr r6, [r0, #20]
    cmp r4, #0
    beq 3f
2:  vld4.8 {d0, d1, d2, d3}, [r5], r6
    int8_two_taps d0, d1
    int8_two_taps d2, d3
    subs r4, r4, #1
    bne 2b
3:  add r8, r7, r12
    vst1.32 {d16-d19}, [r8]
    add r8, r8, #64
    vst1.32 {d20-d23}, [r8]
    add r1, r1, #8
    add r12, r12, #32
    cmp r12, #64
    bne 1b
    vpop {d8-d11}
    pop {r4-r9}
    bx lr
    .size int8_neon_depthwise, . - int8_neon_depthwise

    .purgem int8_two_taps
",
    options(raw)
);

/// The sums of `count` pixels, 1 or 2, from `pixel` on of one block, without the bias.
///
/// # Safety
/// This processor has NEON; the row has passed its check and has the block and these pixels.
pub(super) unsafe fn sums(row: &Row<'_>, block: usize, pixel: usize, count: usize) -> PairSums {
    let mut sums = PairSums([[0; Block::LANES]; 2]);
    let first = block * Block::LANES;
    // SAFETY: the caller's; the block's channels are in every window.
    let arguments = unsafe { LoopArguments::new(row, block, pixel, count, first, &mut sums) };
    // SAFETY: the caller's; the check: every window holds 16 bytes for each block at every tap.
    unsafe { int8_neon_depthwise(&arguments) };
    sums
}
