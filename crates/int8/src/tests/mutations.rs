//! Damaged and strange models: loading and running them gives an error or tract's bytes, the same by
//! the portable kernel, and the fused operators never panic.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use tract_core::internal::TypedFact;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{ModelProto, TensorProto};

use super::sketch::Sketch;
use super::*;

/// A reproducible stream of numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        ((self.0 >> 33) as usize) % bound.max(1)
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

/// Changes one thing of the graph.
fn mutate(model: &mut ModelProto, random: &mut Random) {
    let graph = model.graph.as_mut().unwrap();
    let node = random.below(graph.node.len());
    let names: Vec<String> = graph
        .node
        .iter()
        .map(|node| node.output[0].clone())
        .collect();
    match random.below(12) {
        0..6 => {
            let constant = random.below(graph.initializer.len());
            strange_constant(&mut graph.initializer[constant], random);
        }
        6 | 7 => {
            for attribute in &mut graph.node[node].attribute {
                let strange = random.of(&[-1, 0, 1, 2, 3, 5, 100]);
                if let Some(at) = attribute.ints.len().checked_sub(1) {
                    attribute.ints[random.below(at + 1)] = strange;
                } else if random.below(2) == 0 {
                    attribute.i = strange;
                }
            }
        }
        8 => {
            let other = random.of(&names);
            let inputs = &mut graph.node[node].input;
            let at = random.below(inputs.len());
            inputs[at] = other;
        }
        9 => {
            let kinds = [
                "QLinearConv",
                "MaxPool",
                "Concat",
                "DepthToSpace",
                "Relu",
                "Add",
            ];
            graph.node[node].op_type = random.of(&kinds).into();
        }
        10 => {
            graph.node[node].input.pop();
        }
        _ => {
            graph.node.remove(node);
        }
    }
}

fn strange_constant(constant: &mut TensorProto, random: &mut Random) {
    let strange = [
        0.0,
        -1.0,
        1e-45,
        1e-9,
        1.0,
        1e9,
        3e38,
        f32::NAN,
        f32::INFINITY,
    ];
    match random.below(5) {
        // As floats where they are floats; else the bytes of one are as good as any.
        0 | 1 => {
            let count = constant.raw_data.len() / 4;
            if let Some(at) = count.checked_sub(1).map(|last| 4 * random.below(last + 1)) {
                let value = random.of(&strange);
                constant.raw_data[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
        }
        2 => {
            let at = random.below(constant.raw_data.len());
            if let Some(byte) = constant.raw_data.get_mut(at) {
                *byte = random.of(&[0, 1, 127, 128, 129, 255]);
            }
        }
        3 => {
            let at = random.below(constant.dims.len());
            if let Some(dim) = constant.dims.get_mut(at) {
                *dim += random.of(&[-1, 1]);
            }
        }
        _ => constant.data_type = random.of(&[1, 2, 3, 6, 7]),
    }
}

/// tract's graph, where it makes one without a panic and of a size to be run.
fn typed(model: &ModelProto) -> Option<TypedModel> {
    let made = catch_unwind(AssertUnwindSafe(|| {
        let typed = crate::onnx().model_for_proto_model(model)?.into_typed()?;
        let volume = |fact: &TypedFact| {
            let volume = fact.shape.volume().to_i64().ok();
            volume.is_some_and(|volume| volume < 1 << 20)
        };
        let facts = typed.nodes().iter().flat_map(|node| &node.outputs);
        if !facts.map(|output| &output.fact).all(volume) {
            return Ok(None);
        }
        Ok::<_, tract_core::internal::TractError>(Some(typed))
    }));
    made.ok()?.ok()?
}

/// tract's run of a graph, where it does not fail.
fn run_bytes(model: TypedModel, input: &[u8]) -> Option<Vec<Vec<u8>>> {
    catch_unwind(AssertUnwindSafe(|| try_run(model, input).ok())).ok()?
}

/// Whether tract's own run is something to compare with. It cuts levels at the ends of 32 bits and
/// then adds the zero point: that panics where the build checks for overflow; in other builds the
/// sum goes round, and its byte is at the wrong end. (onnxruntime's is at the right one.)
fn comparable(model: &ModelProto) -> bool {
    static OVERFLOW_PANICS: LazyLock<bool> =
        LazyLock::new(|| catch_unwind(|| black_box(i32::MAX) + black_box(1)).is_err());
    // A scale may have become a whole number, by its type.
    let ordinary = |constant: &TensorProto| {
        let mut words = constant.raw_data.as_chunks::<4>().0.iter().copied();
        match DataType::try_from(constant.data_type) {
            Ok(DataType::Float) => words
                .map(|word| f32::from_le_bytes(word).abs())
                .all(|value| value == 0.0 || (1e-6..1e6).contains(&value)),
            Ok(DataType::Int32) => {
                words.all(|word| i32::from_le_bytes(word).unsigned_abs() < 100_000_000)
            }
            _ => true,
        }
    };
    *OVERFLOW_PANICS
        || model
            .graph
            .iter()
            .all(|graph| graph.initializer.iter().all(ordinary))
}

/// How the fused graph did.
#[derive(Default, Debug)]
struct MutationTally {
    /// tract made no graph of it.
    unread: usize,
    /// Nothing is fused.
    plain: usize,
    refused: usize,
    equal: usize,
}

impl MutationTally {
    fn judge(&mut self, proto: &ModelProto, shape: &[usize], number: usize) {
        let Some(model) = typed(proto) else {
            self.unread += 1;
            return;
        };
        let input: Vec<u8> = (0..shape.iter().product())
            .map(|k: usize| (k * 89) as u8)
            .collect();
        match op::build(&model, kernel::fastest(), 1 + number % 3) {
            Err(error) => {
                assert!(!error.to_string().contains('\n'), "{error}");
                self.refused += 1;
            }
            Ok(None) => self.plain += 1,
            Ok(Some(fused)) => {
                let Some(expected) = run_bytes(model.clone(), &input) else {
                    self.unread += 1;
                    return;
                };
                let found = run_bytes(fused.model, &input);
                assert!(found.is_some(), "mutation {number}");
                let portable = Arc::new(kernel::Portable);
                let fused = op::build(&model, portable.clone(), 1).unwrap().unwrap();
                let by_portable = run_bytes(fused.model, &input);
                assert!(found == by_portable, "mutation {number}: kernels differ");
                if let Ok(mut network) = Network::build(&model, portable, 2) {
                    let alone = run_network(&mut network, &input);
                    assert!(found == Some(alone), "mutation {number}: without tract");
                }
                if comparable(proto) {
                    assert!(found == Some(expected), "mutation {number}");
                }
                self.equal += 1;
            }
        }
    }
}

/// The smallest graph whose levels leave 32 bits, with what onnxruntime gives. tract, built
/// without overflow checks, gives 0 in the place of 255 and -128 in that of 127: its 2^31 - 1 + 3 is
/// negative.
#[test]
fn levels_beyond_32_bits_stop_at_the_ends_of_bytes() {
    for (signed, expected) in [(false, [255u8, 0]), (true, [127, 128])] {
        let mut sketch = Sketch::new([1, 1, 1], 0, signed, 1);
        sketch.conv((0, 0), 2, (3, 1), 3);
        for constant in &mut sketch.graph.initializer {
            constant.raw_data = match &*constant.name {
                "t1.w" => [[1; 9], [255; 9]].concat(),
                "t1.ws" => [4e9f32.to_le_bytes(); 2].concat(),
                "t1.b" => vec![0; 8],
                _ => continue,
            };
        }
        let model = sketch::typed(&sketch.model(&[1]));
        for kernel in available() {
            let mut network = Network::build(&model, Arc::clone(&kernel), 1).unwrap();
            let found = run_network(&mut network, &[1]);
            assert_eq!(found, [expected], "{}", kernel.name());
        }
    }
}

#[test]
fn strange_graphs_give_errors_or_tracts_bytes() {
    let mut random = Random(4);
    let mut tally = MutationTally::default();
    for number in 0..500 {
        let sketch = graphs::small_net(number % 4 == 3);
        let last = sketch.shapes.len() - 1;
        let mut model = sketch.model(&[last]);
        for _ in 0..1 + random.below(3) {
            mutate(&mut model, &mut random);
        }
        tally.judge(&model, &[1, 3, 8, 12], number);
    }
    // Each way is taken.
    assert!(
        tally.unread > 10 && tally.refused > 10 && tally.equal > 10,
        "{tally:?}"
    );
}

#[test]
fn strange_forms_of_the_embedded_model_give_errors_or_tracts_bytes() {
    let read = |bytes: &[u8]| crate::onnx().proto_model_for_read(&mut &bytes[..]).unwrap();
    let embedded = read(MODELS[0].1);
    let mut random = Random(5);
    let mut tally = MutationTally::default();
    for number in 0..24 {
        let mut model = embedded.clone();
        mutate(&mut model, &mut random);
        tally.judge(&model, &[1, 3, LR_SIDE, LR_SIDE], number);
    }
    assert!(tally.equal > 3, "{tally:?}");
}

#[test]
fn damaged_files_give_errors_or_tracts_bytes() {
    let mut random = Random(6);
    let good = MODELS[0].1;
    let mut tally = MutationTally::default();
    for number in 0..20 {
        let mut bytes = good.to_vec();
        for _ in 0..1 + random.below(4) {
            // Two thirds among the names, shapes and attributes, which stand at the beginning.
            let among = bytes.len() >> random.of(&[0, 6, 6]);
            let at = random.below(among);
            match random.below(3) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => drop(bytes.drain(at..at + random.below(4).min(bytes.len() - at))),
                _ => bytes[at] = random.of(&[0, 1, 0x7f, 0x80, 0xff]),
            }
        }
        if let Ok(mut network) = Network::load(&bytes, &Options::default()) {
            let input = network.input();
            let input = vec![7; input.rows * input.columns * input.channels];
            run_network(&mut network, &input);
        }
        match crate::onnx().proto_model_for_read(&mut &bytes[..]) {
            Ok(model) if model.graph.is_some() => {
                tally.judge(&model, &[1, 3, LR_SIDE, LR_SIDE], number);
            }
            _ => tally.unread += 1,
        }
    }
    assert!(tally.equal > 0 && tally.unread > 0, "{tally:?}");
}
