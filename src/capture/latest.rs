//! A one-slot mailbox in which the newest item wins.
//!
//! The writer swaps its item into the slot and gets an older one back to fill again; the reader
//! swaps its own used item for the newest. So three items go round, nothing is copied, nothing is
//! allocated and nothing ever queues.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What [`Latest::take`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakenItem {
    /// A new item was swapped in.
    Item,
    /// Nothing new came within the time.
    Timeout,
    /// The mailbox is closed and its last item was taken before.
    Closed,
}

/// A mailbox for one item of type `T`, shared between a writer and a reader.
#[derive(Debug)]
pub(crate) struct Latest<T> {
    slot: Mutex<Slot<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Slot<T> {
    item: T,
    fresh: bool,
    closed: bool,
    skipped: u64,
    /// The reader waits in [`Latest::take`], or its wait has timed out and it has not come back yet.
    wanted: bool,
    /// The writer waits in [`Latest::wait_wanted`].
    writer_waits: bool,
}

impl<T> Latest<T> {
    /// An empty mailbox. `spare` fills the slot until the first item comes; it is never taken,
    /// but handed to the writer at its first [`publish`](Latest::publish).
    pub(crate) fn new(spare: T) -> Self {
        Latest {
            slot: Mutex::new(Slot {
                item: spare,
                fresh: false,
                closed: false,
                skipped: 0,
                wanted: false,
                writer_waits: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Swaps `item` into the slot; what comes back is an older item (or the spare) to fill again.
    /// An item that nobody took is counted as skipped. After [`close`](Latest::close) nothing
    /// happens.
    pub(crate) fn publish(&self, item: &mut T) {
        let mut slot = self.lock();
        if slot.closed {
            return;
        }
        slot.skipped += u64::from(slot.fresh);
        slot.fresh = true;
        slot.wanted = false;
        std::mem::swap(&mut slot.item, item);
        drop(slot);
        self.changed.notify_all();
    }

    /// Waits at most `timeout` for an item newer than the last one taken and swaps it with `item`,
    /// which is left alone otherwise.
    pub(crate) fn take(&self, item: &mut T, timeout: Duration) -> TakenItem {
        let waiting = |slot: &mut Slot<T>| !slot.fresh && !slot.closed;
        let mut slot = self.lock();
        slot.wanted = !slot.fresh;
        if slot.wanted && slot.writer_waits {
            self.changed.notify_all();
        }
        let (mut slot, _) = self
            .changed
            .wait_timeout_while(slot, timeout, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        if slot.fresh {
            slot.fresh = false;
            std::mem::swap(&mut slot.item, item);
            TakenItem::Item
        } else if slot.closed {
            TakenItem::Closed
        } else {
            TakenItem::Timeout
        }
    }

    /// Waits at most `timeout` until the reader wants an item and none is there, for a writer that
    /// makes items on demand; whether it does.
    pub(crate) fn wait_wanted(&self, timeout: Duration) -> bool {
        let mut slot = self.lock();
        slot.writer_waits = true;
        let unwanted = |slot: &mut Slot<T>| !slot.wanted && !slot.closed;
        let (mut slot, _) = self
            .changed
            .wait_timeout_while(slot, timeout, unwanted)
            .unwrap_or_else(PoisonError::into_inner);
        slot.writer_waits = false;
        slot.wanted
    }

    /// Says that no more items come: the reader still gets an item that it has not taken, then
    /// [`TakenItem::Closed`].
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// How many items were overwritten before they were taken.
    pub(crate) fn skipped(&self) -> u64 {
        self.lock().skipped
    }

    /// The slot. Nothing panics while it is held, so a poisoned lock cannot be seen half changed.
    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    #[test]
    fn last_item_comes_before_closed() {
        let latest = Latest::new(0);
        latest.publish(&mut 7);
        latest.close();
        latest.publish(&mut 8);
        let mut item = 0;
        assert_eq!(latest.take(&mut item, Duration::ZERO), TakenItem::Item);
        assert_eq!(item, 7);
        assert_eq!(
            latest.take(&mut item, Duration::from_secs(3600)),
            TakenItem::Closed
        );
        assert_eq!((item, latest.skipped()), (7, 0));
    }

    #[test]
    fn close_wakes_a_waiting_reader() {
        let latest = Arc::new(Latest::new(0));
        let reader = {
            let latest = latest.clone();
            std::thread::spawn(move || latest.take(&mut 0, Duration::from_secs(3600)))
        };
        latest.close();
        assert_eq!(reader.join().unwrap(), TakenItem::Closed);
    }

    #[test]
    fn items_on_demand_are_never_skipped() {
        let latest = Arc::new(Latest::new(0));
        assert!(!latest.wait_wanted(Duration::ZERO), "nobody asked yet");
        let writer = {
            let latest = latest.clone();
            std::thread::spawn(move || {
                for i in 1..=2000 {
                    while !latest.wait_wanted(Duration::from_secs(3600)) {}
                    latest.publish(&mut i.clone());
                }
            })
        };
        let mut item = 0;
        for i in 1..=2000 {
            // Short waits: the reader often comes back for the same item.
            while latest.take(&mut item, Duration::from_micros(20)) != TakenItem::Item {}
            assert_eq!(item, i);
        }
        writer.join().unwrap();
        assert_eq!(latest.skipped(), 0);
    }

    #[test]
    fn buffers_go_round_without_copies() {
        let buffers: Vec<Vec<u8>> = (0..3u8).map(|i| vec![i; 8]).collect();
        let mut addresses: Vec<_> = buffers.iter().map(|b| b.as_ptr()).collect();
        let mut buffers = buffers.into_iter();
        let mut next = || buffers.next().unwrap();
        let (latest, mut written, mut read) = (Latest::new(next()), next(), next());
        for i in 0..100u32 {
            latest.publish(&mut written);
            if i % 3 != 0 {
                assert_eq!(latest.take(&mut read, Duration::ZERO), TakenItem::Item);
            }
        }
        latest.publish(&mut written);
        let mut last = Vec::new();
        latest.take(&mut last, Duration::ZERO);
        let mut now = vec![written.as_ptr(), read.as_ptr(), last.as_ptr()];
        now.sort();
        addresses.sort();
        assert_eq!(now, addresses);
    }

    /// Two threads as fast as they can: the reader sees rising numbers and the last one, and what
    /// it did not see is exactly what was counted as skipped.
    #[test]
    fn nothing_is_lost_uncounted() {
        const ITEMS: u64 = 20_000;
        let latest = Arc::new(Latest::new(0u64));
        let writer = {
            let latest = latest.clone();
            std::thread::spawn(move || {
                for i in 1..=ITEMS {
                    latest.publish(&mut i.clone());
                }
                latest.close();
            })
        };
        let (mut item, mut before, mut seen) = (0, 0, 0);
        while latest.take(&mut item, Duration::from_secs(3600)) == TakenItem::Item {
            assert!(item > before, "{item} after {before}");
            before = item;
            seen += 1;
        }
        writer.join().unwrap();
        assert_eq!(before, ITEMS);
        assert_eq!(seen + latest.skipped(), ITEMS);
    }

    proptest! {
        /// Any order of calls against a model: an optional newest item and a count.
        #[test]
        fn agrees_with_a_model(steps in prop::collection::vec(any::<bool>(), 0..200)) {
            let latest = Latest::new(usize::MAX);
            let (mut newest, mut skipped) = (None, 0);
            for (i, publishes) in steps.into_iter().enumerate() {
                if publishes {
                    skipped += u64::from(newest.replace(i).is_some());
                    latest.publish(&mut i.clone());
                } else {
                    let mut item = usize::MAX;
                    let taken = latest.take(&mut item, Duration::ZERO);
                    prop_assert_eq!(taken == TakenItem::Item, newest.is_some());
                    prop_assert_eq!(item, newest.take().unwrap_or(usize::MAX));
                }
                prop_assert_eq!(latest.skipped(), skipped);
            }
        }
    }
}
