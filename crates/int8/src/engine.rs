//! Runs a plan: each step's rows are shared out over the threads, each row of a convolution goes
//! through the kernel. Nothing is allocated here after [`Engine::new`].

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::kernel::global_skip::{self, Base, RowRoom};
use super::kernel::{Addend, Block, Kernel, Row, SumRow, SumSide};
use super::plan::{Addition, Border, Convolution, Place, Plan, PlanStep, Target};
use super::resample;
use super::threads::{MAX_THREADS, ThreadPool};

/// Parts of a step for each thread: more than one, so that one which another program holds up
/// leaves its share to the others.
const PARTS: usize = 4;

/// A plan with its memory and threads.
#[derive(Debug)]
pub(crate) struct Engine {
    plan: Arc<Plan>,
    kernel: Arc<dyn Kernel>,
    threads: ThreadPool,
    /// All tensors, where the plan puts them.
    memory: Vec<u8>,
    /// One for each thread.
    rooms: Vec<Mutex<Room>>,
}

/// A thread's room for one row of the display pixels.
#[derive(Debug)]
struct Room {
    residual: Vec<u8>,
    row: RowRoom,
}

/// The tensors that a step reads: all that lie before and behind the one that it writes.
struct Tensors<'a> {
    before: &'a [u8],
    behind: &'a [u8],
    /// Where `behind` begins.
    end: usize,
}

impl<'a> Tensors<'a> {
    fn at(&self, place: &Place) -> &'a [u8] {
        let range = place.range();
        match range.start < self.end {
            true => &self.before[range],
            false => &self.behind[range.start - self.end..range.end - self.end],
        }
    }
}

/// What a convolution reads and writes.
struct ConvolutionRun<'a> {
    step: &'a Convolution,
    kernel: &'a dyn Kernel,
    input: &'a [u8],
    other: &'a [u8],
}

impl Engine {
    /// Allocates all that runs will need.
    pub(crate) fn new(plan: Arc<Plan>, kernel: Arc<dyn Kernel>, threads: usize) -> Engine {
        let threads = ThreadPool::new(threads);
        let columns = plan.base_columns;
        let room = || Room {
            residual: vec![0; columns * global_skip::FACTOR / 2 * Block::LANES],
            row: RowRoom::new(columns),
        };
        let mut engine = Engine {
            memory: Vec::new(),
            rooms: (0..threads.count()).map(|_| Mutex::new(room())).collect(),
            plan: Arc::clone(&plan),
            kernel,
            threads,
        };
        engine.set_plan(plan);
        engine
    }

    /// Runs the plan of another size of the same network from now on, in the same memory. What the
    /// tensors held is lost.
    pub(crate) fn set_plan(&mut self, plan: Arc<Plan>) {
        if self.memory.len() < plan.bytes {
            // Not enlarged, which would copy and keep both for a moment.
            self.memory = Vec::new();
            self.memory = vec![0; plan.bytes];
        }
        for (place, byte) in &plan.borders {
            place.fill_border(&mut self.memory[place.range()], *byte);
        }
        self.plan = plan;
    }

    /// What it runs them on.
    pub(crate) fn kernel(&self) -> &Arc<dyn Kernel> {
        &self.kernel
    }

    /// The threads that take part, the caller's among them.
    pub(crate) fn threads(&self) -> usize {
        self.threads.count()
    }

    /// Sets the input `k` from interleaved bytes (rows x columns x channels).
    pub(crate) fn load_input(&mut self, k: usize, interleaved: &[u8]) {
        let (channels, place, tensor) = self.input_mut(k);
        let rows = interleaved.chunks_exact(place.columns * channels);
        for (y, row) in rows.enumerate().take(place.rows) {
            let pixels = tensor[place.start(y)..].chunks_exact_mut(place.pixel);
            match channels {
                // Known to the compiler, which else calls a function for every pixel.
                3 => copy_pixels(pixels, row.as_chunks::<3>().0.iter().map(|from| &from[..])),
                _ => copy_pixels(pixels, row.chunks_exact(channels)),
            }
        }
    }

    /// Sets the input `k`, of three channels, from display pixels: blue, green and red.
    pub(crate) fn load_display(&mut self, k: usize, pixels: &[u32]) {
        let (_, place, tensor) = self.input_mut(k);
        for (y, row) in pixels.chunks_exact(place.columns.max(1)).enumerate() {
            let to = &mut tensor[place.start(y)..];
            if place.pixel == 4 {
                // No weight reads the fourth byte.
                let pixels = row.iter().zip(to.as_chunks_mut().0);
                pixels.for_each(|(pixel, to)| *to = pixel.to_le_bytes());
                continue;
            }
            for (pixel, to) in row.iter().zip(to.chunks_exact_mut(place.pixel)) {
                to[..3].copy_from_slice(&pixel.to_le_bytes()[..3]);
            }
        }
    }

    /// The channels, the place and the bytes of the output `k`.
    pub(crate) fn output(&self, k: usize) -> (usize, &Place, &[u8]) {
        let (channels, place) = &self.plan.outputs[k];
        let tensor = self.memory.get(place.range()).unwrap_or_default();
        (*channels, place, tensor)
    }

    /// The input `k` as [`Engine::output`], to be written whole.
    pub(crate) fn input_mut(&mut self, k: usize) -> (usize, Place, &mut [u8]) {
        let (channels, place) = self.plan.inputs[k];
        let tensor = &mut self.memory[place.range()];
        if let Border::Refilled(byte) = place.border {
            place.fill_border(tensor, byte);
        }
        (channels, place, tensor)
    }

    /// Runs every step. Display pixels, where there are any, go to `display`.
    pub(crate) fn run(&mut self, display: &mut [u32]) {
        let plan = Arc::clone(&self.plan);
        for step in &plan.steps {
            match step {
                PlanStep::Convolution(step) => self.convolution(step, display),
                PlanStep::Add(step) => self.addition(step),
                PlanStep::MaxPool {
                    input,
                    output,
                    pool,
                } => self.fill(output, output.rows, 1, |tensors, range, rows| {
                    let from = tensors.at(input);
                    resample::max_pool(pool, input, from, output, range, rows);
                }),
                PlanStep::Resize {
                    input,
                    output,
                    factor,
                } => self.fill(output, input.rows, *factor, |tensors, range, rows| {
                    let from = tensors.at(input);
                    resample::nearest(*factor, input, from, output, range, rows);
                }),
            }
        }
    }

    fn addition(&mut self, step: &Addition) {
        let kernel = Arc::clone(&self.kernel);
        let output = &step.output;
        self.fill(output, output.rows, 1, |tensors, range, rows| {
            for y in range.clone() {
                let sides = step.sides.map(|side| SumSide {
                    bytes: &tensors.at(&side.place)[side.place.start(y / side.factor)..],
                    scale: side.scale,
                    factor: side.factor,
                });
                let to = (y - range.start) * output.row + output.pixel;
                kernel.sum_row(SumRow {
                    sides,
                    sum: step.sum,
                    pixel: output.pixel,
                    output: &mut rows[to..][..output.columns * output.pixel],
                });
            }
        });
    }

    fn convolution(&mut self, step: &Convolution, display: &mut [u32]) {
        let (output, other) = match step.target {
            Target::Bytes(output) => (output, None),
            Target::Sum { output, other, .. } => (output, Some(other)),
            Target::Display { base, .. } => return self.display(step, base, display),
        };
        let kernel = Arc::clone(&self.kernel);
        self.fill(&output, step.rows, step.square, |tensors, range, rows| {
            let job = ConvolutionRun {
                step,
                kernel: kernel.as_ref(),
                input: tensors.at(&step.input),
                other: other.map_or(&[], |place| tensors.at(&place)),
            };
            job.bytes(&output, range, rows);
        });
    }

    /// Fills a tensor's rows, `square` for each of the step's `rows`. `work` gets the other tensors, a
    /// range of the step's rows, and the tensor's rows from the first of them on.
    fn fill(
        &mut self,
        output: &Place,
        rows: usize,
        square: usize,
        work: impl Fn(&Tensors<'_>, Range<usize>, &mut [u8]) + Sync,
    ) {
        let range = output.range();
        let (before, rest) = self.memory.split_at_mut(range.start);
        let (tensor, behind) = rest.split_at_mut(range.len());
        let others = Tensors {
            before,
            behind,
            end: range.end,
        };
        if let Border::Refilled(byte) = output.border {
            output.fill_border(tensor, byte);
        }
        let unit = square * output.row;
        let all = &mut tensor[output.row..][..rows * unit];
        share(&self.threads, rows, unit, all, |_, range, rows| {
            work(&others, range, rows);
        });
    }

    fn display(&self, step: &Convolution, base: Place, display: &mut [u32]) {
        let job = ConvolutionRun {
            step,
            kernel: self.kernel.as_ref(),
            input: &self.memory[step.input.range()],
            other: &self.memory[base.range()],
        };
        let unit = step.square * step.square * step.columns;
        share(
            &self.threads,
            step.rows,
            unit,
            display,
            |thread, range, rows| {
                let mut room = self.rooms[thread]
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                job.display(base, range, rows, &mut room);
            },
        );
    }
}

/// Shares out `rows` rows of `unit` elements over the threads.
fn share<T: Send>(
    pool: &ThreadPool,
    rows: usize,
    unit: usize,
    mut all: &mut [T],
    work: impl Fn(usize, Range<usize>, &mut [T]) + Sync,
) {
    let parts = match pool.count() {
        1 => 1,
        threads => rows.min(threads * PARTS),
    };
    let range = |k: usize| k.min(parts) * rows / parts..(k + 1).min(parts) * rows / parts;
    let slices: [Mutex<&mut [T]>; MAX_THREADS * PARTS] = std::array::from_fn(|k| {
        let (part, rest) = std::mem::take(&mut all).split_at_mut(range(k).len() * unit);
        all = rest;
        Mutex::new(part)
    });
    let next = AtomicUsize::new(0);
    pool.run(&|thread| {
        loop {
            let k = next.fetch_add(1, Ordering::Relaxed);
            if k >= parts {
                break;
            }
            let mut part = slices[k].lock().unwrap_or_else(PoisonError::into_inner);
            work(thread, range(k), &mut part);
        }
    });
}

/// Copies pixels to the beginnings of others.
#[inline(always)]
fn copy_pixels<'a>(to: impl Iterator<Item = &'a mut [u8]>, from: impl Iterator<Item = &'a [u8]>) {
    for (to, from) in to.zip(from) {
        to[..from.len()].copy_from_slice(from);
    }
}

impl ConvolutionRun<'_> {
    /// A convolution's rows `range`. `rows` begins with the first of them in the output, its
    /// border included.
    fn bytes(&self, output: &Place, range: Range<usize>, rows: &mut [u8]) {
        let square = self.step.square;
        for number in 0..self.step.groups.len() {
            let group = &self.step.groups[number];
            let place = |place: &Place, y: usize| {
                (y * square + group.phase.0) * place.row
                    + (1 + group.phase.1) * place.pixel
                    + group.channel
            };
            for y in range.clone() {
                let to = &mut rows[place(output, y - range.start)..];
                let add = match self.step.target {
                    Target::Sum {
                        other,
                        own_scale,
                        other_scale,
                        sum,
                        ..
                    } => Some(Addend {
                        other: &self.other[other.row + place(&other, y)..],
                        step: square * other.pixel,
                        own_scale,
                        other_scale,
                        sum,
                    }),
                    _ => None,
                };
                self.row(number, y, to, square * output.pixel, add);
            }
        }
    }

    fn row(
        &self,
        group: usize,
        y: usize,
        output: &mut [u8],
        output_step: usize,
        add: Option<Addend>,
    ) {
        let (step, group) = (self.step, &self.step.groups[group]);
        let row = Row {
            input: &self.input[step.origin + y * step.stride * step.input.row..],
            input_step: step.stride * step.input.pixel,
            taps: &group.taps,
            quads: step.quads,
            blocks: group.blocks,
            weights: &step.weights[group.weights..],
            bias: &step.bias[group.lanes..],
            factor: &step.factor[group.lanes..],
            zero: step.zero,
            output,
            output_step,
            add,
            pixels: step.columns,
        };
        match step.depthwise {
            true => self.kernel.depthwise_row(row),
            false => self.kernel.row(row),
        }
    }

    /// The last convolution's rows `range`, as rows of display pixels.
    fn display(&self, place: Place, range: Range<usize>, rows: &mut [u32], room: &mut Room) {
        let Target::Display { zero, .. } = self.step.target else {
            return;
        };
        let (start, row, pixel) = (place.start(0), place.row, place.pixel);
        let base = Base {
            pixels: self.other,
            rows: place.rows,
            start,
            row,
            pixel,
        };
        let width = self.step.square * self.step.columns;
        for (y, pair) in range.zip(rows.chunks_exact_mut(self.step.square * width)) {
            self.row(0, y, &mut room.residual, Block::LANES, None);
            for (k, line) in pair.chunks_exact_mut(width).enumerate() {
                let y = self.step.square * y + k;
                self.kernel
                    .display_row(base, &room.residual, zero, y, &mut room.row, line);
            }
        }
    }
}
