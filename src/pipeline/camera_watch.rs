//! Whether the camera shows anything: a picture that is black, covered or always the same is that of a
//! camera which nobody looks after.

use std::time::Duration;

use crate::Result;
use crate::host::status::CameraFault;
use face8x_core::convert::Converter;
use face8x_core::downscaled::Downscaled;
use face8x_core::frame::Frame;

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long it must be so before it is said: a hand passes, and a light is switched on.
const SURE_AFTER: Duration = Duration::from_secs(10);
/// The same for a picture that does not change.
const STILL_AFTER: Duration = Duration::from_secs(60);
/// How long until it is said again.
const AGAIN_AFTER: Duration = Duration::from_secs(3600);
/// The luma that a look compares: blocks of the camera's pixels.
const LOOK: (u32, u32) = (64, 48);
/// Black is at most this luma (16 is video's black), in all but one block of fifty.
const BLACK: u8 = 32;
/// A covered lens gives no more than these levels between the 2nd and the 98th percentile.
const COVERED: u8 = 10;

/// Looks at the camera's picture now and then.
pub(super) struct CameraWatch {
    converter: Converter,
    luma: Downscaled,
    before: Vec<u8>,
    sorted: Vec<u8>,
    looked: Option<Duration>,
    verdict: Verdict,
}

/// What was seen for how long, and what was said of it.
#[derive(Debug, Default)]
struct Verdict {
    /// What the looks show, and since when.
    seen: Option<(CameraFault, Duration)>,
    /// What was said, and when.
    said: Option<(CameraFault, Duration)>,
}

/// What is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    Bad(CameraFault),
    Fine,
}

impl CameraWatch {
    /// One that has seen nothing.
    pub(super) fn new() -> CameraWatch {
        CameraWatch {
            converter: Converter::new(),
            luma: Downscaled::default(),
            before: Vec::new(),
            sorted: Vec::new(),
            looked: None,
            verdict: Verdict::default(),
        }
    }

    /// What is wrong with the picture, if it was for a while.
    pub(super) fn fault(&self) -> Option<CameraFault> {
        self.verdict.said.map(|(fault, _)| fault)
    }

    /// Looks at a frame (raw, not MJPG), once a second, and logs what is new.
    ///
    /// # Errors
    /// The frame is shorter than its size says.
    pub(super) fn look(&mut self, frame: &Frame) -> Result<()> {
        let now = frame.timestamp;
        let is_due = |looked| now < looked || now >= looked + LOOK_EVERY;
        if !self.looked.is_none_or(is_due) {
            return Ok(());
        }
        self.looked = Some(now);
        self.converter
            .downscale_luma(frame, LOOK.0, LOOK.1, &mut self.luma)?;
        let fault = self.fault_of_look();
        self.before.clone_from(&self.luma.bytes);
        match self.verdict.news(now, fault) {
            Some(News::Bad(fault)) => log::warn!("the camera's picture {}", fault.text()),
            Some(News::Fine) => log::info!("the camera's picture is fine again"),
            None => {}
        }
        Ok(())
    }

    /// What this look shows.
    fn fault_of_look(&mut self) -> Option<CameraFault> {
        self.sorted.clone_from(&self.luma.bytes);
        self.sorted.sort_unstable();
        let last = self.sorted.len().checked_sub(1)?;
        let (low, high) = (self.sorted[last / 50], self.sorted[last - last / 50]);
        match () {
            () if high <= BLACK => Some(CameraFault::Dark),
            () if high - low <= COVERED => Some(CameraFault::Covered),
            // Noise alone changes some block.
            () if self.before == self.luma.bytes => Some(CameraFault::Still),
            () => None,
        }
    }
}

impl Verdict {
    /// Takes the look of the time `now`.
    fn news(&mut self, now: Duration, fault: Option<CameraFault>) -> Option<News> {
        let Some(fault) = fault else {
            self.seen = None;
            return self.said.take().map(|_| News::Fine);
        };
        let since = match self.seen {
            // A clock that goes back begins anew.
            Some((seen, since)) if seen == fault && since <= now => since,
            _ => now,
        };
        self.seen = Some((fault, since));
        let sure_after = match fault {
            CameraFault::Still => STILL_AFTER,
            CameraFault::Dark | CameraFault::Covered => SURE_AFTER,
        };
        let is_news = match self.said {
            Some((said, when)) => said != fault || now >= when + AGAIN_AFTER,
            None => true,
        };
        if !is_news || now < since + sure_after {
            return None;
        }
        self.said = Some((fault, now));
        Some(News::Bad(fault))
    }
}

#[cfg(test)]
mod tests {
    use face8x_core::frame::PixelFormat;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A grey frame of the second `at`, from a pixel's column and row.
    fn frame(at: u32, level: impl Fn(u32, u32) -> u8) -> Frame {
        let pixels = (0..480).flat_map(|y| (0..640).map(move |x| (x, y)));
        Frame {
            format: PixelFormat::Grey,
            width: 640,
            height: 480,
            stride: 640,
            timestamp: SECOND * at,
            bytes: pixels.map(|(x, y)| level(x, y)).collect(),
            ..Frame::empty()
        }
    }

    fn noise(x: u32, y: u32, at: u32) -> u8 {
        let mixed = (x + 640 * y + 307_200 * at).wrapping_mul(0x9E37_79B9);
        ((mixed ^ mixed >> 15).wrapping_mul(0x85EB_CA6B) >> 28) as u8
    }

    #[test]
    fn looks_tell_dark_covered_and_still_pictures() {
        let mut watch = CameraWatch::new();
        let mut look = |at, level: &dyn Fn(u32, u32) -> u8| {
            watch.looked = None;
            watch.look(&frame(at, level)).unwrap();
            let fault = watch.verdict.seen.map(|(fault, _)| fault);
            watch.verdict = Verdict::default();
            fault
        };
        let room = |x: u32, y: u32| 40 + (x / 8 + y / 8) as u8;
        assert_eq!(
            look(1, &|x, y| 16 + noise(x, y, 1)),
            Some(CameraFault::Dark)
        );
        assert_eq!(
            look(2, &|x, y| 90 + noise(x, y, 2)),
            Some(CameraFault::Covered)
        );
        // A lamp in the dark.
        let lamp = |x: u32, y: u32| if x < 100 && y < 100 { 250 } else { 18 };
        assert_eq!(look(3, &lamp), None);
        assert_eq!(look(4, &|x, y| room(x, y) + noise(x, y, 4)), None);
        assert_eq!(look(5, &|x, y| room(x, y) + noise(x, y, 5)), None);
        assert_eq!(look(6, &room), None);
        assert_eq!(look(7, &room), Some(CameraFault::Still));
    }

    #[test]
    fn it_is_said_once_again_after_an_hour_and_when_it_is_over() {
        let mut verdict = Verdict::default();
        let mut news = Vec::new();
        let mut see = |seconds: std::ops::Range<u32>, fault| {
            for at in seconds {
                news.extend(verdict.news(SECOND * at, fault).map(|news| (at, news)));
            }
        };
        use CameraFault::{Dark, Still};
        see(0..9, Some(Dark));
        see(9..20, None);
        see(20..4000, Some(Dark));
        see(4000..4005, None);
        see(4005..4100, Some(Still));
        // The clock goes back.
        see(100..105, Some(Still));
        let expected = [
            (30, News::Bad(Dark)),
            (3630, News::Bad(Dark)),
            (4000, News::Fine),
            (4065, News::Bad(Still)),
        ];
        assert_eq!(news, expected);
    }
}
