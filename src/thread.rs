//! Threads that end with their owner.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// A thread that is asked to stop when this is dropped. The drop waits until the thread has ended, but
/// not longer than a timeout: then the thread is left behind, and ends with the process.
pub(crate) struct StoppableThread {
    name: &'static str,
    stop: Arc<AtomicBool>,
    handle: Option<JoinHandle<()>>,
    /// Closed when the thread has ended, also by a panic.
    ended: Receiver<()>,
    timeout: Duration,
}

impl StoppableThread {
    /// Starts `work`. It returns soon after the flag that it gets is set; where it waits meanwhile,
    /// it parks: [`wake`](StoppableThread::wake) and the stop unpark it.
    ///
    /// # Errors
    /// The system refuses another thread.
    pub(crate) fn spawn(
        name: &'static str,
        timeout: Duration,
        work: impl FnOnce(&AtomicBool) + Send + 'static,
    ) -> io::Result<StoppableThread> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let (end, ended) = channel();
        let handle = Builder::new().name(name.into()).spawn(move || {
            let _end = end;
            work(&flag);
        })?;
        Ok(StoppableThread {
            name,
            stop,
            handle: Some(handle),
            ended,
            timeout,
        })
    }

    /// Lets the thread go on where it is parked.
    pub(crate) fn wake(&self) {
        if let Some(handle) = &self.handle {
            handle.thread().unpark();
        }
    }
}

impl Drop for StoppableThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
        if self.ended.recv_timeout(self.timeout) == Err(RecvTimeoutError::Timeout) {
            log::warn!("the {} thread does not stop: it is left behind", self.name);
        } else if let Some(handle) = self.handle.take() {
            // It has ended; a panic has printed its message already.
            let _ = handle.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::thread::park;
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_parked_thread_is_woken_and_has_ended_after_the_drop() {
        let rounds = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&rounds);
        let thread = StoppableThread::spawn("test", LONG, move |stop| {
            while !stop.load(Ordering::Acquire) {
                counted.fetch_add(1, Ordering::Relaxed);
                park();
            }
        });
        let thread = thread.unwrap();
        let start = Instant::now();
        while rounds.load(Ordering::Relaxed) < 3 {
            assert!(start.elapsed() < LONG, "it is not woken");
            thread.wake();
        }
        drop(thread);
        assert_eq!(Arc::strong_count(&rounds), 1, "the thread still runs");
    }

    #[test]
    fn a_thread_that_does_not_stop_is_left_behind() {
        let (release, wait) = channel::<()>();
        let thread = StoppableThread::spawn("test", Duration::from_millis(10), move |_| {
            let _ = wait.recv();
        });
        drop(thread.unwrap());
        // It still waits for this.
        release.send(()).unwrap();
    }

    #[test]
    fn a_thread_that_panicked_is_no_reason_to_wait() {
        let start = Instant::now();
        let thread = StoppableThread::spawn("test", LONG, |_| panic!("on purpose"));
        drop(thread.unwrap());
        assert!(start.elapsed() < LONG);
    }
}
