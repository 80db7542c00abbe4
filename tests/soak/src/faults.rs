//! Which faults come, in which order and how severe they are: all of it follows from the seed.

use clap::ValueEnum;
use serde::Serialize;

/// A kind of fault that is injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// The camera reports that it is gone; up to two attempts to open it again fail
    CameraLost,
    /// The camera sends nothing more and reports nothing
    CameraHung,
    /// The system has no memory for the camera's buffers, twice at most
    LowMemory,
    /// A damaged JPEG: cut off, of an absurd size, or with flipped bytes
    DamagedJpeg,
    /// A frame shorter than its size needs, or one that the source itself calls damaged
    ShortFrame,
    /// The frames' timestamps jump, and jump back
    ClockJump,
    /// A search for faces takes a second
    #[value(alias = "locator_stalled")]
    DetectorStalled,
    /// A search for faces fails or panics
    #[value(alias = "locator_failed")]
    DetectorFailed,
    /// The display refuses a picture; one attempt to open it again may fail
    DisplayLost,
}

impl FaultKind {
    /// Its name in reports, and as an argument.
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Random numbers from a seed: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    /// The generator with this seed.
    pub(crate) fn new(seed: u64) -> SplitMix64 {
        SplitMix64(seed)
    }

    /// The next number, any of 64 bits.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number below `end`, which is above 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }
}

/// A fault to inject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InjectedFault {
    pub(crate) kind: FaultKind,
    /// A random number that decides on its variant and how long it lasts.
    pub(crate) severity: u64,
    /// Frames between the recovery from the fault before it and this one.
    pub(crate) after: u64,
}

/// The endless sequence of faults: every kind once in a random order, then again.
#[derive(Debug, Clone)]
pub(crate) struct FaultSchedule {
    random: SplitMix64,
    kinds: Vec<FaultKind>,
    every: u64,
    next: usize,
}

impl FaultSchedule {
    /// Faults of `kinds`, one in `every` frames on average.
    pub(crate) fn new(kinds: &[FaultKind], every: u64, seed: u64) -> FaultSchedule {
        FaultSchedule {
            random: SplitMix64::new(seed),
            kinds: kinds.to_vec(),
            every: every.max(2),
            next: 0,
        }
    }
}

impl Iterator for FaultSchedule {
    type Item = InjectedFault;

    fn next(&mut self) -> Option<InjectedFault> {
        if self.next == 0 {
            // Fisher and Yates.
            for last in (1..self.kinds.len()).rev() {
                let other = self.random.below(last as u64 + 1) as usize;
                self.kinds.swap(last, other);
            }
        }
        let kind = *self.kinds.get(self.next)?;
        self.next = (self.next + 1) % self.kinds.len();
        Some(InjectedFault {
            kind,
            severity: self.random.number(),
            after: self.every / 2 + self.random.below(self.every),
        })
    }
}
