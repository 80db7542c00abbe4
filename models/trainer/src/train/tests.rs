use std::fs;

use super::*;
use crate::dataset::{
    self, Alignment, CROP_SIDE, Dataset, DatasetWriter, PictureData, Split, WIDE_SIDE,
};
use crate::degrade::Degrade;
use crate::network::Weights;

const TINY: &str = "
batch = 4
epochs = 4
warm_up = 2
learning_rate = 0.003
validate_every = 2
[network]
c16 = 16
n16 = 0
c8 = 16
n8 = 0
c4 = 16
n4 = 0
m8 = 0
m16 = 0
c32 = 16
n32 = 0
c64 = 16
n64 = 0
[degrade]
share = 0.3
";

pub(super) fn config() -> Config {
    toml::from_str(TINY).unwrap()
}

pub(super) fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = DatasetWriter::create(folder.path(), 1, 1, "test".into()).unwrap();
    let landmarks = face8x_core::geometry::CANONICAL_LANDMARKS;
    let picture = |k: usize| {
        let wave =
            |i: usize| (128.0 + 90.0 * ((i / 3 % CROP_SIDE + 7 * k) as f32 / 9.0).sin()) as u8;
        let pixels = (0..CROP_SIDE * CROP_SIDE * 3).map(wave).collect();
        let crops = vec![(pixels, vec![false; CROP_SIDE * CROP_SIDE], landmarks)];
        PictureData {
            name: format!("{k}"),
            crops,
            wide: (vec![0; WIDE_SIDE * WIDE_SIDE], landmarks),
        }
    };
    for (split, n) in [(Split::Train, 8), (Split::Validation, 2)] {
        writer.section(split, vec![Alignment::Landmarks]);
        for k in 0..n {
            writer.push(&picture(k)).unwrap();
        }
    }
    writer.finish().unwrap();
    folder
}

#[test]
fn a_resumed_training_ends_with_the_same_weights() {
    let (data, device) = (data(), open_devices(DEVICES[0]).unwrap());
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    train(&config(), data.path(), whole.path(), &device, false).unwrap();
    let checkpoint = broken.path().join("checkpoint.safetensors");
    for _ in 0..8 {
        run::train_until(&config(), data.path(), broken.path(), &device, false, 2).unwrap();
        assert!(checkpoint.exists());
    }
    let weights = |folder: &tempfile::TempDir| {
        Weights::read(&folder.path().join("last.safetensors")).unwrap()
    };
    assert_eq!(weights(&whole), weights(&broken));
    let rows = fs::read_to_string(whole.path().join("metrics.csv")).unwrap();
    assert_eq!(rows.lines().count(), 5);
}

#[test]
fn a_checkpoint_of_another_configuration_is_refused() {
    let (data, device) = (data(), open_devices(DEVICES[0]).unwrap());
    let output = tempfile::tempdir().unwrap();
    run::train_until(&config(), data.path(), output.path(), &device, false, 2).unwrap();
    let other = Config {
        seed: 1,
        ..config()
    };
    let error = train(&other, data.path(), output.path(), &device, false).unwrap_err();
    assert!(
        error.to_string().contains("another configuration"),
        "{error}"
    );
}

#[test]
fn weights_of_other_shapes_are_refused_and_leave_nothing() {
    let (data, device) = (data(), open_devices(DEVICES[0]).unwrap());
    let output = tempfile::tempdir().unwrap();
    let path = output.path().join("nano.safetensors");
    let nano = crate::network::NetworkPlan::new(&crate::network::NetworkConfig::NANO);
    let weights = network::random_weights(&nano, 1);
    weights.write(&path, &[]).unwrap();
    let config = Config {
        init: Some(path.clone()),
        ..config()
    };
    let error = train(&config, data.path(), output.path(), &device, false).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("nano.safetensors") && text.contains("stem.w"),
        "{text}"
    );
    assert_eq!(fs::read_dir(output.path()).unwrap().count(), 1);
    fs::write(&path, b"torn").unwrap();
    let error = train(&config, data.path(), output.path(), &device, false).unwrap_err();
    assert!(error.to_string().contains("nano.safetensors"), "{error}");
}

#[test]
fn a_batch_that_memory_cannot_hold_is_refused() {
    let large = Config {
        batch: 65_536,
        ..config()
    };
    let error = memory::compare(&large, 20_000_000_000).unwrap_err();
    assert!(error.to_string().contains("20.0 GB are free"), "{error}");
    assert_eq!(error.remedy_text(), Some("lower batch"));
    memory::compare(&config(), 20_000_000_000).unwrap();
    memory::check(&config()).unwrap();
}

#[test]
fn the_teacher_sees_the_input_before_its_damage() {
    let data = data();
    let dataset = Dataset::open(data.path()).unwrap();
    let taught = Config {
        teacher: Some("teacher.safetensors".into()),
        ..config()
    };
    let batch = |share| {
        let degrade = Some(Degrade {
            share,
            ..Degrade::default()
        });
        let config = Config {
            degrade,
            ..taught.clone()
        };
        loader::batch(&dataset, None, &config, 0).unwrap()
    };
    let (all, none) = (batch(1.0), batch(0.0));
    assert_eq!((&none.clean, &all.clean), (&none.lr, &none.lr));
    assert_ne!(all.clean, all.lr);
    assert_eq!(all.hr, none.hr);
    let alone = loader::batch(&dataset, None, &config(), 0).unwrap();
    assert!(alone.clean.is_empty());
    let parts = all.clone().split(3);
    let clean: Vec<f32> = parts.into_iter().flat_map(|part| part.clean).collect();
    assert_eq!(clean, all.clean);
}

#[test]
fn training_lowers_the_loss() {
    let (data, device) = (data(), open_devices(DEVICES[0]).unwrap());
    let output = tempfile::tempdir().unwrap();
    let config = Config {
        epochs: 20.0,
        validate_every: 8,
        average: 0.5,
        degrade: None,
        ..config()
    };
    train(&config, data.path(), output.path(), &device, false).unwrap();
    let rows = fs::read_to_string(output.path().join("metrics.csv")).unwrap();
    let psnr: Vec<f64> = rows
        .lines()
        .skip(1)
        .map(|r| r.split(',').nth(5).unwrap().parse().unwrap())
        .collect();
    assert!(psnr.last() > psnr.first(), "{psnr:?}");
}

#[test]
fn the_networks_compute_what_their_onnx_files_compute() {
    use crate::network::{NetworkConfig, NetworkPlan};
    let device = &open_devices(DEVICES[0]).unwrap()[0];
    for plan in [NetworkPlan::new(&NetworkConfig::NANO), NetworkPlan::paper()] {
        let weights = network::random_weights(&plan, 5);
        assert_eq!(NetworkPlan::of(&weights).unwrap(), plan);
        let burn = TrainedNetwork::new(&weights, device).unwrap();
        let file = crate::onnx::float_model(&weights, &[]).unwrap();
        let runner = crate::runner::Runner::load(&file).unwrap();
        let lr = crate::evaluate::noise(7);
        let planes = loader::planes(&lr);
        let data = burn::tensor::TensorData::new(planes.clone(), [1, 3, 16, 16]);
        let input = burn::tensor::Tensor::from_data(data, device);
        let residual = network::to_vec(burn.forward(input)).unwrap();
        let reach = residual.iter().fold(1f32, |m, v| m.max(v.abs()));
        let wanted = crate::runner::values::<f32>(&runner.run(&lr).unwrap()[0]).unwrap();
        for ((r, b), w) in residual.iter().zip(loader::enlarge(&planes)).zip(wanted) {
            assert!((r + b - w).abs() < 1e-4 * reach);
        }
        assert_eq!(burn.weights().unwrap(), weights);
    }
}

#[test]
fn the_paper_s_network_learns_but_is_not_quantised() {
    let (data, output) = (data(), tempfile::tempdir().unwrap());
    let config = Config {
        network: Sizes::Named("paper".into()),
        epochs: 1.0,
        precision: Precision::Float32,
        ..config()
    };
    let devices = open_devices(DEVICES[0]).unwrap();
    train(&config, data.path(), output.path(), &devices, false).unwrap();
    let weights = Weights::read(&output.path().join("last.safetensors")).unwrap();
    let error = crate::quantise::quantise(&weights, &[crate::evaluate::noise(1)]).unwrap_err();
    assert!(error.to_string().contains("no 8-bit form"), "{error}");
}

#[test]
fn the_ssim_loss_is_the_metric() {
    let device = open_devices(DEVICES[0]).unwrap();
    let mut rng = fastrand::Rng::with_seed(2);
    let levels: Vec<u8> = (0..2 * 49152)
        .map(|k| (k / 3 % 128 + rng.i32(-20..20)).clamp(0, 255) as u8)
        .collect();
    let (a, b) = levels.split_at(49152);
    let tensor = |rgb: &[u8]| {
        let data = burn::tensor::TensorData::new(loader::planes(rgb), [1, 3, 128, 128]);
        burn::tensor::Tensor::<4>::from_data(data, &device[0])
    };
    let found =
        network::to_vec(losses::Ssim::new(&device[0]).mean(tensor(a), tensor(b))).unwrap()[0];
    let planes = |rgb: &[u8]| crate::metrics::Planes::rgb(rgb, 128, 128);
    let wanted = crate::metrics::ssim(&planes(a), &planes(b));
    assert!((f64::from(found) - wanted).abs() < 1e-4, "{found} {wanted}");
}

#[test]
fn a_batch_depends_on_the_seed_and_the_step_alone() {
    let data = data();
    let dataset = dataset::Dataset::open(data.path()).unwrap();
    let batch =
        |seed, step| loader::batch(&dataset, None, &Config { seed, ..config() }, step).unwrap();
    assert_eq!(batch(0, 3), batch(0, 3));
    assert_ne!(batch(0, 3), batch(1, 3));
    assert_ne!(batch(0, 3), batch(0, 4));
    assert_eq!(batch(0, 0).hr.len(), 4 * 3 * 128 * 128);
}

#[test]
fn mistakes_in_a_configuration_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    for (text, word) in [
        ("learning_rat = 1", "learning_rat"),
        ("batch = 0", "batch"),
        ("network = \"huge\"", "huge"),
        ("shift = 3", "shift"),
        ("epochs = -1", "epochs"),
        ("[degrade]\nnois = 1", "nois"),
        ("beta_2 = 1.5", "beta_2"),
        ("plateau = 0", "plateau"),
        ("schedule = \"up\"", "up"),
        ("precision = \"float8\"", "float8"),
        ("[heatmap]\nfloor = 0", "heatmap.floor"),
        ("[heatmap]\nwieght = 1", "wieght"),
    ] {
        fs::write(&path, text).unwrap();
        let error = Config::read(&path).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn the_configurations_that_come_with_it_are_good() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let mut n = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("prompts.toml") {
            continue;
        }
        Config::read(&path).unwrap();
        n += 1;
    }
    assert!(n >= 4);
}

#[test]
fn the_landmark_network_computes_what_its_onnx_files_compute() {
    let device = open_devices(DEVICES[0]).unwrap();
    let plan = crate::network::NetworkPlan::points(&crate::network::Points::STANDARD);
    let weights = network::random_weights(&plan, 8);
    assert_eq!(crate::network::NetworkPlan::of(&weights).unwrap(), plan);
    let burn = TrainedNetwork::new(&weights, &device[0]).unwrap();
    let mut rng = fastrand::Rng::with_seed(4);
    let crops: Vec<Vec<u8>> = (0..6)
        .map(|_| (0..48 * 48).map(|_| rng.u8(..)).collect())
        .collect();
    let float = crate::onnx::float_model(&weights, &[]).unwrap();
    let quantised = crate::quantise::quantise(&weights, &crops).unwrap();
    let int8 = crate::onnx::int8_model(&quantised, &[]);
    let run = |file: &[u8], crop: &[u8]| {
        let runner = crate::runner::Runner::with_outputs(file, None).unwrap();
        crate::runner::values::<f32>(&runner.run(crop).unwrap()[0]).unwrap()
    };
    for crop in &crops {
        let levels: Vec<f32> = crop.iter().map(|&v| f32::from(v) / 255.0).collect();
        let data = burn::tensor::TensorData::new(levels, [1, 1, 48, 48]);
        let wanted =
            network::to_vec(burn.forward(burn::tensor::Tensor::from_data(data, &device[0])))
                .unwrap();
        assert_eq!(wanted.len(), 11);
        let reach = wanted.iter().fold(0f32, |m, v| m.max(v.abs()));
        for ((w, f), q) in wanted.iter().zip(run(&float, crop)).zip(run(&int8, crop)) {
            assert!((w - f).abs() < 1e-4 * reach.max(1.0), "{w} {f}");
            assert!((w - q).abs() < 0.1 * reach, "{w} {q} of {reach}");
        }
    }
}

#[test]
fn a_resumed_landmark_training_ends_with_the_same_weights() {
    let (data, device) = (data(), open_devices(DEVICES[0]).unwrap());
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = Config {
        epochs: 2.0,
        validate_every: 1,
        ..config()
    };
    train_points(&config, data.path(), whole.path(), &device[0]).unwrap();
    for _ in 0..4 {
        points::train_until(&config, data.path(), broken.path(), &device[0], 1).unwrap();
    }
    let weights = |folder: &tempfile::TempDir| {
        Weights::read(&folder.path().join("last.safetensors")).unwrap()
    };
    assert_eq!(weights(&whole), weights(&broken));
}
