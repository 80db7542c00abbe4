#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| face8x_fuzz::camera::pipe(data));
