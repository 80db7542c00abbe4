//! The shipped networks against onnxruntime on many inputs, where onnxruntime need not be: under
//! emulation too. See `tests/data/digests.py`.

use sha2::{Digest, Sha256};

use super::*;

const DIGESTS: &str = include_str!("../../tests/data/digests.txt");
/// After how many inputs the digests are taken.
const INPUTS: [u32; 2] = [16, 64];

#[test]
fn every_fast_kernel_gives_onnxruntimes_digests() {
    // Other processors are emulated more often than not, which takes fifty times as long.
    let digests = if cfg!(target_arch = "x86_64") { 2 } else { 1 };
    for ((name, bytes), line) in MODELS.iter().zip(DIGESTS.lines()) {
        assert!(line.ends_with(name), "{line}");
        let expected: Vec<&str> = line.split_whitespace().take(digests).collect();
        let model = typed(bytes);
        for kernel in available() {
            // Slow without optimisation; it is compared with the others elsewhere.
            if kernel.name() == "portable" {
                continue;
            }
            let mut network = Network::build(&model, Arc::clone(&kernel), 1).unwrap();
            let mut digest = Sha256::new();
            for seed in 0..INPUTS[digests - 1] {
                digest.update(&run_network(&mut network, &noise(seed))[0]);
                if let Some(at) = INPUTS.iter().position(|&inputs| inputs == seed + 1) {
                    let found = digest.clone().finalize();
                    let found: String = found.iter().map(|b| format!("{b:02x}")).collect();
                    assert_eq!(found, expected[at], "{name} by {}", kernel.name());
                }
            }
        }
    }
}
