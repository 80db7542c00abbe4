//! A few threads that help with one task: they spin for a moment, then sleep.
//!
//! A worker takes part in a task when it comes while the task is open. Nobody waits for one that
//! is still waking up, or that the system has put aside between two tasks: the caller and the
//! others do its share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Most threads: beyond it the rows of the small layers are fewer than the threads.
pub(crate) const MAX_THREADS: usize = 16;

/// Turns of a spinning thread before it sleeps; some ten microseconds.
const SPINS: u32 = 4000;

/// How many of `wanted` threads make sense here: at least 1, at most 16, and no more than the
/// processor runs at once.
pub fn usable_threads(wanted: usize) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    wanted.min(processors).clamp(1, MAX_THREADS)
}

type Task = &'static (dyn Fn(usize) + Sync);

/// Bits of the gate: workers inside, whether a task is open, whether the pool ends, and above them
/// the number of the task.
const INSIDE: usize = 0xff;
const OPEN: usize = 0x100;
const END: usize = 0x200;
const TURN: usize = 0x400;

struct Shared {
    task: Mutex<Option<Task>>,
    wake: Condvar,
    gate: AtomicUsize,
    /// Workers that went to sleep since the last call.
    sleeping: AtomicUsize,
    failed: AtomicBool,
}

/// What a worker finds at the gate.
enum Found {
    Task(Task),
    Nothing,
    End,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Task>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes in, where a task is open that isn't the `seen` one.
    fn enter(&self, seen: &mut usize) -> Found {
        let gate = self.gate.load(Ordering::Acquire);
        if gate & END != 0 {
            return Found::End;
        }
        if gate & OPEN == 0 || gate / TURN == *seen {
            return Found::Nothing;
        }
        let entered =
            self.gate
                .compare_exchange(gate, gate + 1, Ordering::AcqRel, Ordering::Relaxed);
        match entered.ok().and_then(|_| *self.lock()) {
            Some(task) => {
                *seen = gate / TURN;
                Found::Task(task)
            }
            None => Found::Nothing,
        }
    }

    /// Sleeps until there is a new task, or was one meanwhile.
    fn sleep(&self, seen: usize) {
        let mut guard = self.lock();
        let before = self.gate.load(Ordering::SeqCst) / TURN;
        loop {
            // Before the look at the gate: whoever opens it looks here afterwards.
            self.sleeping.fetch_add(1, Ordering::SeqCst);
            let gate = self.gate.load(Ordering::SeqCst);
            let turn = gate / TURN;
            if gate & END != 0 || turn != before || (gate & OPEN != 0 && turn != seen) {
                return;
            }
            guard = self
                .wake
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Changes the gate and calls those who sleep.
    fn call(&self, gate: usize) {
        self.gate.store(gate, Ordering::SeqCst);
        if self.sleeping.swap(0, Ordering::SeqCst) > 0 {
            // A worker holds the lock from its look at the gate until it sleeps.
            drop(self.lock());
            self.wake.notify_all();
        }
    }
}

/// The calling thread and its workers.
pub(crate) struct ThreadPool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// One task at a time.
    running: Mutex<()>,
}

impl ThreadPool {
    /// A pool of `threads` threads, 1 to [`MAX_THREADS`], the caller's among them; fewer where
    /// the system starts no more.
    pub(crate) fn new(threads: usize) -> ThreadPool {
        let threads = threads.clamp(1, MAX_THREADS);
        let shared = Arc::new(Shared {
            task: Mutex::new(None),
            wake: Condvar::new(),
            gate: AtomicUsize::new(0),
            sleeping: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
        });
        let mut workers = Vec::new();
        for number in 1..threads {
            let shared = Arc::clone(&shared);
            let named = std::thread::Builder::new().name(format!("int8-{number}"));
            match named.spawn(move || work(&shared, number)) {
                Ok(worker) => workers.push(worker),
                Err(error) => {
                    log::warn!("running on {number} threads instead of {threads}: {error}");
                    break;
                }
            }
        }
        ThreadPool {
            shared,
            workers,
            running: Mutex::new(()),
        }
    }

    /// Threads that can take part in a task.
    pub(crate) fn count(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `task(0)` here and, at the same time, `task(k)` on each worker k that comes before it
    /// ends, once. The parts of the work are for them to share out: this thread may be the only
    /// one. All have left the task when this returns.
    ///
    /// # Panics
    /// Where one of them did.
    pub(crate) fn run(&self, task: &(dyn Fn(usize) + Sync)) {
        if self.workers.is_empty() {
            return task(0);
        }
        let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: only the lifetime changes. `Close` keeps this function from being left, also by
        // a panic, before the gate is shut and every worker that came in has left. A worker takes
        // the task only inside, and `running` admits one task at a time.
        let lasting = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Task>(task) };
        *self.shared.lock() = Some(lasting);
        let gate = self.shared.gate.load(Ordering::Relaxed);
        // Shut and empty: nobody else changes it. The number of the task may wrap.
        self.shared
            .call((gate & !(TURN - 1)).wrapping_add(TURN) | OPEN);
        let close = Close(&self.shared);
        task(0);
        drop(close);
        assert!(
            !self.shared.failed.swap(false, Ordering::Relaxed),
            "a thread of the engine failed"
        );
    }
}

/// Shuts the gate, when dropped, and waits until no worker is inside.
struct Close<'a>(&'a Shared);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        self.0.gate.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0;
        while self.0.gate.load(Ordering::Acquire) & INSIDE > 0 {
            spins += 1;
            // With fewer processors than threads the workers need this one.
            if spins > SPINS {
                std::thread::yield_now()
            } else {
                std::hint::spin_loop()
            }
        }
        *self.0.lock() = None;
    }
}

fn work(shared: &Shared, number: usize) {
    let mut seen = 0;
    let mut spins = 0;
    loop {
        match shared.enter(&mut seen) {
            Found::Task(task) => {
                if catch_unwind(AssertUnwindSafe(|| task(number))).is_err() {
                    shared.failed.store(true, Ordering::Relaxed);
                }
                shared.gate.fetch_sub(1, Ordering::Release);
                spins = 0;
            }
            Found::Nothing if spins < SPINS => {
                spins += 1;
                std::hint::spin_loop();
            }
            Found::Nothing => {
                shared.sleep(seen);
                spins = 0;
            }
            Found::End => return,
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.call(END);
        for worker in self.workers.drain(..) {
            // A worker catches its panics.
            let _ = worker.join();
        }
    }
}

impl std::fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ThreadPool({} threads)", self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred parts, each counted by whoever takes it.
    fn share(pool: &ThreadPool) -> Vec<usize> {
        let next = AtomicUsize::new(0);
        let counts: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
        pool.run(&|_| {
            while let Some(count) = counts.get(next.fetch_add(1, Ordering::Relaxed)) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_part_runs_once_a_task() {
        for threads in [1, 2, 3, MAX_THREADS] {
            let pool = ThreadPool::new(threads);
            for _ in 0..300 {
                assert_eq!(share(&pool), [1; 100]);
            }
        }
    }

    #[test]
    fn each_thread_comes_at_most_once_and_all_come_to_a_long_task() {
        let pool = ThreadPool::new(4);
        for _ in 0..20 {
            let counts: [AtomicUsize; 4] = Default::default();
            pool.run(&|k| {
                counts[k].fetch_add(1, Ordering::Relaxed);
                while counts.iter().any(|c| c.load(Ordering::Relaxed) == 0) {
                    std::thread::yield_now();
                }
            });
            assert_eq!(counts.map(AtomicUsize::into_inner), [1; 4]);
        }
    }

    #[test]
    fn sleeping_threads_wake() {
        let pool = ThreadPool::new(2);
        for _ in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(30));
            let came = AtomicUsize::new(0);
            pool.run(&|_| {
                came.fetch_add(1, Ordering::Relaxed);
                while came.load(Ordering::Relaxed) < 2 {
                    std::thread::yield_now();
                }
            });
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
        let pool = ThreadPool::new(2);
        for failing in 0..pool.count() {
            let came = AtomicUsize::new(0);
            let failed = catch_unwind(AssertUnwindSafe(|| {
                pool.run(&|k| {
                    came.fetch_add(1, Ordering::Relaxed);
                    while came.load(Ordering::Relaxed) < 2 {
                        std::thread::yield_now();
                    }
                    assert_ne!(k, failing, "this part fails");
                });
            }));
            assert!(failed.is_err());
        }
        assert_eq!(share(&pool), [1; 100]);
    }
}
