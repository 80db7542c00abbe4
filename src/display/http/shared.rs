//! What the pipeline and the server's thread share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::{UserEvent, jpeg};
use crate::host::http::PictureFeed;
use crate::picture::Picture;

/// Clients that get pictures at one time.
pub(super) const MAX_VIEWERS: usize = 8;
/// Buttons that were pressed and not looked at yet; more are a mistake or worse.
const MAX_EVENTS: usize = 16;

/// The newest picture, who looks, and what they ask for.
#[derive(Default)]
pub(super) struct StreamShared {
    viewers: AtomicUsize,
    newest: Mutex<NumberedPicture>,
    compressed: Mutex<Compressed>,
    events: Mutex<VecDeque<UserEvent>>,
}

/// A picture and its number; 0 is none yet.
#[derive(Default)]
struct NumberedPicture {
    picture: Picture,
    number: u64,
}

/// The last picture that was compressed.
#[derive(Default)]
struct Compressed {
    number: u64,
    jpeg: Arc<Vec<u8>>,
    /// Buffers, to use again.
    taken: Picture,
    rgb: Vec<u8>,
}

impl StreamShared {
    /// Takes a copy of the picture where somebody looks, and says so.
    pub(super) fn put(&self, picture: &Picture) -> bool {
        if self.viewers.load(Ordering::Relaxed) == 0 || picture.pixels.is_empty() {
            return false;
        }
        let mut newest = lock(&self.newest);
        newest.picture.copy_from(picture);
        newest.number += 1;
        true
    }

    /// One more client; `None` where there are enough.
    pub(super) fn viewer(self: &Arc<StreamShared>) -> Option<Viewer> {
        let viewer = Viewer {
            shared: Arc::clone(self),
            // Pictures from before somebody looked may be old.
            seen: lock(&self.newest).number,
        };
        // The guard takes back what it counts, also here.
        match self.viewers.fetch_add(1, Ordering::Relaxed) < MAX_VIEWERS {
            true => Some(viewer),
            false => None,
        }
    }

    pub(super) fn press(&self, event: UserEvent) {
        let mut events = lock(&self.events);
        if events.len() < MAX_EVENTS {
            events.push_back(event);
        }
    }

    pub(super) fn next_event(&self) -> Option<UserEvent> {
        lock(&self.events).pop_front()
    }

    /// The newest picture as JPEG, if its number is above `seen`. Compressed once for all clients,
    /// while the pipeline may put the next one.
    fn newer(&self, seen: u64) -> Option<(u64, Arc<Vec<u8>>)> {
        let mut compressed = lock(&self.compressed);
        let number = {
            let mut newest = lock(&self.newest);
            if newest.number > compressed.number {
                std::mem::swap(&mut newest.picture, &mut compressed.taken);
            }
            newest.number
        };
        if number > compressed.number {
            compressed.number = number;
            compressed.compress();
        }
        (number > seen).then(|| (number, Arc::clone(&compressed.jpeg)))
    }
}

impl Compressed {
    fn compress(&mut self) {
        let Compressed {
            jpeg: newest,
            taken,
            rgb,
            ..
        } = self;
        let mut bytes = Vec::with_capacity(newest.len() + newest.len() / 4);
        match jpeg::compress(taken, rgb, &mut bytes) {
            Ok(()) => *newest = Arc::new(bytes),
            Err(error) => log::debug!("{error}"),
        }
    }
}

/// A client's view of the pictures.
pub(super) struct Viewer {
    shared: Arc<StreamShared>,
    seen: u64,
}

impl PictureFeed for Viewer {
    fn newer(&mut self) -> Option<Arc<Vec<u8>>> {
        let (number, jpeg) = self.shared.newer(self.seen)?;
        self.seen = number;
        Some(jpeg)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.shared.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The value; nothing panics while one of these locks is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
