//! Runs a plan: each step's rows are shared out over the threads, each row of a convolution goes
//! through the kernel. Nothing is allocated here after [`Engine::new`].

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::kernel::{Addend, Block, Kernel, Row};
use super::moves;
use super::plan::{Convolution, Place, Plan, Step, Target};
use super::pool::{MAX_THREADS, Pool};
use super::skip::{self, Base, RowRoom};

/// Parts of a step for each thread: more than one, so that one which another program holds up
/// leaves its share to the others.
const PARTS: usize = 4;

/// What is added to signed bytes at the network's ends, as a change of bits.
const SIGN: u8 = 0x80;

/// A plan with its buffers and threads.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    kernel: Arc<dyn Kernel>,
    pool: Pool,
    buffers: Vec<Vec<u8>>,
    /// One for each thread.
    rooms: Vec<Mutex<Room>>,
}

/// A thread's room for one row of the picture.
#[derive(Debug)]
struct Room {
    residual: Vec<u8>,
    row: RowRoom,
}

/// What a convolution reads and writes.
struct Job<'a> {
    step: &'a Convolution,
    kernel: &'a dyn Kernel,
    input: &'a [u8],
    other: &'a [u8],
}

impl Engine {
    /// Allocates all that runs will need.
    pub fn new(plan: Arc<Plan>, kernel: Arc<dyn Kernel>, threads: usize) -> Engine {
        let pool = Pool::new(threads);
        let columns = plan.picture_columns;
        let room = || Room {
            residual: vec![0; columns * skip::FACTOR / 2 * Block::LANES],
            row: RowRoom::new(columns),
        };
        Engine {
            buffers: plan
                .buffers
                .iter()
                .map(|buffer| vec![buffer.fill; buffer.bytes])
                .collect(),
            rooms: (0..pool.threads()).map(|_| Mutex::new(room())).collect(),
            plan,
            kernel,
            pool,
        }
    }

    /// Sets the network's entry `k` from planes (channels x rows x columns).
    pub fn enter(&mut self, k: usize, planes: &[u8]) {
        let port = &self.plan.entries[k];
        let (place, sign) = (port.place, if port.signed { SIGN } else { 0 });
        let buffer = &mut self.buffers[place.buffer];
        let planes = planes.chunks_exact(place.rows * place.columns);
        for (plane, lane) in planes.zip(&port.lanes) {
            for (y, row) in plane.chunks_exact(place.columns).enumerate() {
                let pixels = buffer[place.start(y)..].chunks_mut(place.pixel);
                for (pixel, &level) in pixels.zip(row) {
                    pixel[*lane] = level ^ sign;
                }
            }
        }
    }

    /// The network's result `k` as planes, where it isn't the picture.
    pub fn leave(&self, k: usize, planes: &mut [u8]) {
        let Some(port) = &self.plan.exports[k].1 else {
            return;
        };
        let (place, sign) = (port.place, if port.signed { SIGN } else { 0 });
        let buffer = &self.buffers[place.buffer];
        let planes = planes.chunks_exact_mut(place.rows * place.columns);
        for (plane, lane) in planes.zip(&port.lanes) {
            for (y, row) in plane.chunks_exact_mut(place.columns).enumerate() {
                let pixels = buffer[place.start(y)..].chunks(place.pixel);
                for (level, pixel) in row.iter_mut().zip(pixels) {
                    *level = pixel[*lane] ^ sign;
                }
            }
        }
    }

    /// Runs every step. The picture, where there is one, goes to `picture`.
    pub fn run(&mut self, picture: &mut [u32]) {
        let plan = Arc::clone(&self.plan);
        for step in &plan.steps {
            match step {
                Step::Convolution(step) => self.convolution(step, picture),
                Step::Pool {
                    input,
                    output,
                    pool,
                } => self.fill(output, output.rows, 1, |buffers, range, rows| {
                    moves::pool(pool, input, &buffers[input.buffer], output, range, rows);
                }),
                Step::Enlarge {
                    input,
                    output,
                    factor,
                } => self.fill(output, input.rows, *factor, |buffers, range, rows| {
                    let from = &buffers[input.buffer];
                    moves::enlarge(*factor, input, from, output, range, rows);
                }),
            }
        }
    }

    fn convolution(&mut self, step: &Convolution, picture: &mut [u32]) {
        let (output, other) = match step.target {
            Target::Bytes(output) => (output, None),
            Target::Sum { output, other, .. } => (output, Some(other)),
            Target::Picture { base, .. } => return self.picture(step, base, picture),
        };
        let kernel = Arc::clone(&self.kernel);
        self.fill(&output, step.rows, step.fold, |buffers, range, rows| {
            let job = Job {
                step,
                kernel: kernel.as_ref(),
                input: &buffers[step.input.buffer],
                other: other.map_or(&[], |place| &buffers[place.buffer]),
            };
            job.bytes(&output, range, rows);
        });
    }

    /// Fills a tensor's rows, `fold` for each of the step's `rows`. `work` gets the buffers, a
    /// range of the step's rows, and the tensor's rows from the first of them on.
    fn fill(
        &mut self,
        output: &Place,
        rows: usize,
        fold: usize,
        work: impl Fn(&[Vec<u8>], Range<usize>, &mut [u8]) + Sync,
    ) {
        // Taken out, so that the other buffers can be read meanwhile.
        let mut taken = std::mem::take(&mut self.buffers[output.buffer]);
        let unit = fold * output.row;
        let all = &mut taken[output.row..][..rows * unit];
        self.share(rows, unit, all, |_, range, rows| {
            work(&self.buffers, range, rows);
        });
        self.buffers[output.buffer] = taken;
    }

    fn picture(&self, step: &Convolution, base: Place, picture: &mut [u32]) {
        let job = Job {
            step,
            kernel: self.kernel.as_ref(),
            input: &self.buffers[step.input.buffer],
            other: &self.buffers[base.buffer],
        };
        let unit = step.fold * step.fold * step.columns;
        self.share(step.rows, unit, picture, |thread, range, rows| {
            let mut room = self.rooms[thread]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            job.picture(base, range, rows, &mut room);
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
        let parts = match self.pool.threads() {
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
        self.pool.run(&|thread| {
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

impl Job<'_> {
    /// A convolution's rows `range`. `rows` begins with the first of them in the output, its
    /// border included.
    fn bytes(&self, output: &Place, range: Range<usize>, rows: &mut [u8]) {
        let fold = self.step.fold;
        for number in 0..self.step.groups.len() {
            let group = &self.step.groups[number];
            let place = |place: &Place, y: usize| {
                (y * fold + group.phase.0) * place.row
                    + (1 + group.phase.1) * place.pixel
                    + place.lane
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
                        step: fold * other.pixel,
                        own_scale,
                        other_scale,
                        sum,
                    }),
                    _ => None,
                };
                self.row(number, y, to, fold * output.pixel, add);
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
        self.kernel.row(Row {
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
        });
    }

    /// The last convolution's rows `range`, as rows of the picture.
    fn picture(&self, place: Place, range: Range<usize>, rows: &mut [u32], room: &mut Room) {
        let Target::Picture { zero, .. } = self.step.target else {
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
        let width = self.step.fold * self.step.columns;
        for (y, pair) in range.zip(rows.chunks_exact_mut(self.step.fold * width)) {
            self.row(0, y, &mut room.residual, Block::LANES, None);
            for (k, line) in pair.chunks_exact_mut(width).enumerate() {
                let y = self.step.fold * y + k;
                self.kernel
                    .picture_row(base, &room.residual, zero, y, &mut room.row, line);
            }
        }
    }
}
