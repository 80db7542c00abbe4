//! Frames are skipped where the processor gets too hot, before its clock is lowered.

use std::time::{Duration, Instant};

/// The first pause between two frames; it doubles as long as it gets no cooler.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_millis(500);
/// How many degrees below the limit it is cool again.
const MARGIN: f32 = 3.0;

/// Pauses between frames, by the temperature.
#[derive(Debug)]
pub(super) struct Cooling {
    limit: Option<f32>,
    pause: Duration,
    resumed: Option<Instant>,
}

impl Cooling {
    /// With a limit in degrees Celsius; without one there are no pauses.
    pub(super) fn new(limit: Option<u8>) -> Cooling {
        Cooling {
            limit: limit.map(f32::from),
            pause: Duration::ZERO,
            resumed: None,
        }
    }

    /// How long the next frame has to wait still.
    pub(super) fn rest(&mut self, now: Instant) -> Option<Duration> {
        let resume = *self.resumed.get_or_insert(now) + self.pause;
        if now < resume {
            return Some(resume - now);
        }
        self.resumed = Some(now);
        None
    }

    /// Once a second: the processor's temperature, where there is a sensor.
    pub(super) fn adapt(&mut self, temperature: Option<f32>) {
        let (Some(limit), Some(degrees)) = (self.limit, temperature) else {
            return;
        };
        if degrees >= limit {
            if self.pause.is_zero() {
                log::warn!(
                    "the processor has {degrees:.1} degrees, the limit is {limit}: frames are skipped"
                );
            }
            self.pause = (2 * self.pause).clamp(SHORTEST, LONGEST);
        } else if degrees < limit - MARGIN && !self.pause.is_zero() {
            self.pause /= 2;
            if self.pause < SHORTEST {
                self.pause = Duration::ZERO;
                log::info!("the processor has {degrees:.1} degrees: no more frames are skipped");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses in milliseconds after each second at these temperatures.
    fn pauses(limit: Option<u8>, degrees: &[f32]) -> Vec<u128> {
        let mut cooling = Cooling::new(limit);
        let second = |&degrees| {
            cooling.adapt(Some(degrees));
            cooling.pause.as_millis()
        };
        degrees.iter().map(second).collect()
    }

    #[test]
    fn heat_makes_pauses_that_grow_and_shrink() {
        let heat = [70.0, 80.0, 81.0, 80.0, 79.0, 76.9, 76.0, 70.0, 60.0];
        assert_eq!(pauses(Some(80), &heat), [0, 20, 40, 80, 80, 40, 20, 0, 0]);
        assert_eq!(pauses(Some(80), &[90.0; 9])[5..], [500; 4]);
        assert_eq!(pauses(None, &heat), [0; 9]);
    }

    #[test]
    fn a_frame_waits_for_the_pause_after_the_one_before() {
        let start = Instant::now();
        let mut cooling = Cooling::new(Some(50));
        cooling.adapt(Some(60.0));
        let at = |millis| start + Duration::from_millis(millis);
        let mut rest = |millis| cooling.rest(at(millis)).map(|rest| rest.as_millis());
        assert_eq!(
            [rest(0), rest(15), rest(20), rest(30), rest(40)],
            [Some(20), Some(5), None, Some(10), None]
        );
    }

    #[test]
    fn without_a_sensor_nothing_waits() {
        let mut cooling = Cooling::new(Some(50));
        cooling.adapt(None);
        assert_eq!(cooling.rest(Instant::now()), None);
    }
}
