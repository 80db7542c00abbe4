//! Changed graphs: the fused integer operators give tract's bytes or leave the graph to tract,
//! whatever stands in a file.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use face8x_core::restore::{Operators, Restorer, TractRestorer, kernels};
use face8x_train::runner::Runner;
use prost::Message;
use tract_onnx::pb::{GraphProto, ModelProto, TensorProto};

use crate::model::lr;
use crate::networks::QUANTISED;

/// Values that a scale seldom has.
const FLOATS: [f32; 9] = [
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
/// Numbers that sizes, paddings and dimensions seldom have.
const INTS: [i64; 10] = [-1, 0, 1, 2, 3, 5, 100, 1 << 20, i64::MAX, i64::MIN];
/// Operators that the engine knows, or may take for those.
const OPS: [&str; 10] = [
    "QLinearConv",
    "MaxPool",
    "Concat",
    "DepthToSpace",
    "Relu",
    "Add",
    "Resize",
    "QuantizeLinear",
    "DequantizeLinear",
    "Conv",
];
/// An input makes no more changes.
const MOST: usize = 8;

/// Changes a small network and compares kernels with tract.
pub fn graph(data: &[u8]) {
    let Some((choice, changes)) = data.split_first() else {
        return;
    };
    let base = QUANTISED[usize::from(choice & 1)]();
    let mut model = ModelProto::decode(&base[..]).expect("it was encoded just now");
    if let Some(graph) = &mut model.graph {
        for change in changes.as_chunks::<4>().0.iter().take(MOST) {
            mutate(graph, change.map(usize::from));
        }
    }
    let (threads, kernel) = (1 + usize::from(choice >> 7), usize::from(choice >> 1 & 3));
    judge(&model.encode_to_vec(), threads, kernel);
}

/// Makes one change.
fn mutate(graph: &mut GraphProto, [kind, a, b, c]: [usize; 4]) {
    let (nodes, constants) = (graph.node.len(), graph.initializer.len());
    if nodes == 0 || constants == 0 {
        return;
    }
    let other = graph.node[c % nodes].output[0].clone();
    let node = &mut graph.node[a % nodes];
    match kind % 12 {
        0..6 => constant(&mut graph.initializer[a % constants], [kind, b, c]),
        6 | 7 => {
            let count = node.attribute.len().max(1);
            if let Some(attribute) = node.attribute.get_mut(b % count) {
                let value = INTS[c % INTS.len()];
                let at = c / INTS.len() % attribute.ints.len().max(1);
                match attribute.ints.get_mut(at) {
                    Some(int) => *int = value,
                    None => attribute.i = value,
                }
            }
        }
        8 => {
            let count = node.input.len().max(1);
            if let Some(input) = node.input.get_mut(b % count) {
                *input = other;
            }
        }
        9 => node.op_type = OPS[b % OPS.len()].into(),
        10 => drop(node.input.pop()),
        _ => drop(graph.node.remove(a % nodes)),
    }
}

fn constant(constant: &mut TensorProto, [kind, b, c]: [usize; 3]) {
    let count = constant.raw_data.len().max(1);
    match kind % 12 {
        0 | 1 => {
            let values = constant.raw_data.as_chunks_mut::<4>().0;
            let count = values.len().max(1);
            if let Some(value) = values.get_mut(b % count) {
                *value = FLOATS[c % FLOATS.len()].to_le_bytes();
            }
        }
        2 | 3 => {
            if let Some(byte) = constant.raw_data.get_mut(b % count) {
                *byte = c as u8;
            }
        }
        4 => {
            let count = constant.dims.len().max(1);
            if let Some(dim) = constant.dims.get_mut(b % count) {
                *dim = INTS[c % INTS.len()];
            }
        }
        _ => constant.data_type = c as i32 % 17,
    }
}

/// Compares the fastest kernel and another with tract, where the file loads.
fn judge(file: &[u8], threads: usize, kernel: usize) {
    let fused = Operators::Fused(threads);
    let mut restorer = match TractRestorer::load(file, "graph.onnx", "fuzz", fused) {
        Ok(restorer) => restorer,
        Err(error) => return crate::explained(&error),
    };
    let found = restored(&mut restorer);
    if restorer.multiplications().is_none() {
        return;
    }
    let by_tract = quietly(|| Runner::load(file).and_then(|runner| runner.restore(&lr())));
    if let Some(Ok(levels)) = by_tract {
        let rgb = levels.as_chunks::<3>().0.iter();
        let expected: Vec<u32> = rgb
            .map(|&[r, g, b]| u32::from_be_bytes([0, r, g, b]))
            .collect();
        assert!(
            found == expected,
            "{} differs from tract",
            restorer.describe()
        );
    }
    let by = Operators::OnlyFusedBy(threads, kernel % kernels().len());
    let mut restorer = TractRestorer::load(file, "graph.onnx", "fuzz", by)
        .expect("what one kernel runs, every kernel runs");
    assert!(
        restored(&mut restorer) == found,
        "{} differs",
        restorer.describe()
    );
}

fn restored(restorer: &mut TractRestorer) -> Vec<u32> {
    let mut sr = [0; 128 * 128];
    restorer
        .restore(&lr(), &mut sr)
        .expect("it ran once when it was loaded");
    sr.to_vec()
}

thread_local! {
    /// Whether tract runs by itself, whose panics are none of ours.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives; `None` where it panicked.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    result.ok()
}
