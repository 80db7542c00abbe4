//! Dense convolutions: two pixels by 8 output channels at a time.
//!
//! A register of sums (`q8` to `q15`) holds two halves of each of 2 output channels: of inputs 0 and 1,
//! and of inputs 2 and 3, put together at the end.

use std::arch::global_asm;

use super::{LoopArguments, PairSums};
use crate::kernel::{Block, Row};

/// The second of two quads where there is none.
static NOTHING: Block = Block([0; Block::LANES * Block::INPUTS]);

/// What `int8_neon_dense` reads. The offsets stand in the assembler.
#[repr(C)]
struct Dense {
    row: LoopArguments,
    quads: usize,
    nothing: *const Block,
}

// SAFETY: the assembler below has this name, argument and C's calling convention.
unsafe extern "C" {
    /// # Safety
    /// The processor has NEON, and all that the arguments point to is there.
    fn int8_neon_dense(arguments: *const Dense);
}

// Two quads of inputs of both pixels go to d0 to d3, each four times 16 bits wide; the weights of 4
// output channels to q2 (the first quad) and q3 (the second); products to q4 to q7. What needs the
// result of another stands four instructions behind it, for cores that take instructions in order.
global_asm!(
    "
    .syntax unified
    .arch armv7-a
    .fpu neon
    .arm
    .text

    @ Adds both quads' products of 4 output channels to sums: a, b of the first pixel, c, d of the second.
    .macro int8_products a, b, c, d
    vmull.s8 q4, d4, d0
    vmull.s8 q5, d5, d0
    vmull.s8 q6, d4, d2
    vmull.s8 q7, d5, d2
    vmlal.s8 q4, d6, d1
    vmlal.s8 q5, d7, d1
    vmlal.s8 q6, d6, d3
    vmlal.s8 q7, d7, d3
    vpadal.s16 \\a, q4
    vpadal.s16 \\b, q5
    vpadal.s16 \\c, q6
    vpadal.s16 \\d, q7
    .endm

    @ The inputs in q7, signed, each quad over a whole register; weights from r6 and r8, which go on by
    @ r9 and r10 in all.
    .macro int8_quads
    vdup.32 d0, d14[0]
    vdup.32 d1, d14[1]
    vdup.32 d2, d15[0]
    vdup.32 d3, d15[1]
    vld1.8 {d4-d5}, [r6:128]!
    vld1.8 {d6-d7}, [r8:128]!
    int8_products q8, q9, q12, q13
    vld1.8 {d4-d5}, [r6:128], r9
    vld1.8 {d6-d7}, [r8:128], r10
    int8_products q10, q11, q14, q15
    .endm

    .globl int8_neon_dense
    .hidden int8_neon_dense
    .type int8_neon_dense, %function
    .p2align 4
int8_neon_dense:
    push {r4-r11, lr}
    vpush {d8-d15}
    mov lr, #0                      @ 0, then 32: the half of the block
1:  vmov.i32 q8, #0
    vmov.i32 q9, #0
    vmov.i32 q10, #0
    vmov.i32 q11, #0
    vmov.i32 q12, #0
    vmov.i32 q13, #0
    vmov.i32 q14, #0
    vmov.i32 q15, #0
    ldr r3, [r0, #8]                @ taps
    ldr r4, [r0, #12]               @ how many are left
    ldr r6, [r0, #16]               @ the first quad's weights
    add r6, r6, lr
    ldr r7, [r0, #20]
    lsl r9, r7, #1                  @ two quads on, less what was read
    sub r9, r9, #16
    cmp r4, #0
    beq 5f
2:  ldr r12, [r3], #4
    ldr r1, [r0]
    add r1, r1, r12                 @ the first pixel's inputs
    ldr r12, [r0, #4]
    add r2, r1, r12                 @ the second pixel's
    ldr r5, [r0, #28]               @ quads
    mov r10, r9
    add r8, r6, r7                  @ the second quad's weights
    subs r5, r5, #2
    blo 4f
3:  vld1.8 {d0}, [r1]!
    vld1.8 {d1}, [r2]!
    vmov.i8 q7, #0x80
    veor q7, q0, q7
    int8_quads
    subs r5, r5, #2
    bhs 3b
4:  adds r5, r5, #2
    beq 6f
    vld1.32 {d0[]}, [r1]
    vld1.32 {d1[]}, [r2]
    vmov.i8 q7, #0x80
    veor q7, q0, q7
    ldr r8, [r0, #32]               @ no weights
    mov r10, #0
    sub r9, r7, #16
    int8_quads
    lsl r9, r7, #1
    sub r9, r9, #16
6:  subs r4, r4, #1
    bne 2b
5:  vpadd.i32 d0, d16, d17
    vpadd.i32 d1, d18, d19
    vpadd.i32 d2, d20, d21
    vpadd.i32 d3, d22, d23
    vpadd.i32 d4, d24, d25
    vpadd.i32 d5, d26, d27
    vpadd.i32 d6, d28, d29
    vpadd.i32 d7, d30, d31
    ldr r1, [r0, #24]
    add r1, r1, lr
    add r2, r1, #64
    vst1.32 {d0-d3}, [r1]
    vst1.32 {d4-d7}, [r2]
    add lr, lr, #32
    cmp lr, #64
    bne 1b
    vpop {d8-d15}
    pop {r4-r11, pc}
    .size int8_neon_dense, . - int8_neon_dense

    .purgem int8_products
    .purgem int8_quads
",
    options(raw)
);

/// The sums of `count` pixels, 1 or 2, from `pixel` on of one block, without the bias.
///
/// # Safety
/// This processor has NEON; the row has passed its check and has the block and these pixels.
pub(super) unsafe fn sums(row: &Row<'_>, block: usize, pixel: usize, count: usize) -> PairSums {
    let mut sums = PairSums([[0; Block::LANES]; 2]);
    let arguments = Dense {
        // SAFETY: the caller's.
        row: unsafe { LoopArguments::new(row, block, pixel, count, 0, &mut sums) },
        quads: row.quads,
        nothing: &NOTHING,
    };
    // SAFETY: the caller's; the check: every window of the row holds 4 x quads bytes at every tap.
    unsafe { int8_neon_dense(&arguments) };
    sums
}
