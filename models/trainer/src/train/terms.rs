//! Tests of the loss's terms, of several devices and of the figures.

use std::fs;

use burn::tensor::{Tensor, TensorData};

use super::network::{random_weights, to_vec};
use super::tests::{config, data};
use super::*;
use crate::dataset::Dataset;
use crate::heatmap::{self, Heatmaps};

fn heatmaps(data: &tempfile::TempDir) -> Heatmaps {
    heatmap::make(&heatmap::HeatmapOptions {
        dataset: data.path().to_owned(),
        output: None,
        boxes: heatmap::Boxes::Landmarks,
        classes: heatmap::Classes::default(),
        preview: None,
    })
    .unwrap();
    let dataset = Dataset::open(data.path()).unwrap();
    Heatmaps::open(&data.path().join(heatmap::FILE), &dataset).unwrap()
}

#[test]
fn the_heatmap_term_is_the_formula() {
    let device = &open_devices(DEVICES[0]).unwrap()[0];
    let mut rng = fastrand::Rng::with_seed(6);
    let (n, area) = (3, 20);
    let mut random = |len: usize| -> Vec<f32> { (0..len).map(|_| rng.f32()).collect() };
    let (sr, hr) = (random(n * 3 * area), random(n * 3 * area));
    let heat = random(n * area);
    let counts: Vec<f32> = (0..n * area)
        .map(|k| f32::from(u8::from(k % 7 != 0)))
        .collect();
    let (gamma, floor) = (1.3f32, 0.1f32);
    let mut wanted = 0.0;
    for picture in 0..n {
        let (mut above, mut below) = (0.0, 0.0);
        for pixel in 0..area {
            let k = picture * area + pixel;
            let w = (floor + (1.0 - floor) * heat[k].powf(gamma)) * counts[k];
            for c in 0..3 {
                let at = (picture * 3 + c) * area + pixel;
                above += f64::from(w * (sr[at] - hr[at]).abs());
                below += f64::from(w);
            }
        }
        wanted += above / below / n as f64;
    }
    let tensor = |values: Vec<f32>, c: usize| -> Tensor<4> {
        Tensor::from_data(TensorData::new(values, [n, c, 4, 5]), device)
    };
    let weights = losses::heat_weights(tensor(heat, 1), tensor(counts, 1), gamma, floor);
    let found = losses::heat_loss(tensor(sr, 3), tensor(hr, 3), weights);
    let found = f64::from(to_vec(found).unwrap()[0]);
    assert!((found - wanted).abs() < 1e-5, "{found} {wanted}");
}

#[test]
fn the_term_grows_from_its_first_epoch_on() {
    let heat = Heat {
        from: 2.0,
        rise: 4.0,
        ..Heat::default()
    };
    assert_eq!(
        [0.0, 2.0, 4.0, 6.0, 9.0].map(|epoch| heat.weight_at(epoch)),
        [0.0, 0.0, 1.0, 2.0, 2.0]
    );
    let at_once = Heat { rise: 0.0, ..heat };
    assert_eq!([1.9, 2.0].map(|epoch| at_once.weight_at(epoch)), [0.0, 2.0]);
}

#[test]
fn heat_goes_with_its_pixels() {
    let data = data();
    let heatmaps = heatmaps(&data);
    let dataset = Dataset::open(data.path()).unwrap();
    for flip in [false, true] {
        let config = Config {
            flip,
            degrade: None,
            ..config()
        };
        let with = loader::batch(&dataset, Some(&heatmaps), &config, 1).unwrap();
        let without = loader::batch(&dataset, None, &config, 1).unwrap();
        assert_eq!((&with.lr, &with.hr), (&without.lr, &without.hr));
        assert!(without.heat.is_empty());
        assert_eq!(with.heat.len(), 4 * 128 * 128);
        // Parts hold the same pictures, in order.
        let parts = with.clone().split(3);
        assert_eq!(
            parts.iter().map(loader::Batch::len).collect::<Vec<_>>(),
            [2, 1, 1]
        );
        assert_eq!(parts.concat_heat(), with.heat);
        assert_eq!(parts[2].hr, with.hr[3 * 3 * 128 * 128..]);
    }
}

trait Concat {
    fn concat_heat(&self) -> Vec<f32>;
}

impl Concat for Vec<loader::Batch> {
    fn concat_heat(&self) -> Vec<f32> {
        self.iter().flat_map(|part| part.heat.clone()).collect()
    }
}

fn with_heat() -> Config {
    Config {
        heatmap: Some(Heat::default()),
        ssim: 0.1,
        ..config()
    }
}

#[test]
fn several_devices_give_the_gradients_of_one() {
    let data = data();
    let heatmaps = heatmaps(&data);
    let dataset = Dataset::open(data.path()).unwrap();
    let config = with_heat();
    let batch = loader::batch(&dataset, Some(&heatmaps), &config, 0).unwrap();
    let name = DEVICES[0];
    let devices = open_devices(&format!("{name}, {name},{name}")).unwrap();
    assert_eq!(devices.len(), 3);
    let plan = config.plan().unwrap();
    let network = TrainedNetwork::new(&random_weights(&plan, 3), &devices[0]).unwrap();
    let made = |devices: &[Device]| {
        let workers = step::Workers::new(&config, devices).unwrap();
        let (gradients, loss) = workers.gradients(&network, batch.clone(), 2.0).unwrap();
        let mut values = to_vec(loss).unwrap();
        for (w, b) in gradients {
            values.extend(to_vec(w).unwrap());
            values.extend(to_vec(b).unwrap());
        }
        values
    };
    let (one, three) = (made(&devices[..1]), made(&devices));
    assert_eq!(one.len(), three.len());
    let reach = one.iter().fold(0f32, |m, v| m.max(v.abs()));
    for (a, b) in one.iter().zip(&three) {
        assert!((a - b).abs() < 1e-4 * reach, "{a} {b}");
    }
}

#[test]
fn half_precision_computes_nearly_the_same() {
    let device = &open_devices(DEVICES[0]).unwrap()[0];
    if device::check_precision(device, Precision::Bfloat16).is_err() {
        use std::io::Write as _;
        writeln!(
            std::io::stderr(),
            "skipped: half precision: this device has none"
        )
        .unwrap();
        return;
    }
    let data = data();
    let dataset = Dataset::open(data.path()).unwrap();
    let batch = loader::batch(&dataset, None, &config(), 0).unwrap();
    let plan = config().plan().unwrap();
    let network = TrainedNetwork::new(&random_weights(&plan, 3), device).unwrap();
    let loss = |precision| {
        let config = Config {
            precision,
            ..config()
        };
        let workers = step::Workers::new(&config, std::slice::from_ref(device)).unwrap();
        let (gradients, loss) = workers.gradients(&network, batch.clone(), 0.0).unwrap();
        assert!(
            to_vec(gradients[0].0.clone())
                .unwrap()
                .iter()
                .any(|&v| v != 0.0)
        );
        to_vec(loss).unwrap()[0]
    };
    let (full, half) = (loss(Precision::Float32), loss(Precision::Bfloat16));
    assert!(
        full != half && (full - half).abs() < 0.02 * full,
        "{full} {half}"
    );
}

#[test]
fn a_training_with_heat_goes_on_and_draws_its_course() {
    let data = data();
    drop(heatmaps(&data));
    let devices = open_devices(DEVICES[0]).unwrap();
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    train(&with_heat(), data.path(), whole.path(), &devices, false).unwrap();
    for _ in 0..4 {
        run::train_until(&with_heat(), data.path(), broken.path(), &devices, false, 2).unwrap();
    }
    let last = |folder: &tempfile::TempDir| {
        crate::network::Weights::read(&folder.path().join("last.safetensors")).unwrap()
    };
    assert_eq!(last(&whole), last(&broken));
    let rows = figures::read(&whole.path().join("metrics.csv")).unwrap();
    assert_eq!(rows.len(), 4);
    assert!(
        rows.iter()
            .all(|row| row[..5].iter().all(|v| v.is_finite()))
    );
    let plot = image::open(whole.path().join("metrics.png"))
        .unwrap()
        .into_rgb8();
    assert_eq!(plot.dimensions(), (960, 480));
    // The lines of the loss and of the two PSNRs are there, in the two upper panels.
    let has = |colour: [u8; 3], x: std::ops::Range<u32>| {
        let mut pixels = plot.enumerate_pixels();
        pixels.any(|(px, py, p)| p.0 == colour && py < 240 && x.contains(&px))
    };
    assert!(has([200, 60, 20], 70..480) && has([30, 90, 200], 550..960));
    assert!(!has([30, 90, 200], 0..480));
}

#[test]
fn heatmaps_that_are_not_there_are_asked_for() {
    let (data, output) = (data(), tempfile::tempdir().unwrap());
    let devices = open_devices(DEVICES[0]).unwrap();
    let error = train(&with_heat(), data.path(), output.path(), &devices, false).unwrap_err();
    assert!(error.to_string().contains("heatmaps.f8h"), "{error}");
    assert!(error.remedy_text().unwrap().contains("heatmaps"));
}

#[test]
fn a_plateau_halves_the_learning_rate_and_patience_ends_the_training() {
    let (data, output) = (data(), tempfile::tempdir().unwrap());
    let config = Config {
        schedule: Schedule::Plateau,
        plateau: 2,
        patience: 5,
        warm_up: 1,
        epochs: 500.0,
        // Nothing gets better: the average never moves from its first weights.
        learning_rate: 1e-12,
        validate_every: 1,
        degrade: None,
        ..config()
    };
    let devices = open_devices(DEVICES[0]).unwrap();
    train(&config, data.path(), output.path(), &devices, false).unwrap();
    let rows = figures::read(&output.path().join("metrics.csv")).unwrap();
    let rates: Vec<f64> = rows.iter().map(|row| row[4] / 1e-12).collect();
    assert_eq!(rates.len(), 6);
    for (found, wanted) in rates.iter().zip([1.0, 1.0, 1.0, 0.5, 0.5, 0.25]) {
        assert!((found - wanted).abs() < 1e-9, "{rates:?}");
    }
}

#[test]
fn devices_that_are_not_there_are_named() {
    for bad in ["abacus", "flex:1", "tch-cuda:x", "", ","] {
        let error = open_devices(bad).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{bad}: {error}");
    }
}

#[test]
fn figures_of_an_older_form_can_be_read_and_damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.csv");
    fs::write(&path, "step,epoch,psnr\n5,0.5,23.25\n").unwrap();
    let rows = figures::read(&path).unwrap();
    assert_eq!((rows.len(), rows[0][0], rows[0][5]), (1, 5.0, 23.25));
    assert!(rows[0][3].is_nan());
    fs::write(&path, "step,epoch,psnr\n5,0.5,23.25\n6,0.6\n").unwrap();
    assert!(
        figures::read(&path)
            .unwrap_err()
            .to_string()
            .contains("line 3")
    );
}

#[test]
fn an_ablation_compares_every_form_of_the_training() {
    let (data, output) = (data(), tempfile::tempdir().unwrap());
    drop(heatmaps(&data));
    let devices = open_devices(DEVICES[0]).unwrap();
    let config = Config {
        epochs: 1.0,
        ..with_heat()
    };
    let table = ablate(&config, data.path(), output.path(), &devices, 2).unwrap();
    for row in [
        "| bicubic |",
        "| whole |",
        "| without-heatmap |",
        "| unweighted |",
        "| without-degradation |",
        "| gain of the heatmap term, over seeds |",
        "| gain of the term's weights, over seeds |",
        "| gain of the degradation, over pictures |",
    ] {
        // On clean and on damaged inputs, each with five figures.
        let found: Vec<&str> = table.lines().filter(|line| line.starts_with(row)).collect();
        assert_eq!(found.len(), 2, "{row}: {table}");
        assert!(
            found.iter().all(|line| line.matches(" |").count() == 6),
            "{table}"
        );
    }
    assert_eq!(
        fs::read_to_string(output.path().join("table.md")).unwrap(),
        table
    );
    let csv = fs::read_to_string(output.path().join("pictures.csv")).unwrap();
    // Bicubic once, four forms with two seeds, on two kinds of inputs of two pictures.
    assert_eq!(csv.lines().count(), 1 + (1 + 4 * 2) * 2 * 2);
    let again = ablate(&config, data.path(), output.path(), &devices, 2).unwrap();
    assert_eq!(again, table);
    let nothing = Config {
        heatmap: None,
        degrade: None,
        ..config
    };
    let error = ablate(&nothing, data.path(), output.path(), &devices, 1).unwrap_err();
    assert!(error.to_string().contains("nothing to leave out"));
}

#[test]
fn the_speed_is_measured_of_loader_and_training() {
    let data = data();
    drop(heatmaps(&data));
    let devices = open_devices(DEVICES[0]).unwrap();
    let each = std::time::Duration::from_millis(50);
    let speed = speed(&with_heat(), data.path(), &devices, each).unwrap();
    assert!(speed.loader > 0.0 && speed.train > 0.0);
    assert!((0.0..=1.0).contains(&speed.waiting));
}
