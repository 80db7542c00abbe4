//! Random graphs of the known forms, of any sizes.

use proptest::prelude::*;

use super::sketch::{Sketch, run_on, try_typed, typed};
use super::*;

/// Grows a graph step by step: convolutions, additions, concatenations, poolings, enlargements and
/// folds, on any tensors that fit. All tensors have the same zero point, as those that go through
/// one concatenation must.
struct Growth {
    sketch: Sketch,
    zero: u8,
    /// The tensor whose scale each tensor has.
    scales: Vec<usize>,
}

/// Largest tensors: tract's own operators are slow.
const MAX_CHANNELS: usize = 80;
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
                let fits = |this: &Growth, other: usize| {
                    let [more, r, c] = this.sketch.shapes[other];
                    (r, c) == (rows, columns) && channels + more <= MAX_CHANNELS
                };
                let Some(other) = self.partner(from, fits) else {
                    return;
                };
                (self.sketch.concat(&[from, other]), scales)
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
                (self.sketch.fold(wide), wide)
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn random_graphs_give_tracts_bytes(
        signed: bool,
        zero in prop_oneof![Just(0u8), any::<u8>()],
        steps in 1usize..14,
        seed: u32,
        threads in 1usize..4,
    ) {
        let mut growth = Growth::new(signed, zero, seed);
        for _ in 0..steps {
            growth.grow();
        }
        let [channels, rows, columns] = growth.sketch.shapes[0];
        let last = growth.sketch.shapes.len() - 1;
        let early = growth.pick(last + 1);
        // An output in the middle keeps what could be folded away.
        let outputs = if seed.is_multiple_of(3) && early > 0 { vec![last, early] } else { vec![last] };
        prop_assume!(last > 0);
        // tract can't simplify a stride of 2 with a kernel of one pixel behind DepthToSpace.
        let model = try_typed(&growth.sketch.model(&outputs));
        prop_assume!(model.is_ok());
        let model = model.unwrap();
        let shape = [1, channels, rows, columns];
        let input: Vec<u8> = (0..channels * rows * columns).map(|k| (k * 89 + seed as usize) as u8).collect();
        let expected = run_on(model.clone(), &shape, &input);
        for kernel in available() {
            let Some(fused) = fuse(&model, Arc::clone(&kernel), threads).unwrap() else {
                continue;
            };
            let found = run_on(fused.model, &shape, &input);
            prop_assert!(found == expected, "{} on {}", kernel.name(), threads);
        }
    }
}

/// A U-Net with every form in it.
pub fn small_net(signed: bool) -> Sketch {
    let zero = 3;
    let mut sketch = Sketch::new([3, 8, 12], zero, signed, 9);
    let first = sketch.conv((0, 0), 20, (3, 1), zero);
    let second = sketch.conv((first, first), 20, (3, 1), zero);
    let sum = sketch.add([(first, first), (second, second)], true, zero);
    let pooled = sketch.pool(sum, 2, 2);
    let deep = sketch.conv((pooled, sum), 24, (3, 1), zero);
    let deeper = sketch.conv((deep, deep), 33, (1, 2), zero);
    // Folded into the next convolution's read.
    let large = sketch.enlarge(deeper, 2);
    let back = sketch.conv((large, deeper), 24, (3, 1), zero);
    let both = sketch.concat(&[back, deep]);
    let thin = sketch.conv((both, back), 7, (1, 1), zero);
    // Goes into a concatenation, and so is written out.
    let larger = sketch.enlarge(thin, 2);
    let skips = sketch.concat(&[larger, sum]);
    let wide = sketch.conv((skips, thin), 44, (3, 1), zero);
    sketch.fold(wide);
    sketch
}

#[test]
fn every_form_is_recognised() {
    for signed in [false, true] {
        let sketch = small_net(signed);
        let last = sketch.shapes.len() - 1;
        let model = typed(&sketch.model(&[last]));
        let shape = [1, 3, 8, 12];
        let input: Vec<u8> = (0..288).map(|k| (k * 37) as u8).collect();
        let expected = run_on(model.clone(), &shape, &input);
        for kernel in available() {
            for threads in 1..4 {
                let fused = fuse(&model, Arc::clone(&kernel), threads).unwrap().unwrap();
                assert_eq!(fused.left, Vec::<String>::new());
                assert_eq!(fused.model.nodes().len(), 2, "the input and the operator");
                let found = run_on(fused.model, &shape, &input);
                assert!(found == expected, "{} on {threads}", kernel.name());
            }
        }
    }
}

#[test]
fn concatenating_and_a_single_readers_enlargement_move_nothing() {
    let sketch = small_net(false);
    let last = sketch.shapes.len() - 1;
    let found = recognise::recognise(&typed(&sketch.model(&[last]))).unwrap();
    let mut network = found.network;
    let exports = [network.steps.last().unwrap().output()];
    network.fold_enlargements(&exports);
    let plan = plan::Plan::new(&network, &exports, 0).unwrap();
    let kinds = plan.steps.iter().map(|step| match step {
        plan::Step::Convolution(step) => format!("conv, {}x", step.fold),
        plan::Step::Pool { .. } => "pool".into(),
        plan::Step::Enlarge { factor, .. } => format!("enlarge, {factor}x"),
    });
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [
            "conv, 1x",
            "conv, 1x",
            "pool",
            "conv, 1x",
            "conv, 1x",
            "conv, 2x",
            "conv, 1x",
            "enlarge, 2x",
            "conv, 2x"
        ]
    );
}

#[test]
fn tensors_that_cannot_lie_in_place_are_copied() {
    let mut sketch = Sketch::new([3, 6, 5], 4, false, 5);
    let first = sketch.conv((0, 0), 6, (3, 1), 4);
    // Twice in one, and in two; a part that is made of the other part; and one within another.
    let twice = sketch.concat(&[first, first]);
    let second = sketch.conv((twice, first), 6, (3, 1), 4);
    let dense = sketch.concat(&[first, second]);
    let nested = sketch.concat(&[dense, twice, 0]);
    let pooled = sketch.pool(nested, 3, 1);
    let last = sketch.conv((pooled, first), 9, (3, 2), 4);
    let model = typed(&sketch.model(&[last, nested]));
    let input: Vec<u8> = (0..90).map(|k| (k * 37) as u8).collect();
    let fused = fuse(&model, kernel::fastest(), 2).unwrap().unwrap();
    assert_eq!(fused.left, Vec::<String>::new());
    let shape = [1, 3, 6, 5];
    assert!(run_on(fused.model, &shape, &input) == run_on(model, &shape, &input));
}
