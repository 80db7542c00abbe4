//! A quantised network in tract and in onnxruntime, byte for byte.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use face8x_train::evaluate::{noise, planar, restore_all};
use face8x_train::network::{NetworkConfig, NetworkPlan, Tensor, Weights, tap_is_used};
use face8x_train::{onnx, quantise, runner::Runner, scenes};

/// The smallest network with every kind of step, and one with the shape of the shipped ones.
const TINY: NetworkConfig = NetworkConfig {
    c16: 16,
    n16: 2,
    c8: 16,
    n8: 1,
    c4: 16,
    n4: 2,
    m8: 0,
    m16: 1,
    c32: 16,
    n32: 0,
    c64: 16,
    n64: 1,
};

/// Weights of about the size that training starts with.
fn random_weights(plan: &NetworkPlan, seed: u64) -> Weights {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut weights = Weights::default();
    for (step, conv) in plan.convs() {
        let shape = conv.shape().to_vec();
        let reach = conv.gain * (6.0 / (conv.inputs * 9) as f32).sqrt();
        let value = |k: usize| {
            let (channel, tap) = (k / (9 * conv.inputs), k % 9);
            let used = tap_is_used(conv.taps, channel, tap / 3, tap % 3);
            if used {
                reach * (2.0 * rng.f32() - 1.0)
            } else {
                0.0
            }
        };
        let values = (0..shape.iter().product()).map(value).collect();
        weights.insert(format!("{}.w", step.name), Tensor { shape, values });
        let values = (0..conv.outputs).map(|_| 0.1 * rng.f32() - 0.05).collect();
        let shape = vec![conv.outputs];
        weights.insert(format!("{}.b", step.name), Tensor { shape, values });
    }
    weights
}

/// The Python that has onnxruntime, where it gives exact results; otherwise why not.
fn python() -> Result<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = Command::new(root.join("../../scripts/onnxruntime.sh"))
        .output()
        .unwrap();
    if !made.status.success() {
        return Err(text(&made.stderr));
    }
    Ok(text(&made.stdout))
}

/// What compare_onnxruntime.py says of a network and the folder of a dump.
fn compare(python: &str, model: &Path, folder: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compared = Command::new(python)
        .arg(root.join("tests/compare_onnxruntime.py"))
        .args([model, folder])
        .output()
        .unwrap();
    let said = [compared.stdout, compared.stderr].concat();
    let report = String::from_utf8_lossy(&said).into_owned();
    assert!(compared.status.success(), "{report}");
    report
}

#[test]
fn onnxruntime_gives_the_bytes_of_tract() {
    let python = match python() {
        Ok(python) => python,
        Err(reason) => {
            writeln!(std::io::stderr(), "skipped: {reason}").unwrap();
            return;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let inputs: Vec<Vec<u8>> = (0..48).map(noise).collect();
    for (name, config) in [("tiny", TINY), ("nano", NetworkConfig::NANO)] {
        let weights = random_weights(&NetworkPlan::new(&config), 7);
        let network = quantise::quantise(&weights, &inputs[..16]).unwrap();
        let file = onnx::int8_model(&network, &[]);
        let outputs = restore_all(&inputs, &Runner::load(&file).unwrap()).unwrap();
        let model = folder.path().join(format!("{name}.onnx"));
        std::fs::write(&model, file).unwrap();
        std::fs::write(folder.path().join("inputs.u8"), planar(&inputs)).unwrap();
        std::fs::write(folder.path().join("outputs.u8"), planar(&outputs)).unwrap();
        let report = compare(&python, &model, folder.path());
        assert!(
            report.contains("48 pictures, 0 of 2359296 bytes differ"),
            "{report}"
        );
    }
}

#[test]
fn onnxruntime_gives_the_values_of_tract_for_the_detector() {
    let python = match python() {
        Ok(python) => python,
        Err(reason) => {
            writeln!(std::io::stderr(), "skipped: {reason}").unwrap();
            return;
        }
    };
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../detector.onnx");
    let file = std::fs::read(&model).unwrap();
    let outputs = onnx::open_outputs(&file).unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    scenes::dump(&file, &outputs, &scenes::noise(8), folder.path()).unwrap();
    let report = compare(&python, &model, folder.path());
    // 16 values an anchor: 16 x 12, 8 x 6 and 4 x 3 of them.
    let values = 8 * 16 * (192 + 48 + 12);
    let wanted = format!("8 pictures, 0 of {values} values differ");
    assert!(report.contains(&wanted), "{report}");
}
