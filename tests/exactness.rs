//! Every kernel of this processor against onnxruntime, which runs the models as they are written.
//!
//! The inputs are generated, or, where `FACE8X_PICTURES` names a folder with CelebA's pictures and
//! lists, the faces of its validation partition (`make exactness`). For
//! emulated processors, which have no onnxruntime, see `cross/exactness.sh`.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use face8x_core::geometry::HR_SIDE;
use face8x_core::pixel::unpack_rgb;
use face8x_core::restore::{Operators, Restorer, TractRestorer, kernels};

/// Bytes of an input: 16x16 RGB pixels.
const INPUT: usize = 16 * 16 * 3;
const OUTPUT: usize = HR_SIDE * HR_SIDE * 3;

/// The shipped networks.
const MODELS: [&str; 3] = ["face8x.onnx", "face8x-nano.onnx", "face8x-large.onnx"];

fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").ok();
}

/// The path of a Python with onnxruntime.
fn python() -> Result<String, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/onnxruntime.sh");
    let made = Command::new(script).output().map_err(|e| e.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if made.status.success() {
        Ok(text(&made.stdout))
    } else {
        Err(text(&made.stderr))
    }
}

/// Inputs and onnxruntime's outputs.
fn reference(python: &str, model: &Path) -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/exactness.py");
    let pictures = std::env::var_os("FACE8X_PICTURES");
    let run = Command::new(python)
        .arg(script)
        .args([model, folder.path()])
        .args(pictures)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    (read("inputs"), read("outputs"))
}

/// How many bytes of a restorer's outputs were compared with these, and how many differ; of every
/// `step`th input.
fn compare(
    restorer: &mut TractRestorer,
    inputs: &[u8],
    outputs: &[u8],
    step: usize,
) -> (usize, usize) {
    let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
    let (mut compared, mut differ) = (0, 0);
    let inputs = inputs.as_chunks::<INPUT>().0.iter();
    for (input, output) in inputs.zip(outputs.chunks(OUTPUT)).step_by(step) {
        restorer.restore(input, &mut sr).unwrap();
        let found = sr.iter().flat_map(|&pixel| unpack_rgb(pixel));
        compared += output.len();
        differ += found.zip(output).filter(|(a, b)| a != *b).count();
    }
    (compared, differ)
}

#[test]
fn every_kernel_gives_onnxruntimes_bytes() {
    let python = match python() {
        Ok(python) => python,
        Err(reason) => return say(&format!("skipped: {reason}")),
    };
    for name in MODELS {
        let model = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("models")
            .join(name);
        let (inputs, outputs) = reference(&python, &model);
        let pictures = inputs.len() / INPUT;
        assert!(pictures >= 64 && outputs.len() == pictures * OUTPUT);
        let bytes = std::fs::read(&model).unwrap();
        for (number, kernel) in kernels().iter().enumerate() {
            // Unoptimised, the portable one is slow: a part of the inputs is enough.
            let step = match kernel.as_str() {
                "portable" if cfg!(debug_assertions) => 16,
                _ => 1,
            };
            for threads in [1, 2] {
                let operators = Operators::OnlyFusedBy(threads, number);
                let mut restorer = TractRestorer::load(&bytes, name, "test", operators).unwrap();
                let (compared, differ) = compare(&mut restorer, &inputs, &outputs, step);
                say(&format!(
                    "{name} by {kernel} on {threads}: {compared} bytes compared, {differ} differ"
                ));
                assert!(compared > 0 && differ == 0);
            }
        }
    }
}
