//! The shipped networks against onnxruntime on many inputs, where onnxruntime need not be: under
//! emulation too. See `tests/data/digests.py`.

use sha2::{Digest, Sha256};

use super::*;

const DIGESTS: &str = include_str!("../../tests/data/digests.txt");
const INPUTS: u32 = 64;

#[test]
fn every_fast_kernel_gives_onnxruntimes_digests() {
    for ((name, bytes), line) in MODELS.iter().zip(DIGESTS.lines()) {
        assert!(line.ends_with(name), "{line}");
        let model = typed(bytes);
        for kernel in available() {
            // Slow without optimisation; it is compared with the others elsewhere.
            if kernel.name() == "portable" {
                continue;
            }
            let mut network = Network::build(&model, Arc::clone(&kernel), 1).unwrap();
            let mut digest = Sha256::new();
            for seed in 0..INPUTS {
                digest.update(&run_network(&mut network, &noise(seed))[0]);
            }
            let found: String = digest
                .finalize()
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            let expected = line.split_whitespace().next().unwrap();
            assert_eq!(found, expected, "{name} by {}", kernel.name());
        }
    }
}
