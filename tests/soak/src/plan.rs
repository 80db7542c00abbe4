//! Which faults come, in which order and how hard: all of it follows from the seed.

use serde::Serialize;

/// A kind of fault that is injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The camera says that it is gone; up to two openings fail.
    CameraLost,
    /// The camera gives nothing any more and says nothing.
    CameraHung,
    /// The system has no memory for the camera's buffers, twice at most.
    LowMemory,
    /// A damaged JPEG: cut off, of an absurd size, or with flipped bytes.
    DamagedJpeg,
    /// A frame shorter than its size needs, or one that the source itself calls damaged.
    ShortFrame,
    /// The frames' timestamps jump, to and fro.
    ClockJump,
    /// A search for faces takes a second.
    DetectorStalled,
    /// A search for faces fails or panics.
    DetectorFailed,
    /// The display refuses a picture; one opening may fail.
    DisplayLost,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] = [
        Kind::CameraLost,
        Kind::CameraHung,
        Kind::LowMemory,
        Kind::DamagedJpeg,
        Kind::ShortFrame,
        Kind::ClockJump,
        Kind::DetectorStalled,
        Kind::DetectorFailed,
        Kind::DisplayLost,
    ];

    /// Its name in flags and reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::CameraLost => "camera_lost",
            Kind::CameraHung => "camera_hung",
            Kind::LowMemory => "low_memory",
            Kind::DamagedJpeg => "damaged_jpeg",
            Kind::ShortFrame => "short_frame",
            Kind::ClockJump => "clock_jump",
            Kind::DetectorStalled => "locator_stalled",
            Kind::DetectorFailed => "locator_failed",
            Kind::DisplayLost => "display_lost",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = face8x_core::Error;

    fn from_str(name: &str) -> crate::Result<Kind> {
        let names = Kind::ALL.map(Kind::name);
        let found = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| face8x_core::Error::unknown("fault", name, &names))
    }
}

/// Numbers that follow from a seed: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Those of this seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number, any of 64 bits.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number below `end`, which is above 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }
}

/// A fault to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    pub kind: Kind,
    /// Decides how hard it strikes.
    pub strength: u64,
    /// Frames between the recovery from the fault before it and this one.
    pub after: u64,
}

/// The endless row of faults: every kind once in a changing order, then again.
#[derive(Debug, Clone)]
pub struct Plan {
    random: Random,
    kinds: Vec<Kind>,
    every: u64,
    next: usize,
}

impl Plan {
    /// Faults of `kinds`, one in `every` frames on average.
    pub fn new(kinds: &[Kind], every: u64, seed: u64) -> Plan {
        Plan {
            random: Random::new(seed),
            kinds: kinds.to_vec(),
            every: every.max(2),
            next: 0,
        }
    }
}

impl Iterator for Plan {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        if self.kinds.is_empty() {
            return None;
        }
        if self.next == 0 {
            // Fisher and Yates.
            for last in (1..self.kinds.len()).rev() {
                let other = self.random.below(last as u64 + 1) as usize;
                self.kinds.swap(last, other);
            }
        }
        let kind = self.kinds[self.next];
        self.next = (self.next + 1) % self.kinds.len();
        Some(Planned {
            kind,
            strength: self.random.number(),
            after: self.every / 2 + self.random.below(self.every),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_plan_and_every_kind_comes_in_each_round() {
        let plan = |seed| {
            Plan::new(&Kind::ALL, 1000, seed)
                .take(90)
                .collect::<Vec<_>>()
        };
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
        for round in plan(3).chunks(Kind::ALL.len()) {
            for kind in Kind::ALL {
                let times = round.iter().filter(|fault| fault.kind == kind).count();
                assert_eq!(times, 1, "{}", kind.name());
            }
        }
        let frames: u64 = plan(4).iter().map(|fault| fault.after).sum();
        assert!((75_000..105_000).contains(&frames), "{frames}");
        assert_eq!(Plan::new(&[], 10, 0).next(), None);
    }

    /// The first numbers of seed 1234567, which the algorithm's authors published as its test.
    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.number(), 6_457_827_717_110_365_317);
        assert_eq!(random.number(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn names_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse::<Kind>().unwrap(), kind);
        }
        assert_eq!("camera".parse::<Kind>().unwrap_err().exit_code(), 2);
    }
}
