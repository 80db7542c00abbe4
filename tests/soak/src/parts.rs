//! The parts of a pipeline, each with a fault now and then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::jpeg;
use super::plan::{Kind, Planned, Random};
use super::script::{Script, no_memory};
use face8x::capture::{ReadError, Source};
use face8x::display::{Event, Kind as SinkKind, Sink};
use face8x::picture::Picture;
use face8x_core::detect::{Detector, DetectorInput};
use face8x_core::downscaled::Downscaled;
use face8x_core::face::Detection;
use face8x_core::frame::{Frame, PixelFormat, monotonic_now};
use face8x_core::track::TRACK_SIZE;
use face8x_core::{Error, Result};

/// A hung camera is opened again after this: a soak has no time for the two seconds of a real one.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often each frame of the source is given, so that at full speed the scene moves no faster than
/// a face does: searches and the tracker have their usual work.
const HOLD: u64 = 30;
/// Frames that must be handled while a search stalls, and the longest that is waited for them.
const STALLED_FRAMES: u64 = 10;
const MOST_STALL: Duration = Duration::from_secs(20);
/// Frames of a clock that has jumped.
const JUMPED_FRAMES: u64 = 20;
/// How far clocks jump, in seconds: behind, ahead, and to the time 0.
const JUMPS: [i64; 5] = [-30, -7200, i64::MIN, 30, 7200];

/// A source with faults.
pub struct FaultySource {
    inner: Box<dyn Source>,
    script: Arc<Script>,
    /// The last frame of `inner`.
    still: Frame,
    sequence: u64,
    hung: bool,
    /// The last frame was a damaged one: it must be looked at, not skipped.
    alone: bool,
    /// By how much the clock is off, for how many frames more.
    jump: (i64, u64),
}

impl FaultySource {
    /// `inner` with the faults of `script`.
    pub fn new(inner: Box<dyn Source>, script: Arc<Script>) -> FaultySource {
        FaultySource {
            inner,
            script,
            still: Frame::empty(),
            sequence: 0,
            hung: false,
            alone: false,
            jump: (0, 0),
        }
    }

    /// The next frame, as it is.
    fn whole(
        &mut self,
        frame: &mut Frame,
        timeout: Duration,
    ) -> std::result::Result<(), ReadError> {
        if self.sequence.is_multiple_of(HOLD) {
            self.inner.read(&mut self.still, timeout)?;
        }
        let mut bytes = std::mem::take(&mut frame.bytes);
        bytes.clone_from(&self.still.bytes);
        *frame = Frame {
            timestamp: monotonic_now(),
            sequence: self.sequence,
            bytes,
            ..self.still
        };
        self.sequence += 1;
        Ok(())
    }

    /// Reads a frame and damages it as `fault` says.
    fn damage(
        &mut self,
        frame: &mut Frame,
        fault: Planned,
        timeout: Duration,
    ) -> std::result::Result<(), ReadError> {
        self.whole(frame, timeout)?;
        let mut random = Random::new(fault.strength);
        if fault.kind == Kind::DamagedJpeg {
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
        if !self.script.wait_for_room(self.alone, timeout) {
            return Err(ReadError::Timeout);
        }
        self.alone = false;
        let fault = self.script.strike(&[
            Kind::CameraLost,
            Kind::CameraHung,
            Kind::LowMemory,
            Kind::DamagedJpeg,
            Kind::ShortFrame,
            Kind::ClockJump,
        ]);
        match fault.map(|fault| (fault.kind, fault)) {
            None => self.whole(frame, timeout)?,
            Some((Kind::CameraLost, _)) => {
                return Err(ReadError::Lost(Error::other("unplugged (injected)")));
            }
            Some((Kind::LowMemory, _)) => return Err(ReadError::Lost(no_memory())),
            Some((Kind::CameraHung, _)) => {
                self.hung = true;
                return Err(ReadError::Timeout);
            }
            Some((Kind::ShortFrame, fault)) if fault.strength % 4 == 0 => {
                return Err(ReadError::Corrupt("half a frame (injected)".into()));
            }
            Some((Kind::ClockJump, fault)) => {
                let jump = JUMPS[(fault.strength % JUMPS.len() as u64) as usize];
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
        self.script.gave();
        Ok(())
    }

    fn patience(&self) -> Option<Duration> {
        self.inner.patience().map(|patience| patience.min(PATIENCE))
    }
}

/// A detector with faults.
pub struct FaultyDetector {
    inner: Box<dyn Detector>,
    script: Arc<Script>,
}

impl FaultyDetector {
    /// `inner` with the faults of `script`.
    pub fn new(inner: Box<dyn Detector>, script: Arc<Script>) -> FaultyDetector {
        FaultyDetector { inner, script }
    }
}

impl FaultyDetector {
    /// Takes half a second to one and a half, and on a busy machine until some frames were handled
    /// meanwhile; that they were is what is tested.
    fn stall(&self, fault: Planned) {
        let least = Duration::from_millis(500 + fault.strength % 1000);
        let (start, before) = (Instant::now(), self.script.handled());
        while start.elapsed() < MOST_STALL {
            std::thread::sleep(Duration::from_millis(10));
            let goes_on = self.script.handled() >= before + STALLED_FRAMES;
            if goes_on && start.elapsed() >= least {
                self.script.stalled();
                return;
            }
        }
    }
}

impl Detector for FaultyDetector {
    fn name(&self) -> String {
        self.inner.name()
    }

    /// One that needs no picture gets one all the same, so that it has a thread to stall.
    fn input(&self) -> DetectorInput {
        match self.inner.input() {
            DetectorInput::None => DetectorInput::Luma(TRACK_SIZE.0, TRACK_SIZE.1),
            input => input,
        }
    }

    fn detect(&mut self, picture: &Downscaled, found: &mut Vec<Detection>) -> Result<()> {
        let kinds = [Kind::DetectorStalled, Kind::DetectorFailed];
        match self.script.strike(&kinds) {
            Some(fault) if fault.kind == Kind::DetectorStalled => self.stall(fault),
            Some(fault) if fault.strength % 2 == 0 => {
                std::panic::panic_any("a detector that panics (injected)");
            }
            Some(_) => return Err(Error::other("the search failed (injected)")),
            None => {}
        }
        self.inner.detect(picture, found)?;
        self.script.searched();
        Ok(())
    }
}

/// A sink with faults.
pub struct FaultySink {
    inner: Box<dyn Sink>,
    script: Arc<Script>,
}

impl FaultySink {
    /// `inner` with the faults of `script`.
    pub fn new(inner: Box<dyn Sink>, script: Arc<Script>) -> FaultySink {
        FaultySink { inner, script }
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
        match self.script.strike(&[Kind::DisplayLost]) {
            Some(_) => Err(Error::other("unplugged (injected)")),
            None => self.inner.present(picture),
        }
    }

    fn kind(&self) -> SinkKind {
        self.inner.kind()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.inner.poll_event()
    }
}
