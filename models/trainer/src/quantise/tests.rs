use proptest::prelude::*;

use super::exact::{add_is_exact, add_scale, short, weight_scale};
use super::*;

proptest! {
    #[test]
    fn a_short_scale_is_just_above_and_times_a_byte_exact(value in 1e-6f32..1e3, q in -255i32..=255) {
        let s = short(value);
        prop_assert!(s >= value && s <= value * 1.0006);
        prop_assert_eq!(f64::from(q as f32 * s), f64::from(q) * f64::from(s));
    }

    #[test]
    fn the_factor_is_the_same_in_each_order(x in 1e-4f32..1.0, w in 1e-6f32..1.0, y in 1e-4f32..1.0) {
        let w2 = weight_scale(x, w, y);
        prop_assert!(w2 >= w && w2 <= w * 1.001);
        prop_assert_eq!(x * w2 / y, w2 * (x / y));
        prop_assert_eq!(x * w2 / y, x * (w2 / y));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn a_sum_has_an_exact_scale_nearby(a in 0.001f32..1.0, b in 0.001f32..1.0, y in 0.001f32..1.0, zero in 0u8..255) {
        let a = ByteScale { scale: short(a), zero: 0 };
        let b = ByteScale { scale: short(b), zero };
        let wanted = ByteScale { scale: short(y), zero: 0 };
        let found = add_scale(a, b, wanted).unwrap();
        prop_assert!(add_is_exact(a, b, found));
        prop_assert!(found.scale >= wanted.scale && found.scale < wanted.scale * 1.1);
    }
}

#[test]
fn ranges_hold_what_was_seen() {
    let ramp: Vec<f32> = (0..1000).map(|k| k as f32 / 100.0).collect();
    let s = ranges::positive(&[&ramp]);
    assert!(s.zero == 0 && s.scale * 255.0 > 9.5 && s.scale * 255.0 < 10.1);
    let both: Vec<f32> = ramp.iter().map(|v| v - 4.0).collect();
    let s = ranges::signed(&[&both]);
    let low = (0.0 - f32::from(s.zero)) * s.scale;
    assert!((low + 4.0).abs() < 0.3, "{low}");
    let s = ranges::residual(&[&[0.1, -0.2, 0.4]], 255.0);
    assert_eq!(
        s,
        ByteScale {
            scale: 1.0 / 255.0,
            zero: 128
        }
    );
    let flat = ranges::positive(&[&[0.0; 10]]);
    assert!(flat.scale > 0.0);
}

#[test]
fn nothing_to_calibrate_with_is_an_error() {
    let mut weights = Weights::default();
    assert!(quantise(&weights, &[]).is_err());
    weights.insert(
        "stem.w",
        crate::network::Tensor {
            shape: vec![16, 3, 3, 3],
            values: vec![0.0; 432],
        },
    );
    assert!(quantise(&weights, &[vec![0; 768]]).is_err());
}

/// Random weights of a convolution, under `name`: outputs x inputs x side x side.
fn add_weights(
    graph: &mut onnx::OnnxGraph,
    name: &str,
    shape: [usize; 4],
    rng: &mut fastrand::Rng,
) {
    let [outputs, inputs, side, _] = shape;
    // Levels come in, and numbers around 1 go on.
    let unit = if inputs == 3 { 0.01 } else { 1.0 };
    let reach = unit * (3.0 / (inputs * side * side) as f32).sqrt();
    let mut values = |n: usize, reach: f32| -> Vec<f32> {
        (0..n).map(|_| reach * (2.0 * rng.f32() - 1.0)).collect()
    };
    let (w, b) = (values(shape.iter().product(), reach), values(outputs, 0.2));
    graph.floats(&format!("{name}.w"), &shape, &w);
    graph.floats(&format!("{name}.b"), &[outputs], &b);
}

/// A float network of YuNet's form: input, three levels, a sum, an output with a sigmoid and one
/// without.
fn detector(operator: &str) -> Vec<u8> {
    use crate::onnx::{Attribute, Port};
    let mut rng = fastrand::Rng::with_seed(8);
    let mut graph = onnx::OnnxGraph::default();
    let port = |name, channels| Port {
        name,
        bytes: false,
        channels,
        side: None,
    };
    graph.input(port("input", 3));
    let mut conv = |graph: &mut onnx::OnnxGraph, input: &str, output: &str, form: [usize; 5]| {
        let [outputs, inputs, side, stride, groups] = form;
        let shape = [outputs, inputs, side, side];
        add_weights(graph, output, shape, &mut rng);
        let (w, b) = (format!("{output}.w"), format!("{output}.b"));
        let (stride, pads) = ([stride as i64; 2], [(side / 2) as i64; 4]);
        let attributes = [
            ("strides", Attribute::Ints(&stride)),
            ("pads", Attribute::Ints(&pads)),
            ("group", Attribute::Int(groups as i64)),
        ];
        graph.node("Conv", &[input, &w, &b], output, &attributes);
    };
    conv(&mut graph, "input", "stem", [8, 3, 3, 2, 1]);
    graph.node("Relu", &["stem"], "a", &[]);
    conv(&mut graph, "a", "b1", [8, 8, 1, 1, 1]);
    conv(&mut graph, "b1", "b2", [8, 1, 3, 1, 8]);
    graph.node(operator, &["b2"], "b", &[]);
    let two = [
        ("kernel_shape", Attribute::Ints(&[2, 2])),
        ("strides", Attribute::Ints(&[2, 2])),
    ];
    graph.node("MaxPool", &["b"], "pooled", &two);
    conv(&mut graph, "pooled", "c1", [8, 8, 1, 1, 1]);
    conv(&mut graph, "c1", "c2", [8, 1, 3, 1, 8]);
    graph.node("Relu", &["c2"], "c", &[]);
    graph.floats("twice", &[4], &[1.0, 1.0, 2.0, 2.0]);
    let nearest = [
        ("mode", Attribute::Text("nearest")),
        (
            "coordinate_transformation_mode",
            Attribute::Text("asymmetric"),
        ),
        ("nearest_mode", Attribute::Text("floor")),
    ];
    graph.node("Resize", &["c", "", "twice"], "large", &nearest);
    graph.node("Add", &["b", "large"], "sum", &[]);
    conv(&mut graph, "sum", "points1", [10, 8, 1, 1, 1]);
    conv(&mut graph, "points1", "points2", [10, 1, 3, 1, 10]);
    conv(&mut graph, "sum", "class1", [1, 8, 1, 1, 1]);
    conv(&mut graph, "class1", "class2", [1, 1, 3, 1, 1]);
    let last = [("perm", Attribute::Ints(&[0, 2, 3, 1]))];
    graph.node("Transpose", &["points2"], "points", &last);
    graph.node("Transpose", &["class2"], "logit", &last);
    graph.node("Sigmoid", &["logit"], "class", &[]);
    graph.output(port("points", 10));
    graph.output(port("class", 1));
    graph.into_file("detector", &[])
}

#[test]
fn a_network_of_others_in_integers_gives_what_its_floats_give() {
    let file = detector("Relu");
    let network = onnx::import(&file).unwrap();
    assert_eq!(network.input, ("input".to_owned(), 3));
    let outputs: Vec<(&str, bool)> = network
        .outputs
        .iter()
        .map(|output| (output.name.as_str(), output.sigmoid))
        .collect();
    assert_eq!(outputs, [("points", false), ("class", true)]);
    let pictures = crate::scenes::noise(16);
    let quantised = quantise_imported(&network, &file, &pictures).unwrap();
    let int8 = onnx::imported_model(&quantised, &[]);
    let (names, size) = (["points2", "class2"], pictures[0].size());
    let float = Runner::sized(&file, Some(&names), size).unwrap();
    let int8 = Runner::sized(&int8, None, size).unwrap();
    assert!(int8.takes_bytes());
    let (mut errors, mut spreads) = ([0.0; 2], [0.0; 2]);
    for picture in &pictures {
        let wanted = float.run(&picture.pixels).unwrap();
        let found = int8.run(&picture.pixels).unwrap();
        for (k, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
            assert_eq!(wanted.shape(), found.shape());
            let wanted = values::<f32>(wanted).unwrap();
            let mean = wanted.iter().sum::<f32>() / wanted.len() as f32;
            for (a, b) in wanted.iter().zip(values::<f32>(found).unwrap()) {
                errors[k] += (a - b).powi(2);
                spreads[k] += (a - mean).powi(2);
            }
        }
    }
    for (error, spread) in errors.into_iter().zip(spreads) {
        assert!(error < 0.01 * spread, "{error} {spread}");
    }
}

#[test]
fn what_a_network_of_others_cannot_have_is_named() {
    let error = onnx::import(&detector("Tanh")).unwrap_err();
    assert_eq!(error.to_string(), "Tanh 'b': unsupported operator");
    assert!(error.remedy_text().unwrap().contains("3x3 convolutions"));
    let error = onnx::import(&detector("Sigmoid")).unwrap_err();
    let message = "MaxPool 'pooled': input 'b' is not a tensor of channels";
    assert_eq!(error.to_string(), message);
    assert!(onnx::import(b"no file").is_err());
    let network = onnx::import(&detector("Relu")).unwrap();
    assert!(quantise_imported(&network, &detector("Relu"), &[]).is_err());
}
