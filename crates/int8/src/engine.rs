//! Runs a plan: each step's rows are shared out over the threads, each row of a convolution goes
//! through the kernel. Nothing is allocated here after [`Engine::new`].

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::kernel::global_skip::{self, Base, RowRoom};
use super::kernel::{Addend, Block, Kernel, Row, SumRow, SumSide};
use super::plan::{Addition, Convolution, Place, Plan, PlanStep, Target};
use super::resample;
use super::threads::{MAX_THREADS, ThreadPool};

/// Parts of a step for each thread: more than one, so that one which another program holds up
/// leaves its share to the others.
const PARTS: usize = 4;

/// A plan with its buffers and threads.
#[derive(Debug)]
pub(crate) struct Engine {
    plan: Arc<Plan>,
    kernel: Arc<dyn Kernel>,
    threads: ThreadPool,
    buffers: Vec<Vec<u8>>,
    /// One for each thread.
    rooms: Vec<Mutex<Room>>,
}

/// A thread's room for one row of the display pixels.
#[derive(Debug)]
struct Room {
    residual: Vec<u8>,
    row: RowRoom,
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
        Engine {
            buffers: plan
                .buffers
                .iter()
                .map(|buffer| vec![buffer.fill; buffer.bytes])
                .collect(),
            rooms: (0..threads.count()).map(|_| Mutex::new(room())).collect(),
            plan,
            kernel,
            threads,
        }
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
        let (channels, place) = self.plan.inputs[k];
        let buffer = &mut self.buffers[place.buffer];
        let rows = interleaved.chunks_exact(place.columns * channels);
        for (y, row) in rows.enumerate().take(place.rows) {
            let pixels = buffer[place.start(y)..].chunks_exact_mut(place.pixel);
            match channels {
                // Known to the compiler, which else calls a function for every pixel.
                3 => copy_pixels(pixels, row.as_chunks::<3>().0.iter().map(|from| &from[..])),
                _ => copy_pixels(pixels, row.chunks_exact(channels)),
            }
        }
    }

    /// Sets the input `k`, of three channels, from display pixels: blue, green and red.
    pub(crate) fn load_display(&mut self, k: usize, pixels: &[u32]) {
        let (_, place) = self.plan.inputs[k];
        let buffer = &mut self.buffers[place.buffer];
        for (y, row) in pixels.chunks_exact(place.columns.max(1)).enumerate() {
            let to = &mut buffer[place.start(y)..];
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

    /// The channels, the place and the buffer of the output `k`.
    pub(crate) fn output(&self, k: usize) -> (usize, &Place, &[u8]) {
        let (channels, place) = &self.plan.outputs[k];
        let buffer = self
            .buffers
            .get(place.buffer)
            .map_or(&[][..], Vec::as_slice);
        (*channels, place, buffer)
    }

    /// The input `k` as [`Engine::output`].
    pub(crate) fn input_mut(&mut self, k: usize) -> (usize, Place, &mut [u8]) {
        let (channels, place) = self.plan.inputs[k];
        (channels, place, &mut self.buffers[place.buffer])
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
                } => self.fill(output, output.rows, 1, |buffers, range, rows| {
                    let from = &buffers[input.buffer];
                    resample::max_pool(pool, input, from, output, range, rows);
                }),
                PlanStep::Resize {
                    input,
                    output,
                    factor,
                } => self.fill(output, input.rows, *factor, |buffers, range, rows| {
                    let from = &buffers[input.buffer];
                    resample::nearest(*factor, input, from, output, range, rows);
                }),
            }
        }
    }

    fn addition(&mut self, step: &Addition) {
        let kernel = Arc::clone(&self.kernel);
        let output = &step.output;
        self.fill(output, output.rows, 1, |buffers, range, rows| {
            for y in range.clone() {
                let sides = step.sides.map(|side| SumSide {
                    bytes: &buffers[side.place.buffer][side.place.start(y / side.factor)..],
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
        self.fill(&output, step.rows, step.square, |buffers, range, rows| {
            let job = ConvolutionRun {
                step,
                kernel: kernel.as_ref(),
                input: &buffers[step.input.buffer],
                other: other.map_or(&[], |place| &buffers[place.buffer]),
            };
            job.bytes(&output, range, rows);
        });
    }

    /// Fills a tensor's rows, `square` for each of the step's `rows`. `work` gets the buffers, a
    /// range of the step's rows, and the tensor's rows from the first of them on.
    fn fill(
        &mut self,
        output: &Place,
        rows: usize,
        square: usize,
        work: impl Fn(&[Vec<u8>], Range<usize>, &mut [u8]) + Sync,
    ) {
        // Taken out, so that the other buffers can be read meanwhile.
        let mut taken = std::mem::take(&mut self.buffers[output.buffer]);
        let unit = square * output.row;
        let all = &mut taken[output.row..][..rows * unit];
        self.share(rows, unit, all, |_, range, rows| {
            work(&self.buffers, range, rows);
        });
        self.buffers[output.buffer] = taken;
    }

    fn display(&self, step: &Convolution, base: Place, display: &mut [u32]) {
        let job = ConvolutionRun {
            step,
            kernel: self.kernel.as_ref(),
            input: &self.buffers[step.input.buffer],
            other: &self.buffers[base.buffer],
        };
        let unit = step.square * step.square * step.columns;
        self.share(step.rows, unit, display, |thread, range, rows| {
            let mut room = self.rooms[thread]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            job.display(base, range, rows, &mut room);
        });
    }

    /// Shares out `rows` rows of `unit` elements over the threads.
    fn share<T: Send>(
        &self,
        rows: usize,
        unit: usize,
        mut all: &mut [T],
        work: impl Fn(usize, Range<usize>, &mut [T]) + Sync,
    ) {
        let parts = match self.threads.count() {
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
        self.threads.run(&|thread| {
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
