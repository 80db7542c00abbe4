//! The AVX-VNNI kernel as it is compiled, on processors that lack its one new instruction too.
//!
//! There `vpdpbusd` raises SIGILL. A handler decodes it, does the operation on the registers that
//! the kernel of the system has saved, and goes on behind it; all other instructions run as they
//! are. Where the processor has the instruction, the handler is never called.

use std::arch::x86_64::{__cpuid_count, _mm256_dpbusd_avx_epi32, _mm256_set1_epi8};
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::Network;
use crate::tests::{MODELS, graphs, noise, run, run_network, sketch, typed};

/// Instructions that the handler has done.
static DONE: AtomicUsize = AtomicUsize::new(0);
/// The handler found no saved registers of 256 bits: Valgrind's signals have none.
static BLIND: AtomicBool = AtomicBool::new(false);

/// What precedes the saved state of the larger registers in a signal's frame.
const XSTATE_MAGIC: u32 = 0x4650_5853;
/// The upper halves of the registers of 256 bits among the parts of the saved state.
const UPPER_HALVES: u64 = 1 << 2;

/// A 256-bit `vpdpbusd`, decoded.
struct Instruction {
    length: usize,
    /// Register numbers: the sums, and the unsigned bytes.
    sums: usize,
    unsigned: usize,
    signed: Operand,
}

enum Operand {
    Register(usize),
    /// Its address.
    Memory(usize),
}

/// The general registers in the order of their numbers in instructions.
const GENERAL: [c_int; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];

impl Instruction {
    /// The instruction at `at`, where it is a `vpdpbusd` in the VEX form: C4, two bytes of flags and
    /// register numbers, 50, then what any instruction has for its operands.
    ///
    /// # Safety
    /// An instruction begins at `at`.
    unsafe fn decode(at: usize, general: impl Fn(usize) -> usize) -> Option<Instruction> {
        // SAFETY: only bytes that belong to the instruction by those before them are read.
        let byte = |k: usize| unsafe { ((at + k) as *const u8).read() };
        if byte(0) != 0xc4 || byte(1) & 0x1f != 2 || byte(2) & 0x87 != 5 || byte(3) != 0x50 {
            return None;
        }
        // The upper bits of register numbers stand inverted.
        let high = |bit: u32| usize::from(byte(1) >> bit & 1 ^ 1) << 3;
        let (mode, low) = (byte(4) >> 6, usize::from(byte(4) & 7));
        let mut instruction = Instruction {
            length: 5,
            sums: usize::from(byte(4) >> 3 & 7) | high(7),
            unsigned: usize::from(!byte(2) >> 3 & 15),
            signed: Operand::Register(low | high(5)),
        };
        if mode == 3 {
            return Some(instruction);
        }
        let mut address = 0usize;
        let mut base = Some(low | high(5));
        if low == 4 {
            let index = usize::from(byte(5) >> 3 & 7) | high(6);
            if index != 4 {
                address = general(index) << (byte(5) >> 6);
            }
            base = Some(usize::from(byte(5) & 7) | high(5));
            instruction.length += 1;
        }
        let at_displacement = instruction.length;
        let wide = || i32::from_le_bytes(std::array::from_fn(|k| byte(at_displacement + k)));
        let displacement = match mode {
            1 => {
                instruction.length += 1;
                byte(at_displacement).cast_signed().into()
            }
            0 if base.is_none_or(|base| base & 7 != 5) => 0,
            _ => {
                instruction.length += 4;
                wide()
            }
        };
        // Without a base: relative to the next instruction, or (with an index) to nothing.
        if mode == 0 && base.is_some_and(|base| base & 7 == 5) {
            base = None;
            if low == 5 {
                address = at + instruction.length;
            }
        }
        address = address.wrapping_add(base.map_or(0, general));
        instruction.signed = Operand::Memory(address.wrapping_add_signed(displacement as isize));
        Some(instruction)
    }
}

/// The saved vector registers: where the lower and where the upper halves lie.
struct Vectors {
    lower: *mut u8,
    upper: *mut u8,
}

impl Vectors {
    /// # Safety
    /// `saved` is the floating-point part of a signal's frame, and nothing else refers to it.
    unsafe fn new(saved: *mut u8) -> Option<Vectors> {
        // SAFETY: the frame's layout by the system's ABI: 512 bytes of the FXSAVE form, whose
        // bytes 464 to 512 tell what follows; behind them the bits of the parts that are saved.
        unsafe {
            let told = saved.add(464);
            let parts = told.add(8).cast::<u64>().read_unaligned();
            if told.cast::<u32>().read_unaligned() != XSTATE_MAGIC || parts & UPPER_HALVES == 0 {
                return None;
            }
            let upper = saved.add(__cpuid_count(0xd, 2).ebx as usize);
            let present = saved.add(512).cast::<u64>();
            // A part that stands at its initial value need not be written.
            if present.read_unaligned() & UPPER_HALVES == 0 {
                upper.write_bytes(0, 16 * 16);
                present.write_unaligned(present.read_unaligned() | UPPER_HALVES);
            }
            let lower = saved.add(160);
            Some(Vectors { lower, upper })
        }
    }

    fn halves(&self, register: usize) -> [*mut [u8; 16]; 2] {
        [self.lower, self.upper].map(|half| half.wrapping_add(16 * register).cast())
    }

    fn get(&self, register: usize) -> [[u8; 16]; 2] {
        // SAFETY: both halves of 16 registers are in the frame.
        self.halves(register).map(|half| unsafe { half.read() })
    }

    fn set(&self, register: usize, value: [[u8; 16]; 2]) {
        for (half, value) in self.halves(register).into_iter().zip(value) {
            // SAFETY: as above.
            unsafe { half.write(value) };
        }
    }
}

/// To each sum of 32 bits the four products of the bytes there.
fn accumulate(sums: &mut [u8; 16], unsigned: &[u8; 16], signed: &[u8; 16]) {
    let quads = unsigned
        .as_chunks::<4>()
        .0
        .iter()
        .zip(signed.as_chunks::<4>().0);
    for (sum, (unsigned, signed)) in sums.as_chunks_mut::<4>().0.iter_mut().zip(quads) {
        let products = unsigned.iter().zip(signed);
        let added: i32 = products
            .map(|(&a, &b)| i32::from(a) * i32::from(b.cast_signed()))
            .sum();
        *sum = i32::from_le_bytes(*sum).wrapping_add(added).to_le_bytes();
    }
}

extern "C" fn on_illegal_instruction(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the system gives a handler of three arguments its ucontext, which is ours until the
    // return.
    let machine = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
    let at = machine.gregs[libc::REG_RIP as usize] as usize;
    let general = |number: usize| machine.gregs[GENERAL[number] as usize] as usize;
    // SAFETY: the processor stopped at the instruction there.
    let Some(instruction) = (unsafe { Instruction::decode(at, general) }) else {
        // SAFETY: the next attempt ends the process, as it would have without this handler.
        unsafe { libc::signal(libc::SIGILL, libc::SIG_DFL) };
        return;
    };
    machine.gregs[libc::REG_RIP as usize] += instruction.length as i64;
    // SAFETY: the pointer is the frame's own.
    let Some(vectors) = (unsafe { Vectors::new(machine.fpregs.cast()) }) else {
        BLIND.store(true, Ordering::SeqCst);
        return;
    };
    let signed = match instruction.signed {
        Operand::Register(register) => vectors.get(register),
        // SAFETY: the instruction itself would have read these 32 bytes.
        Operand::Memory(address) => unsafe { (address as *const [[u8; 16]; 2]).read_unaligned() },
    };
    let (mut sums, unsigned) = (
        vectors.get(instruction.sums),
        vectors.get(instruction.unsigned),
    );
    for half in 0..2 {
        accumulate(&mut sums[half], &unsigned[half], &signed[half]);
    }
    vectors.set(instruction.sums, sums);
    DONE.fetch_add(1, Ordering::Relaxed);
}

/// The kernel, with the handler installed where it is needed; `None`, with a line that says why,
/// where neither can be had.
fn kernel() -> Option<Arc<dyn Kernel>> {
    static KERNEL: OnceLock<Option<Arc<dyn Kernel>>> = OnceLock::new();
    let find = || {
        if !std::arch::is_x86_feature_detected!("avxvnni") {
            install_handler();
        }
        let kernel = x86::undetected_avx_vnni();
        // SAFETY: the processor has AVX2; the handler does the rest.
        let works = kernel.is_some() && unsafe { one_instruction_works() };
        if !works {
            let why = "neither AVX-VNNI nor a handler for its instruction is possible here";
            writeln!(std::io::stderr(), "skipped: the AVX-VNNI kernel: {why}").ok();
        }
        kernel.filter(|_| works)
    };
    KERNEL.get_or_init(find).clone()
}

fn install_handler() {
    // SAFETY: a sigaction of zeros is one without flags and masks; the handler has the form that
    // SA_SIGINFO wants, and touches nothing but its frame and two atomics.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_illegal_instruction as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        libc::sigaction(libc::SIGILL, &action, std::ptr::null_mut());
    }
}

/// Whether `vpdpbusd` multiplies, by the processor or by the handler.
///
/// # Safety
/// The processor has AVX2, and AVX-VNNI or the handler.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn one_instruction_works() -> bool {
    let bytes = std::hint::black_box(_mm256_set1_epi8(-1));
    let sums = _mm256_dpbusd_avx_epi32(std::hint::black_box(_mm256_set1_epi8(0)), bytes, bytes);
    // SAFETY: both are 32 bytes.
    let sums: [i32; 8] = unsafe { std::mem::transmute(std::hint::black_box(sums)) };
    !BLIND.load(Ordering::SeqCst) && sums == [-4 * 255; 8]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_avx_vnni_kernel_equals_the_portable_one(case in cases()) {
        if let Some(kernel) = kernel() {
            prop_assert_eq!(case.run(kernel.as_ref()), case.run(&Portable));
        }
    }
}

/// Runs `vpdpbusd` with an operand in memory, from `r13` and `rcx`; gives the sums.
macro_rules! with_memory {
    ($operand:literal, $base:expr, $index:expr, $unsigned:expr) => {{
        let mut sums = [7i32; 8];
        // SAFETY: the operand lies in an array of the caller, the others are here; the kernel is
        // there, so the instruction works.
        unsafe {
            std::arch::asm!(
                "vmovdqu ymm9, [{sums}]",
                "vmovdqu ymm14, [{unsigned}]",
                concat!("{{vex}} vpdpbusd ymm9, ymm14, [", $operand, "]"),
                "vmovdqu [{sums}], ymm9",
                sums = in(reg) sums.as_mut_ptr(),
                unsigned = in(reg) $unsigned.as_ptr(),
                in("r13") $base,
                in("rcx") $index,
                out("ymm9") _,
                out("ymm14") _,
            );
        }
        sums
    }};
}

#[test]
fn operands_in_memory_are_found() {
    if kernel().is_none() {
        return;
    }
    let bytes: [u8; 512] = std::array::from_fn(|k| (k * 89) as u8);
    let base = bytes.as_ptr();
    let expected = |from: usize| -> [i32; 8] {
        let signed = bytes[from..].as_chunks::<4>().0.iter();
        let mut quads = bytes.as_chunks::<4>().0.iter().zip(signed);
        std::array::from_fn(|_| {
            let (unsigned, signed) = quads.next().unwrap();
            let products = unsigned.iter().zip(signed);
            let product = |(&a, &b): (&u8, &u8)| i32::from(a) * i32::from(b.cast_signed());
            7 + products.map(product).sum::<i32>()
        })
    };
    let end = base.wrapping_add(256);
    assert_eq!(with_memory!("r13", base, 0usize, bytes), expected(0));
    assert_eq!(with_memory!("r13 - 96", end, 0usize, bytes), expected(160));
    assert_eq!(
        with_memory!("r13 + 200", base, 0usize, bytes),
        expected(200)
    );
    assert_eq!(with_memory!("rcx", 0usize, end, bytes), expected(256));
    assert_eq!(
        with_memory!("r13 + 4*rcx", base, 9usize, bytes),
        expected(36)
    );
    assert_eq!(
        with_memory!("r13 + 8*rcx + 130", base, 3usize, bytes),
        expected(154)
    );
    assert_eq!(
        with_memory!("r13 + 2*rcx - 32", end, -7isize, bytes),
        expected(210)
    );
}

#[test]
fn the_avx_vnni_kernel_gives_tracts_bytes_for_every_form() {
    let Some(kernel) = kernel() else { return };
    for signed in [false, true] {
        let sketch = graphs::small_net(signed);
        let last = sketch.shapes.len() - 1;
        let model = sketch::typed(&sketch.model(&[last]));
        let input: Vec<u8> = (0..288).map(|k| (k * 37) as u8).collect();
        let mut network = Network::build(&model, Arc::clone(&kernel), 2).unwrap();
        assert!(run_network(&mut network, &input) == run(&model, &input));
    }
    let by_handler = DONE.load(Ordering::Relaxed) > 1000;
    assert_ne!(by_handler, std::arch::is_x86_feature_detected!("avxvnni"));
}

#[test]
#[ignore = "millions of instructions by the handler, half a minute"]
fn the_avx_vnni_kernel_restores_a_face_as_tract_does() {
    let Some(kernel) = kernel() else { return };
    let model = typed(MODELS[0].1);
    let input = noise(1);
    let mut network = Network::build(&model, kernel, 2).unwrap();
    assert!(run_network(&mut network, &input) == run(&model, &input));
}
