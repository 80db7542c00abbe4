//! What the work thread hands over.

use std::time::Instant;

use crate::stats::Histogram;

/// What can go wrong without ending the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A running camera went away or fell silent.
    CameraLost,
    /// A frame arrived damaged.
    FrameCorrupt,
    /// A frame's time was not that of the monotonic clock.
    ClockJump,
    /// The display went away.
    DisplayLost,
    /// A search for faces failed.
    SearchFailed,
    /// A search for faces took over ten seconds.
    SearchStalled,
    /// The network failed on a face.
    RestoreFailed,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Fault; 7] = [
        Fault::CameraLost,
        Fault::FrameCorrupt,
        Fault::ClockJump,
        Fault::DisplayLost,
        Fault::SearchFailed,
        Fault::SearchStalled,
        Fault::RestoreFailed,
    ];

    /// Its name in JSON and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Fault::CameraLost => "camera_lost",
            Fault::FrameCorrupt => "frame_corrupt",
            Fault::ClockJump => "clock_jump",
            Fault::DisplayLost => "display_lost",
            Fault::SearchFailed => "search_failed",
            Fault::SearchStalled => "search_stalled",
            Fault::RestoreFailed => "restore_failed",
        }
    }
}

/// How often each kind of fault happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults([u64; Fault::ALL.len()]);

impl Faults {
    /// The count of a kind.
    pub fn count(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }

    /// Sets the count of a kind.
    pub fn set(mut self, fault: Fault, count: u64) -> Faults {
        self.0[fault as usize] = count;
        self
    }
}

/// What is wrong with a camera that gives frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameraFault {
    /// Its picture is black.
    Dark,
    /// Its picture shows nothing: something lies on the lens.
    Covered,
    /// Its picture does not change.
    Still,
}

impl CameraFault {
    /// Every kind.
    pub const ALL: [CameraFault; 3] = [CameraFault::Dark, CameraFault::Covered, CameraFault::Still];

    /// Its name in JSON and metrics.
    pub fn name(self) -> &'static str {
        match self {
            CameraFault::Dark => "dark",
            CameraFault::Covered => "covered",
            CameraFault::Still => "still",
        }
    }

    /// What follows "the camera's picture" in a message.
    pub(crate) fn text(self) -> &'static str {
        match self {
            CameraFault::Dark => "is black: is there light, and no cap on the lens?",
            CameraFault::Covered => "shows nothing: is the lens covered or out of focus?",
            CameraFault::Still => "has not changed for a minute: does the camera hang?",
        }
    }
}

/// A part that can go away and come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Part {
    /// Whether it is there now.
    pub up: bool,
    /// How often it was lost.
    pub lost: u64,
}

impl Part {
    /// How often it came back.
    pub fn restarts(&self) -> u64 {
        self.lost - u64::from(!self.up).min(self.lost)
    }
}

/// Counters of a run, as the work thread knows them.
#[derive(Debug, Clone, PartialEq)]
pub struct RunCounters {
    /// When the work thread handed them over.
    pub at: Instant,
    /// When it last showed a picture.
    pub shown: Option<Instant>,
    /// Pictures that were shown.
    pub frames: u64,
    /// Those of them with a face.
    pub face_frames: u64,
    /// Frames that were replaced by a newer one before they were looked at.
    pub skipped: u64,
    /// Faces in the last frame.
    pub faces: u32,
    /// A person holds the picture: it is not replaced, and no fault.
    pub frozen: bool,
    /// Pictures a second, over the last second.
    pub fps: f64,
    /// From the driver's timestamp to the display.
    pub latency: Histogram,
    /// Faults that were survived.
    pub faults: Faults,
    /// The camera.
    pub camera: Part,
    /// What is wrong with its picture.
    pub camera_fault: Option<CameraFault>,
    /// The display.
    pub display: Part,
}

impl RunCounters {
    /// Those of a run that has shown nothing yet.
    pub fn new() -> RunCounters {
        RunCounters {
            at: Instant::now(),
            shown: None,
            frames: 0,
            face_frames: 0,
            skipped: 0,
            faces: 0,
            frozen: false,
            fps: 0.0,
            latency: Histogram::default(),
            faults: Faults::default(),
            camera: Part::default(),
            camera_fault: None,
            display: Part::default(),
        }
    }
}

impl Default for RunCounters {
    fn default() -> Self {
        RunCounters::new()
    }
}
