//! How often the detector searches.
//!
//! As fast as it can, but where nobody has been there for a minute and nothing moves: then a few
//! times a second, so that an empty room costs little.

use std::time::Duration;

use face8x_core::frame::Frame;

/// A room where nobody was seen and nothing moved for so long is empty.
const EMPTY_AFTER: Duration = Duration::from_secs(60);
/// Time between two searches of an empty room.
const INTERVAL: Duration = Duration::from_millis(400);
/// Time between the two frames that are compared.
const COMPARED_AFTER: Duration = Duration::from_millis(500);
/// Bytes of a frame that are compared.
const SAMPLES: usize = 4096;
/// A byte has changed when it differs by this many levels, and by so many times the mean difference,
/// which is the camera's noise.
const LEVELS: u64 = 8;
const TIMES_NOISE: u64 = 8;
/// Something moves where more bytes than this have changed: one in 500, as by a person who is about 30
/// pixels tall in 640x480.
const CHANGED: usize = 8;

/// When to search.
#[derive(Debug, Default)]
pub(super) struct SearchPace {
    /// When somebody was there, or something moved.
    lively: Duration,
    /// When the last search was due.
    searched: Duration,
    /// Samples of an earlier frame, and when it was taken.
    samples: Vec<u8>,
    sampled: Duration,
}

impl SearchPace {
    /// Whether a search of `frame` is due. `anybody` says whether a face is followed.
    pub(super) fn is_due(&mut self, frame: &Frame, anybody: bool) -> bool {
        let now = frame.timestamp;
        // A clock that goes back begins anew.
        if anybody || self.moves(frame) || now < self.searched {
            self.lively = now;
        }
        let empty = now.saturating_sub(self.lively) >= EMPTY_AFTER;
        if empty && now < self.searched + INTERVAL {
            return false;
        }
        self.searched = now;
        true
    }

    /// Whether something moved since the frame that was sampled last; a frame of another length did.
    fn moves(&mut self, frame: &Frame) -> bool {
        let bytes = &frame.bytes;
        let now = frame.timestamp;
        let fresh = self.sampled <= now && now < self.sampled + COMPARED_AFTER;
        if fresh && !self.samples.is_empty() {
            return false;
        }
        // An odd step, so that samples do not all lie in one column, or in one channel.
        let step = (bytes.len() / SAMPLES) | 1;
        let present = bytes.iter().step_by(step).copied();
        let pairs = present.clone().zip(&self.samples);
        let apart = pairs.map(|(a, &b)| u64::from(a.abs_diff(b)));
        let (sum, count) = apart.clone().fold((0, 0), |(sum, n), d| (sum + d, n + 1));
        let least = LEVELS + TIMES_NOISE * sum / u64::max(count, 1);
        let changed = apart.filter(|&apart| apart > least).count();
        let other = self.samples.len() != bytes.len().div_ceil(step);
        self.samples.clear();
        self.samples.extend(present);
        self.sampled = now;
        other || changed > CHANGED
    }
}

#[cfg(test)]
mod tests {
    use face8x_core::frame::PixelFormat;

    use super::*;

    const FRAME: Duration = Duration::from_millis(40);

    /// A grey frame with a camera's noise, and a square at column `x`.
    fn frame(number: u32, x: usize) -> Frame {
        let noise = |k: usize| ((k as u32 ^ number).wrapping_mul(0x9E37_79B9) >> 29) as u8;
        let level =
            |k: usize| match (k % 640).wrapping_sub(x) < 20 && (200..240).contains(&(k / 640)) {
                true => 200,
                false => 100,
            };
        Frame {
            format: PixelFormat::Grey,
            width: 640,
            height: 480,
            stride: 640,
            timestamp: FRAME * number,
            bytes: (0..640 * 480).map(|k| level(k) + noise(k)).collect(),
            ..Frame::empty()
        }
    }

    /// How many of the frames are searched.
    fn searches(pace: &mut SearchPace, frames: impl Iterator<Item = (Frame, bool)>) -> usize {
        frames
            .filter(|(frame, anybody)| pace.is_due(frame, *anybody))
            .count()
    }

    #[test]
    fn an_empty_room_is_searched_a_few_times_a_second() {
        let mut pace = SearchPace::default();
        let still = |range: std::ops::Range<u32>| range.map(|k| (frame(k, 10), false));
        assert_eq!(searches(&mut pace, still(0..25)), 25);
        // A minute later.
        let later = 60 * 25 + 25;
        assert_eq!(searches(&mut pace, still(later..later + 25)), 3);
        let moving = |k: u32| (frame(k, 10 + 2 * k as usize % 600), false);
        let walks = (later + 25..later + 50).map(moving);
        assert!(searches(&mut pace, walks) > 10);
        let back = still(0..3);
        assert_eq!(searches(&mut pace, back), 3);
    }

    #[test]
    fn with_somebody_there_every_frame_is_searched() {
        let mut pace = SearchPace::default();
        let frames = (0..4).map(|k| (frame(5000 * k, 10), true));
        assert_eq!(searches(&mut pace, frames), 4);
    }
}
