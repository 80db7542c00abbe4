//! What a build for 32-bit ARM with NEON needs (cross/cargo.sh): without it an instruction would end the
//! program without a word, perhaps before `main`, where libraries set themselves up.

use std::ffi::{c_int, c_ulong};

/// From linux/auxvec.h.
const AT_HWCAP: c_ulong = 16;
/// `HWCAP_NEON` of Linux (arch/arm/include/uapi/asm/hwcap.h).
const HWCAP_NEON: c_ulong = 1 << 12;
const STANDARD_ERROR: c_int = 2;
const MESSAGE: &[u8] = b"face8x: this processor has no NEON, which this build of face8x uses
  remedy: build it on the board: `cargo build --release`
";

// SAFETY: they have these signatures; any number may be asked for (getauxval(3)).
unsafe extern "C" {
    safe fn getauxval(kind: c_ulong) -> c_ulong;
    fn write(file: c_int, bytes: *const u8, count: usize) -> isize;
    safe fn _exit(code: c_int) -> !;
}

/// Called when the program is loaded, before what has no priority.
// SAFETY: it needs nothing that is set up later.
#[used]
#[unsafe(link_section = ".init_array.00101")]
static CHECK: extern "C" fn() = check;

/// Ends the program where the processor has no NEON. No instruction of it may be used here.
extern "C" fn check() {
    if getauxval(AT_HWCAP) & HWCAP_NEON == 0 {
        // SAFETY: it reads the message alone. Where it fails there is nowhere left to say so.
        unsafe { write(STANDARD_ERROR, MESSAGE.as_ptr(), MESSAGE.len()) };
        _exit(1);
    }
}
