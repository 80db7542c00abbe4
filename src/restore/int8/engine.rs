//! Runs a plan: each step's rows are split over the threads, each thread's rows go through the
//! kernel one by one. Nothing is allocated here after [`Engine::new`].

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::kernel::{Addend, Block, Kernel, Row};
use super::plan::{Place, Plan, Step, Target};
use super::pool::{MAX_THREADS, Pool};
use super::skip::{self, Base, RowRoom};

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

/// What a step reads and writes.
struct Job<'a> {
    step: &'a Step,
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
        let place = self.plan.entries[k];
        let buffer = &mut self.buffers[place.buffer];
        for (channel, plane) in planes.chunks_exact(place.rows * place.columns).enumerate() {
            for (y, row) in plane.chunks_exact(place.columns).enumerate() {
                let pixels = buffer[place.start(y)..].chunks_exact_mut(place.pixel);
                for (pixel, &level) in pixels.zip(row) {
                    pixel[channel] = level;
                }
            }
        }
    }

    /// The network's result `k` as planes, where it isn't the picture.
    pub fn leave(&self, k: usize, planes: &mut [u8]) {
        let Some(place) = self.plan.exports[k] else {
            return;
        };
        let buffer = &self.buffers[place.buffer];
        for (channel, plane) in planes
            .chunks_exact_mut(place.rows * place.columns)
            .enumerate()
        {
            for (y, row) in plane.chunks_exact_mut(place.columns).enumerate() {
                let pixels = buffer[place.start(y)..].chunks_exact(place.pixel);
                for (level, pixel) in row.iter_mut().zip(pixels) {
                    *level = pixel[channel];
                }
            }
        }
    }

    /// Runs every step. The picture, where there is one, goes to `picture`.
    pub fn run(&mut self, picture: &mut [u32]) {
        let plan = Arc::clone(&self.plan);
        for step in &plan.steps {
            let (output, other) = match step.target {
                Target::Bytes(output) => (output, None),
                Target::Sum { output, other, .. } => (output, Some(other)),
                Target::Picture { base, .. } => {
                    self.picture(step, base, picture);
                    continue;
                }
            };
            // Taken out, so that the other buffers can be read meanwhile.
            let mut taken = std::mem::take(&mut self.buffers[output.buffer]);
            let job = self.job(step, other);
            let unit = step.fold * output.row;
            let rows = &mut taken[output.row..][..step.rows * unit];
            self.share(step.rows, unit, rows, |_, range, rows| {
                job.bytes(&output, range, rows)
            });
            self.buffers[output.buffer] = taken;
        }
    }

    fn job<'a>(&'a self, step: &'a Step, other: Option<Place>) -> Job<'a> {
        Job {
            step,
            kernel: self.kernel.as_ref(),
            input: &self.buffers[step.input.buffer],
            other: other.map_or(&[], |place| &self.buffers[place.buffer]),
        }
    }

    fn picture(&self, step: &Step, base: Place, picture: &mut [u32]) {
        let job = self.job(step, Some(base));
        let unit = step.fold * step.fold * step.columns;
        self.share(step.rows, unit, picture, |thread, range, rows| {
            let mut room = self.rooms[thread]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            job.picture(base, range, rows, &mut room);
        });
    }

    /// Splits `rows` rows of `unit` elements over the threads.
    fn share<T: Send>(
        &self,
        rows: usize,
        unit: usize,
        mut all: &mut [T],
        work: impl Fn(usize, Range<usize>, &mut [T]) + Sync,
    ) {
        let threads = self.pool.threads();
        let range =
            |k: usize| k.min(threads) * rows / threads..(k + 1).min(threads) * rows / threads;
        let parts: [Mutex<&mut [T]>; MAX_THREADS] = std::array::from_fn(|k| {
            let (part, rest) = std::mem::take(&mut all).split_at_mut(range(k).len() * unit);
            all = rest;
            Mutex::new(part)
        });
        self.pool.run(&|k| {
            let mut part = parts[k].lock().unwrap_or_else(PoisonError::into_inner);
            work(k, range(k), &mut part);
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
            let column = (1 + group.phase.1) * output.pixel + group.channel;
            for y in range.clone() {
                let row = |y: usize| (y * fold + group.phase.0) * output.row + column;
                let to = &mut rows[row(y - range.start)..];
                let add = self.addend(output.row + row(y));
                self.row(number, y, to, fold * output.pixel, add);
            }
        }
    }

    fn addend(&self, at: usize) -> Option<Addend<'_>> {
        match self.step.target {
            Target::Sum {
                own_scale,
                other_scale,
                sum,
                ..
            } => Some(Addend {
                other: &self.other[at..],
                own_scale,
                other_scale,
                sum,
            }),
            _ => None,
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
