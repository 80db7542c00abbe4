//! A few threads that wait for parts of one task: they spin for a moment, then sleep.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Most threads: beyond it the rows of the small layers are fewer than the threads.
pub const MAX_THREADS: usize = 16;

/// Turns of a spinning thread before it sleeps; some ten microseconds.
const SPINS: u32 = 4000;

/// How many of `wanted` threads make sense here: no more than the processor runs at once.
pub fn usable_threads(wanted: usize) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    wanted.min(processors).clamp(1, MAX_THREADS)
}

type Task = &'static (dyn Fn(usize) + Sync);

struct State {
    task: Option<Task>,
    sleeping: usize,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// Counts the tasks; written under the lock.
    turn: AtomicUsize,
    /// Workers that have not finished the task.
    busy: AtomicUsize,
    failed: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the turn is no more `seen`; gives the task, or `None` at the end.
    fn next(&self, seen: usize) -> Option<Task> {
        for _ in 0..SPINS {
            if self.turn.load(Ordering::Acquire) != seen {
                return self.lock().task;
            }
            std::hint::spin_loop();
        }
        let mut state = self.lock();
        while self.turn.load(Ordering::Acquire) == seen {
            state.sleeping += 1;
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.sleeping -= 1;
        }
        state.task
    }

    fn start(&self, task: Option<Task>) {
        let mut state = self.lock();
        state.task = task;
        self.turn.fetch_add(1, Ordering::Release);
        if state.sleeping > 0 {
            self.wake.notify_all();
        }
    }
}

/// The calling thread and its workers.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool of `threads` threads, 1 to [`MAX_THREADS`], the caller's among them; fewer where
    /// the system starts no more.
    pub fn new(threads: usize) -> Pool {
        let threads = threads.clamp(1, MAX_THREADS);
        let state = State {
            task: None,
            sleeping: 0,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            wake: Condvar::new(),
            turn: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
        });
        let mut workers = Vec::new();
        for number in 1..threads {
            let shared = Arc::clone(&shared);
            let named = std::thread::Builder::new().name(format!("restore-{number}"));
            match named.spawn(move || work(&shared, number)) {
                Ok(worker) => workers.push(worker),
                Err(error) => {
                    log::warn!("the restorer gets {number} threads, not {threads}: {error}");
                    break;
                }
            }
        }
        Pool { shared, workers }
    }

    /// Threads that run a task.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `task(k)` for each k below [`Pool::threads`], each on a thread of its own, and waits
    /// for all of them.
    ///
    /// # Panics
    /// Where one of them did.
    pub fn run(&self, task: &(dyn Fn(usize) + Sync)) {
        if self.workers.is_empty() {
            return task(0);
        }
        // SAFETY: only the lifetime changes. `Wait` keeps this function from being left, also by
        // a panic, before every worker has finished the task and counted itself out; a worker
        // does not touch the task afterwards, and takes no other without a new turn.
        let lasting = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Task>(task) };
        self.shared
            .busy
            .store(self.workers.len(), Ordering::Relaxed);
        self.shared.start(Some(lasting));
        let wait = Wait(&self.shared);
        task(0);
        drop(wait);
        assert!(
            !self.shared.failed.swap(false, Ordering::Relaxed),
            "a restorer's thread failed"
        );
    }
}

/// Waits, when dropped, until no worker is busy.
struct Wait<'a>(&'a Shared);

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut spins = 0;
        while self.0.busy.load(Ordering::Acquire) > 0 {
            spins += 1;
            // With fewer processors than threads the workers need this one.
            if spins > SPINS {
                std::thread::yield_now()
            } else {
                std::hint::spin_loop()
            }
        }
    }
}

fn work(shared: &Shared, number: usize) {
    let mut seen = 0;
    while let Some(task) = shared.next(seen) {
        seen += 1;
        if catch_unwind(AssertUnwindSafe(|| task(number))).is_err() {
            shared.failed.store(true, Ordering::Relaxed);
        }
        shared.busy.fetch_sub(1, Ordering::Release);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.start(None);
        for worker in self.workers.drain(..) {
            // A worker catches its panics.
            let _ = worker.join();
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({} threads)", self.threads())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_runs_once_a_task() {
        let pool = Pool::new(MAX_THREADS);
        let counts: [AtomicUsize; MAX_THREADS] = Default::default();
        for _ in 0..1000 {
            pool.run(&|k| {
                counts[k].fetch_add(1, Ordering::Relaxed);
            });
        }
        let counts = counts.map(AtomicUsize::into_inner);
        assert!(
            counts[..pool.threads()].iter().all(|&count| count == 1000),
            "{counts:?}"
        );
        assert!(
            counts[pool.threads()..].iter().all(|&count| count == 0),
            "{counts:?}"
        );
    }

    #[test]
    fn sleeping_threads_wake() {
        let pool = Pool::new(2);
        for _ in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(30));
            let count = AtomicUsize::new(0);
            pool.run(&|_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(count.into_inner(), pool.threads());
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
        let pool = Pool::new(2);
        for failing in 0..pool.threads() {
            let failed = catch_unwind(AssertUnwindSafe(|| {
                pool.run(&|k| assert_ne!(k, failing, "this part fails"));
            }));
            assert!(failed.is_err());
        }
        pool.run(&|_| {});
    }
}
