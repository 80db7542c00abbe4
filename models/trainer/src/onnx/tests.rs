//! The exported networks against plain loops.

use super::*;
use crate::network::{NetworkConfig, NetworkPlan, Op, tap_is_used};
use crate::runner::{LR_LEN, Runner, values};

/// A network small enough for loops, with weights of every size.
fn tiny() -> Weights {
    let config = NetworkConfig {
        c16: 16,
        n16: 2,
        c8: 16,
        n8: 1,
        c4: 16,
        n4: 0,
        m8: 3,
        m16: 0,
        c32: 16,
        n32: 1,
        c64: 16,
        n64: 0,
    };
    let mut rng = fastrand::Rng::with_seed(3);
    let mut weights = Weights::default();
    for (step, conv) in NetworkPlan::new(&config).convs() {
        let n = conv.outputs * conv.inputs * 9;
        let sd = (3.0 / (conv.inputs * 9) as f32).sqrt();
        let w = (0..n).map(|_| (rng.f32() * 2.0 - 1.0) * sd).collect();
        let b = (0..conv.outputs).map(|_| rng.f32() * 0.2 - 0.1).collect();
        let shape = vec![conv.outputs, conv.inputs, 3, 3];
        weights.insert(format!("{}.w", step.name), Tensor { shape, values: w });
        weights.insert(
            format!("{}.b", step.name),
            Tensor {
                shape: vec![conv.outputs],
                values: b,
            },
        );
    }
    weights
}

fn picture(seed: u64) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..LR_LEN).map(|_| rng.u8(..)).collect()
}

/// One tensor: channels, side, values.
type Map = (usize, usize, Vec<f64>);

fn convolve((channels, side, x): &Map, w: &[f32], b: &[f32], stride: usize, phase: bool) -> Map {
    let (outputs, small) = (b.len(), side / stride);
    let mut y = Vec::new();
    for o in 0..outputs {
        for k in 0..small * small {
            let (py, px) = (k / small * stride, k % small * stride);
            let mut sum = f64::from(b[o]);
            for c in 0..*channels {
                for t in 0..9 {
                    let taps = if phase {
                        crate::network::Taps::Phase
                    } else {
                        crate::network::Taps::All
                    };
                    let (yy, xx) = (py + t / 3, px + t % 3);
                    let inside = (1..=*side).contains(&yy) && (1..=*side).contains(&xx);
                    if inside && tap_is_used(taps, o, t / 3, t % 3) {
                        let at = (c * side + yy - 1) * side + xx - 1;
                        sum += f64::from(w[(o * channels + c) * 9 + t]) * x[at];
                    }
                }
            }
            y.push(sum);
        }
    }
    (outputs, small, y)
}

/// The network by loops: level / 255 in, level / 255 out.
fn by_loops(weights: &Weights, lr: &[u8]) -> Vec<f64> {
    let plan = NetworkPlan::new(&NetworkConfig::of(weights).unwrap());
    let plane = |c: usize| lr.iter().skip(c).step_by(3).map(|&v| f64::from(v) / 255.0);
    let input: Vec<f64> = (0..3).flat_map(plane).collect();
    let mut maps: Vec<Map> = vec![(3, 16, input.clone())];
    for step in &plan.steps {
        let x = &maps[step.inputs[0]];
        let made = match &step.op {
            Op::Conv(conv) => {
                let w = &weights.get(&format!("{}.w", step.name)).unwrap().values;
                let b = &weights.get(&format!("{}.b", step.name)).unwrap().values;
                let phase = conv.taps == crate::network::Taps::Phase;
                let mut y = convolve(x, w, b, conv.stride, phase);
                if conv.relu {
                    y.2.iter_mut().for_each(|v| *v = v.max(0.0));
                }
                y
            }
            Op::Shuffle => {
                let (c, side) = (x.0 / 4, x.1 * 2);
                let at = |k: usize| {
                    let (ch, yy, xx) = (k / side / side, k / side % side, k % side);
                    let from = ch * 4 + yy % 2 * 2 + xx % 2;
                    x.2[(from * x.1 + yy / 2) * x.1 + xx / 2]
                };
                (c, side, (0..c * side * side).map(at).collect())
            }
            Op::AddRelu => {
                let sums = x.2.iter().zip(&maps[step.inputs[1]].2);
                (x.0, x.1, sums.map(|(a, b)| (a + b).max(0.0)).collect())
            }
            Op::Join(_) => panic!("the paper's network is compared with burn's"),
        };
        maps.push(made);
    }
    let residual = &maps.last().unwrap().2;
    (0..3 * 128 * 128)
        .map(|k| {
            let (c, y, x) = (k / 16384, k / 128 % 128, k % 128);
            let place = |v: usize| ((v as f64 + 0.5) / 8.0 - 0.5).clamp(0.0, 15.0);
            let (fy, fx) = (place(y), place(x));
            let (y0, x0) = (fy as usize, fx as usize);
            let (u, v) = (fx - x0 as f64, fy - y0 as f64);
            let pixel = |yy: usize, xx: usize| input[(c * 16 + yy.min(15)) * 16 + xx.min(15)];
            let row = |yy: usize| pixel(yy, x0) * (1.0 - u) + pixel(yy, x0 + 1) * u;
            residual[k] + row(y0) * (1.0 - v) + row(y0 + 1) * v
        })
        .collect()
}

#[test]
fn the_float_file_computes_what_plain_loops_compute() {
    let weights = tiny();
    let runner = Runner::load(&float_model(&weights, &[]).unwrap()).unwrap();
    for seed in 0..3 {
        let lr = picture(seed);
        let found = values::<f32>(&runner.run(&lr).unwrap()[0]).unwrap();
        for (found, wanted) in found.iter().zip(by_loops(&weights, &lr)) {
            assert!((f64::from(*found) - wanted).abs() < 1e-5 * wanted.abs().max(1.0));
        }
    }
}

#[test]
fn the_int8_file_is_close_to_the_float_one() {
    let weights = tiny();
    let pictures: Vec<Vec<u8>> = (0..12).map(picture).collect();
    let network = crate::quantise::quantise(&weights, &pictures).unwrap();
    let runner = Runner::load(&int8_model(&network, &[])).unwrap();
    let float = Runner::load(&float_model(&weights, &[]).unwrap()).unwrap();
    for lr in &pictures[..4] {
        let (a, b) = (runner.restore(lr).unwrap(), float.restore(lr).unwrap());
        let square = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
        let mse = a.iter().zip(&b).map(square).sum::<f64>() / a.len() as f64;
        assert!(mse < 40.0, "{mse}");
    }
}

#[test]
fn weights_and_metadata_come_back_from_a_file() {
    let weights = tiny();
    let file = float_model(&weights, &[("name", "x".into())]).unwrap();
    let back = read_weights(&file).unwrap();
    assert_eq!(
        NetworkConfig::of(&back).unwrap(),
        NetworkConfig::of(&weights).unwrap()
    );
    assert_eq!(back.get("stem.w").unwrap(), weights.get("stem.w").unwrap());
    assert_eq!(
        read_metadata(&file).unwrap(),
        [("name".to_owned(), "x".to_owned())]
    );
}

#[test]
fn what_is_no_network_is_refused() {
    assert!(read_weights(b"").is_err());
    assert!(read_weights(b"not an onnx file").is_err());
    assert!(Runner::load(b"").is_err());
    assert!(float_model(&Weights::default(), &[]).is_err());
    let mut weights = tiny();
    weights.insert(
        "d8.w",
        Tensor {
            shape: vec![16, 16, 3, 2],
            values: vec![0.0; 16 * 16 * 6],
        },
    );
    let error = float_model(&weights, &[]).unwrap_err();
    assert!(error.to_string().contains("d8.w"), "{error}");
}
