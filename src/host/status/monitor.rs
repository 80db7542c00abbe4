//! Where the work thread's counters and the machine's facts come together.

use std::cell::Cell;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{CameraFault, Fault, RunCounters};
use crate::host::board::{self, Throttling};
use crate::{Error, Result};

/// How old a fact may be, and what holds the processor back: a Raspberry Pi starts a program for it.
const FACTS_AGE: Duration = Duration::from_secs(1);
const THROTTLING_AGE: Duration = Duration::from_secs(10);

/// What does not change during a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunIdentity {
    /// Which model restores by which engine.
    pub restorer: String,
    /// SHA-256 of the model in hexadecimal; `None` where the restorer has none.
    pub model_sha256: Option<String>,
    /// How often the program was started before since the machine booted; `None` where no status
    /// file remembers it.
    pub restarts: Option<u64>,
}

/// When the program began, and how often it began before. A run that begins when the configuration is
/// read again is no new start.
#[derive(Debug)]
pub(crate) struct ProgramStart {
    instant: Instant,
    time: SystemTime,
    /// Since the boot; `None` until a status file was asked.
    restarts: Cell<Option<u64>>,
}

impl ProgramStart {
    /// It begins now.
    pub(crate) fn now() -> ProgramStart {
        ProgramStart {
            instant: Instant::now(),
            time: SystemTime::now(),
            restarts: Cell::new(None),
        }
    }

    /// How often it began before; `read` asks the status file the first time.
    pub(super) fn restarts(&self, read: impl FnOnce() -> Option<u64>) -> Option<u64> {
        self.restarts.set(self.restarts.get().or_else(read));
        self.restarts.get()
    }
}

/// Facts that are read from the system, and when.
#[derive(Debug, Default)]
struct Facts {
    read: Option<Instant>,
    asked: Option<Instant>,
    memory: board::OwnMemory,
    temperature: Option<f32>,
    throttling: Option<Throttling>,
}

impl Facts {
    fn refresh(&mut self) {
        let old = |then: Option<Instant>, age| then.is_none_or(|then| then.elapsed() >= age);
        if old(self.read, FACTS_AGE) {
            self.memory = board::own_memory();
            self.temperature = board::temperature();
            self.read = Some(Instant::now());
        }
        if old(self.asked, THROTTLING_AGE) {
            self.throttling = board::throttling();
            self.asked = Some(Instant::now());
        }
    }
}

/// A run as a whole, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStatus {
    /// When it was asked for, and when the program was started, on the wall clock.
    pub time: SystemTime,
    pub started: SystemTime,
    /// Since the start, on the monotonic clock.
    pub uptime: Duration,
    pub identity: RunIdentity,
    pub counters: RunCounters,
    /// Resident memory of the process in bytes, now and at most.
    pub resident: Option<u64>,
    pub peak: Option<u64>,
    /// Degrees Celsius.
    pub temperature: Option<f32>,
    pub throttling: Option<Throttling>,
}

/// The meeting place of the work thread and those who ask. It is locked for as long as it takes to
/// copy a few hundred bytes.
#[derive(Debug)]
pub struct Monitor {
    identity: RunIdentity,
    start: Instant,
    started: SystemTime,
    counters: Mutex<RunCounters>,
    facts: Mutex<Facts>,
}

impl Monitor {
    /// One for a program that begins now.
    pub fn new(identity: RunIdentity) -> Monitor {
        Monitor::of(identity, &ProgramStart::now())
    }

    /// One for a run of the program that began at `start`.
    pub(super) fn of(identity: RunIdentity, start: &ProgramStart) -> Monitor {
        Monitor {
            identity,
            start: start.instant,
            started: start.time,
            counters: Mutex::new(RunCounters::new()),
            facts: Mutex::default(),
        }
    }

    /// Takes the work thread's newest counters.
    pub fn update(&self, counters: RunCounters) {
        *lock(&self.counters) = counters;
    }

    /// Everything that is known now. May take a second on a Raspberry Pi whose firmware hangs:
    /// nothing for the work thread.
    pub fn status(&self) -> RunStatus {
        let mut facts = lock(&self.facts);
        facts.refresh();
        RunStatus {
            time: SystemTime::now(),
            started: self.started,
            uptime: self.start.elapsed(),
            identity: self.identity.clone(),
            counters: lock(&self.counters).clone(),
            resident: facts.memory.resident,
            peak: facts.memory.peak,
            temperature: facts.temperature,
            throttling: facts.throttling,
        }
    }
}

/// The value; nothing panics while one of these locks is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The kernel's name for this boot, where it has one.
pub(super) fn boot_id() -> Option<String> {
    board::line(Path::new("/"), "proc/sys/kernel/random/boot_id")
}

/// What stands in the status file, each field under its name.
#[derive(Serialize)]
struct StatusJson<'a> {
    /// Seconds since 1970 on the wall clock: a file that grows old is that of a hung machine.
    time: f64,
    /// False once the program has ended in order.
    running: bool,
    version: &'static str,
    restorer: &'a str,
    model_sha256: Option<&'a str>,
    boot_id: Option<String>,
    uptime_seconds: f64,
    restarts: Value,
    frames: u64,
    face_frames: u64,
    skipped: u64,
    faces: u32,
    frozen: bool,
    fps: f64,
    /// How long ago the work thread last reported, and showed a picture.
    loop_age_seconds: f64,
    picture_age_seconds: Option<f64>,
    latency: Value,
    faults: Map<String, Value>,
    camera_up: bool,
    camera_fault: Option<&'static str>,
    display_up: bool,
    temperature_celsius: Option<f32>,
    throttling: Option<Throttling>,
    resident_bytes: Option<u64>,
    peak_bytes: Option<u64>,
}

impl RunStatus {
    /// One JSON object on one line, with a line break.
    pub(crate) fn to_json(&self, running: bool) -> Result<String> {
        let counters = &self.counters;
        let buckets: Vec<Value> = counters
            .latency
            .cumulative()
            .map(|(le, count)| json!({ "le": le, "count": count }))
            .collect();
        let file = StatusJson {
            time: seconds(self.time),
            running,
            version: env!("CARGO_PKG_VERSION"),
            restorer: &self.identity.restorer,
            model_sha256: self.identity.model_sha256.as_deref(),
            boot_id: boot_id(),
            uptime_seconds: round(self.uptime.as_secs_f64()),
            restarts: json!({
                "program": self.identity.restarts,
                "camera": counters.camera.restarts(),
                "display": counters.display.restarts(),
            }),
            frames: counters.frames,
            face_frames: counters.face_frames,
            skipped: counters.skipped,
            faces: counters.faces,
            frozen: counters.frozen,
            fps: round(counters.fps),
            loop_age_seconds: round(counters.at.elapsed().as_secs_f64()),
            picture_age_seconds: self.picture_age().map(round),
            latency: json!({
                "count": counters.latency.count(),
                "sum_seconds": round(counters.latency.sum().as_secs_f64()),
                "buckets": buckets,
            }),
            faults: Fault::ALL
                .iter()
                .map(|fault| (fault.name().into(), counters.faults.count(*fault).into()))
                .collect(),
            camera_up: counters.camera.up,
            camera_fault: counters.camera_fault.map(CameraFault::name),
            display_up: counters.display.up,
            temperature_celsius: self.temperature,
            throttling: self.throttling,
            resident_bytes: self.resident,
            peak_bytes: self.peak,
        };
        let text = serde_json::to_string(&file).map_err(|error| {
            Error::other(format!("cannot write the status as JSON: {error}")).caused_by(error)
        })?;
        Ok(text + "\n")
    }

    /// Seconds since the last picture.
    pub fn picture_age(&self) -> Option<f64> {
        self.counters
            .shown
            .map(|shown| shown.elapsed().as_secs_f64())
    }
}

/// Seconds since 1970, to the millisecond; 0 on a board whose clock stands before it.
pub(super) fn seconds(time: SystemTime) -> f64 {
    round(
        time.duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64(),
    )
}

/// To thousandths.
fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
