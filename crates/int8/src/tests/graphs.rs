//! Random graphs of the known forms, of any sizes.

use proptest::prelude::*;

use super::sketch::{Sketch, typed};
use super::*;

/// Grows a graph step by step: convolutions, additions, poolings, enlargements and shuffles, on any
/// tensors that fit. All tensors have the same zero point.
struct Growth {
    sketch: Sketch,
    zero: u8,
    /// The tensor whose scale each tensor has.
    scales: Vec<usize>,
}

/// Largest tensors: tract's own operators are slow.
const MAX_SIDE: usize = 24;

impl Growth {
    fn new(signed: bool, zero: u8, seed: u32) -> Growth {
        let mut sketch = Sketch::new([1, 1, 1], zero, signed, seed);
        let shape = [
            2 + sketch.next(38) as usize,
            3 + sketch.next(8) as usize,
            3 + sketch.next(8) as usize,
        ];
        let random = sketch.next(u32::MAX);
        Growth {
            sketch: Sketch::new(shape, zero, signed, random),
            zero,
            scales: vec![0],
        }
    }

    fn pick(&mut self, below: usize) -> usize {
        self.sketch.next(below as u32) as usize
    }

    /// A tensor, mostly a late one.
    fn tensor(&mut self) -> usize {
        let count = self.sketch.shapes.len();
        let back = self.pick(3).min(self.pick(count.max(1)));
        count - 1 - back.min(count - 1)
    }

    /// Another tensor that `fits` this one.
    fn partner(&mut self, of: usize, fits: impl Fn(&Growth, usize) -> bool) -> Option<usize> {
        let start = self.pick(self.sketch.shapes.len());
        let all = 0..self.sketch.shapes.len();
        let mut all = all.clone().cycle().skip(start).take(all.len());
        all.find(|&other| other != of && fits(self, other))
    }

    fn grow(&mut self) {
        let from = self.tensor();
        let scales = self.scales[from];
        let [channels, rows, columns] = self.sketch.shapes[from];
        let small = rows.max(columns) * 2 <= MAX_SIDE;
        let own = self.sketch.shapes.len();
        let (made, scale) = match self.pick(12) {
            0 if rows.min(columns) > 2 => {
                let (side, stride) = [(2, 2), (3, 1), (3, 2), (2, 1)][self.pick(4)];
                (self.sketch.pool(from, side, stride), scales)
            }
            1 if small => (self.sketch.enlarge(from, 2), scales),
            2 if rows.max(columns) * 3 <= MAX_SIDE => (self.sketch.enlarge(from, 3), scales),
            3 | 4 => {
                let stride = 1 + usize::from(self.pick(4) == 0);
                (
                    self.sketch.depthwise((from, scales), stride, self.zero),
                    own,
                )
            }
            5 | 6 => {
                let shape = self.sketch.shapes[from];
                let same = |this: &Growth, other| this.sketch.shapes[other] == shape;
                let Some(other) = self.partner(from, same) else {
                    return;
                };
                let sides = [(from, scales), (other, self.scales[other])];
                let relu = self.pick(2) == 1;
                (self.sketch.add(sides, relu, self.zero), own)
            }
            7 if small => {
                let outputs = 4 * (1 + self.pick(24));
                let wide = self.sketch.conv((from, scales), outputs, (3, 1), self.zero);
                self.scales.push(wide);
                (self.sketch.depth_to_space(wide), wide)
            }
            // The same channels again, so that additions find partners.
            kind => {
                let outputs = match self.pick(3) {
                    0 => channels,
                    _ => 1 + self.pick(40),
                };
                let side = if kind < 10 { 3 } else { 1 };
                let stride = 1 + usize::from(self.pick(4) == 0);
                let made = self
                    .sketch
                    .conv((from, scales), outputs, (side, stride), self.zero);
                (made, own)
            }
        };
        assert_eq!(made, self.scales.len());
        self.scales.push(scale);
    }
}

/// Compares the kernels with tract on a graph of so many steps.
fn check(signed: bool, zero: u8, steps: usize, seed: u32) {
    let mut growth = Growth::new(signed, zero, seed);
    for _ in 0..steps {
        growth.grow();
    }
    let [channels, rows, columns] = growth.sketch.shapes[0];
    let last = growth.sketch.shapes.len() - 1;
    if last == 0 {
        return;
    }
    let early = growth.pick(last + 1);
    // An output in the middle keeps what could be fused away.
    let outputs = match seed.is_multiple_of(3) && early > 0 {
        true => vec![last, early],
        false => vec![last],
    };
    let model = typed(&growth.sketch.model(&outputs));
    let input = (0..channels * rows * columns).map(|k| (k * 89 + seed as usize) as u8);
    assert_equal(&model, &input.collect::<Vec<u8>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_graphs_give_tracts_bytes(
        signed: bool,
        zero in prop_oneof![Just(0u8), any::<u8>()],
        steps in 1usize..14,
        seed: u32,
    ) {
        check(signed, zero, steps, seed);
    }
}

/// A network with every form in it.
pub(crate) fn small_net(signed: bool) -> Sketch {
    let zero = 3;
    let mut sketch = Sketch::new([3, 8, 12], zero, signed, 9);
    let first = sketch.conv((0, 0), 20, (3, 1), zero);
    let second = sketch.conv((first, first), 20, (3, 1), zero);
    let sum = sketch.add([(first, first), (second, second)], true, zero);
    let pooled = sketch.pool(sum, 2, 2);
    let deep = sketch.depthwise((pooled, sum), 1, zero);
    let deeper = sketch.conv((deep, deep), 20, (1, 2), zero);
    // Read by an addition alone, of which neither side is a convolution's alone.
    let large = sketch.enlarge(deeper, 2);
    let both = sketch.add([(deep, deep), (large, deeper)], false, zero);
    let thin = sketch.conv((both, both), 1, (1, 1), zero);
    let thinner = sketch.conv((thin, thin), 1, (3, 1), zero);
    // Read by a convolution, and so written out.
    let larger = sketch.enlarge(thinner, 2);
    let wide = sketch.conv((larger, thinner), 44, (3, 1), zero);
    sketch.depth_to_space(wide);
    sketch
}

#[test]
fn every_form_is_known() {
    for signed in [false, true] {
        let sketch = small_net(signed);
        let last = sketch.shapes.len() - 1;
        let model = typed(&sketch.model(&[last]));
        let input: Vec<u8> = (0..288).map(|k| (k * 37) as u8).collect();
        assert_equal(&model, &input);
        assert_eq!(left(&model), Vec::<String>::new());
    }
}

#[test]
fn a_resize_that_additions_alone_read_is_not_written_out() {
    let sketch = small_net(false);
    let last = sketch.shapes.len() - 1;
    let mut graph = fuse::find(&typed(&sketch.model(&[last])), true)
        .unwrap()
        .graph;
    let outputs = [graph.steps.last().unwrap().output()];
    graph.fold_resizes(&outputs);
    let plan = plan::Plan::new(&graph, &outputs, &kernel::Portable).unwrap();
    let kinds = plan.steps.iter().map(|step| match step {
        plan::PlanStep::Convolution(step) if step.depthwise => "depthwise",
        plan::PlanStep::Convolution(_) => "conv",
        plan::PlanStep::MaxPool { .. } => "pool",
        plan::PlanStep::Add(_) => "add",
        plan::PlanStep::Resize { .. } => "resize",
    });
    let expected = [
        "conv",
        "conv",
        "pool",
        "depthwise",
        "conv",
        "add",
        "conv",
        "conv",
        "resize",
        "conv",
    ];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
}

#[test]
fn windows_without_padding_are_known() {
    let mut sketch = Sketch::new([5, 7, 7], 9, false, 5);
    let inner = sketch.padded_conv((0, 0), [8, 1], (3, 1), 0, 9);
    let deep = sketch.padded_conv((inner, inner), [8, 8], (3, 2), 0, 9);
    let whole = sketch.pool(deep, 2, 1);
    let one = sketch.conv((whole, deep), 3, (1, 1), 9);
    let model = typed(&sketch.model(&[one, inner]));
    let input: Vec<u8> = (0..245).map(|k| (k * 37) as u8).collect();
    assert_equal(&model, &input);
    assert_eq!(left(&model), Vec::<String>::new());
}

/// tract cannot run its own simplified graph of this one: it leaves an operator in it that is none
/// ("eval() called on a Dummy op"). The graph as it is written is what the engine reads.
#[test]
fn a_graph_that_tract_breaks_in_simplifying_is_run() {
    check(false, 0, 12, 891_374_225);
}
