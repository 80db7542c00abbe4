//! The parts of a pipeline, each wrapped so that it fails now and then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use face8x::internals::capture::{ReadError, Source};
use face8x::internals::display::{Audience, Sink, UserEvent};
use face8x::internals::picture::Picture;
use face8x_core::detect::Detector;
use face8x_core::face::Detection;
use face8x_core::frame::{Frame, PixelFormat, monotonic_now};
use face8x_core::{Error, ErrorKind, Result};

use crate::faults::{FaultKind, InjectedFault, SplitMix64};
use crate::injector::{Injector, device_error, no_memory};
use crate::jpeg;

/// A hung camera is opened again after this: the two seconds of a real one would take too long here.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often each frame of the source is repeated, so that at full speed the scene moves no faster
/// than a face does: searches and the tracker have their usual work.
const REPEATS: u64 = 30;
/// Frames that must be handled while a search stalls, and the longest wait for them.
const STALLED_FRAMES: u64 = 10;
const MAX_STALL: Duration = Duration::from_secs(20);
/// Frames with shifted timestamps after a clock jump.
const JUMPED_FRAMES: u64 = 20;
/// How far clocks jump, in seconds: back, ahead, and to the time 0.
const JUMPS: [i64; 5] = [-30, -7200, i64::MIN, 30, 7200];

/// A source with faults.
pub(crate) struct FaultySource {
    inner: Box<dyn Source>,
    injector: Arc<Injector>,
    /// The last frame of `inner`.
    last: Frame,
    sequence: u64,
    hung: bool,
    /// The last frame was a damaged one: it must be processed, not skipped.
    alone: bool,
    /// By how many seconds the clock is off, for how many more frames.
    jump: (i64, u64),
}

impl FaultySource {
    /// `inner` with the faults of `injector`.
    pub(crate) fn new(inner: Box<dyn Source>, injector: Arc<Injector>) -> FaultySource {
        FaultySource {
            inner,
            injector,
            last: Frame::empty(),
            sequence: 0,
            hung: false,
            alone: false,
            jump: (0, 0),
        }
    }

    /// The next frame, undamaged.
    fn whole(
        &mut self,
        frame: &mut Frame,
        timeout: Duration,
    ) -> std::result::Result<(), ReadError> {
        if self.sequence.is_multiple_of(REPEATS) {
            self.inner.read(&mut self.last, timeout)?;
        }
        let mut bytes = std::mem::take(&mut frame.bytes);
        bytes.clone_from(&self.last.bytes);
        *frame = Frame {
            timestamp: monotonic_now(),
            sequence: self.sequence,
            bytes,
            ..self.last
        };
        self.sequence += 1;
        Ok(())
    }

    /// Reads a frame and damages it as `fault` says.
    fn damage(
        &mut self,
        frame: &mut Frame,
        fault: InjectedFault,
        timeout: Duration,
    ) -> std::result::Result<(), ReadError> {
        self.whole(frame, timeout)?;
        let mut random = SplitMix64::new(fault.severity);
        if fault.kind == FaultKind::DamagedJpeg {
            jpeg::damaged(&mut random, &mut frame.bytes);
            (frame.format, frame.stride) = (PixelFormat::Mjpg, 0);
        } else {
            let length = random.below(frame.bytes.len().max(1) as u64);
            frame.bytes.truncate(length as usize);
        }
        Ok(())
    }
}

impl Source for FaultySource {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> std::result::Result<(), ReadError> {
        if self.hung {
            std::thread::sleep(timeout);
            return Err(ReadError::Timeout);
        }
        if !self.injector.wait_for_room(self.alone, timeout) {
            return Err(ReadError::Timeout);
        }
        self.alone = false;
        let fault = self.injector.take(&[
            FaultKind::CameraLost,
            FaultKind::CameraHung,
            FaultKind::LowMemory,
            FaultKind::DamagedJpeg,
            FaultKind::ShortFrame,
            FaultKind::ClockJump,
        ]);
        match fault.map(|fault| (fault.kind, fault)) {
            None => self.whole(frame, timeout)?,
            Some((FaultKind::CameraLost, _)) => {
                return Err(ReadError::Lost(device_error("unplugged")));
            }
            Some((FaultKind::LowMemory, _)) => return Err(ReadError::Lost(no_memory())),
            Some((FaultKind::CameraHung, _)) => {
                self.hung = true;
                return Err(ReadError::Timeout);
            }
            Some((FaultKind::ShortFrame, fault)) if fault.severity % 4 == 0 => {
                return Err(ReadError::Corrupt("half a frame (injected)".into()));
            }
            Some((FaultKind::ClockJump, fault)) => {
                let jump = JUMPS[(fault.severity % JUMPS.len() as u64) as usize];
                self.jump = (jump, JUMPED_FRAMES);
                self.whole(frame, timeout)?;
            }
            Some((_, fault)) => {
                self.alone = true;
                self.damage(frame, fault, timeout)?;
            }
        }
        if self.jump.1 > 0 {
            self.jump.1 -= 1;
            let by = Duration::from_secs(self.jump.0.unsigned_abs());
            frame.timestamp = match self.jump.0 < 0 {
                true => frame.timestamp.saturating_sub(by),
                false => frame.timestamp + by,
            };
        }
        self.injector.delivered();
        Ok(())
    }

    fn stall_timeout(&self) -> Option<Duration> {
        self.inner.stall_timeout().map(|limit| limit.min(PATIENCE))
    }
}

/// A detector with faults.
pub(crate) struct FaultyDetector {
    inner: Box<dyn Detector>,
    injector: Arc<Injector>,
}

impl FaultyDetector {
    /// `inner` with the faults of `injector`.
    pub(crate) fn new(inner: Box<dyn Detector>, injector: Arc<Injector>) -> FaultyDetector {
        FaultyDetector { inner, injector }
    }

    /// Takes half a second to one and a half, and on a busy machine until some frames were handled
    /// meanwhile: they must be.
    fn stall(&self, fault: InjectedFault) {
        let least = Duration::from_millis(500 + fault.severity % 1000);
        let (start, before) = (Instant::now(), self.injector.handled());
        while start.elapsed() < MAX_STALL {
            std::thread::sleep(Duration::from_millis(10));
            let goes_on = self.injector.handled() >= before + STALLED_FRAMES;
            if goes_on && start.elapsed() >= least {
                self.injector.stalled();
                return;
            }
        }
    }
}

impl Detector for FaultyDetector {
    fn name(&self) -> String {
        self.inner.name()
    }

    /// One that needs no pixels gets them nevertheless, so that it has a thread to stall.
    fn needs_pixels(&self) -> bool {
        true
    }

    fn detect(&mut self, picture: &Frame, found: &mut Vec<Detection>) -> Result<()> {
        let kinds = [FaultKind::DetectorStalled, FaultKind::DetectorFailed];
        match self.injector.take(&kinds) {
            Some(fault) if fault.kind == FaultKind::DetectorStalled => self.stall(fault),
            Some(fault) if fault.severity % 2 == 0 => {
                std::panic::panic_any("a detector that panics (injected)");
            }
            Some(_) => {
                return Err(Error::new(
                    ErrorKind::Engine,
                    "the search failed (injected)",
                ));
            }
            None => {}
        }
        self.inner.detect(picture, found)?;
        self.injector.searched();
        Ok(())
    }
}

/// A sink with faults.
pub(crate) struct FaultySink {
    inner: Box<dyn Sink>,
    injector: Arc<Injector>,
}

impl FaultySink {
    /// `inner` with the faults of `injector`.
    pub(crate) fn new(inner: Box<dyn Sink>, injector: Arc<Injector>) -> FaultySink {
        FaultySink { inner, injector }
    }
}

impl Sink for FaultySink {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn size(&self) -> Option<(u32, u32)> {
        self.inner.size()
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        match self.injector.take(&[FaultKind::DisplayLost]) {
            Some(_) => Err(device_error("unplugged")),
            None => self.inner.present(picture),
        }
    }

    fn audience(&self) -> Audience {
        self.inner.audience()
    }

    fn poll_event(&mut self) -> Option<UserEvent> {
        self.inner.poll_event()
    }
}
