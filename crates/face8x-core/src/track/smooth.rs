//! Removes the jitter from a face's path without adding lag.

/// Cut-off frequency of a value at rest, in Hz, and what a speed of one unit a second adds to it. The
/// second bounds the lag: at a steady speed v the output is v / (2 pi (cut-off + gain v)) behind, less
/// than 0.8 % of a unit here.
const PATH: (f32, f32) = (1.5, 20.0);
/// The same for what moves little but jitters much.
const STEADY: (f32, f32) = (0.8, 5.0);
/// Cut-off frequency of the speed itself, in Hz.
const SPEED_CUT_OFF: f32 = 3.0;

/// The one-euro filter (Casiez, Roussel and Vogel, CHI 2012): a first-order low-pass filter whose
/// cut-off frequency rises with the speed.
#[derive(Debug, Clone, Copy)]
pub(super) struct OneEuro {
    value: f32,
    speed: f32,
    cut_off: f32,
    speed_gain: f32,
}

impl OneEuro {
    /// A filter at rest at `value`, for a place that moves.
    pub(super) fn new(value: f32) -> Self {
        Self::with(value, PATH)
    }

    /// A filter at rest at `value`, for a landmark relative to a face that moves.
    pub(super) fn steady(value: f32) -> Self {
        Self::with(value, STEADY)
    }

    fn with(value: f32, (cut_off, speed_gain): (f32, f32)) -> Self {
        OneEuro {
            value,
            speed: 0.0,
            cut_off,
            speed_gain,
        }
    }

    /// Counts from another origin: what was the smoothed value is `value` now.
    pub(super) fn rebase(&mut self, value: f32) {
        self.value = value;
    }

    /// The smoothed value, `dt` seconds after the last. Speeds count in `unit`s (the side of the
    /// face box, so that near and far faces are smoothed alike).
    pub(super) fn update(&mut self, value: f32, unit: f32, dt: f32) -> f32 {
        if dt > 0.0 {
            let speed = (value - self.value) / (unit * dt);
            self.speed += share(SPEED_CUT_OFF, dt) * (speed - self.speed);
            let cut_off = self.cut_off + self.speed_gain * self.speed.abs();
            self.value += share(cut_off, dt) * (value - self.value);
        }
        self.value
    }
}

/// The share of a new value in a low-pass filter of this cut-off frequency.
fn share(cut_off: f32, dt: f32) -> f32 {
    let r = std::f32::consts::TAU * cut_off * dt;
    r / (r + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_still_value_stays_and_a_step_is_reached() {
        let mut filter = OneEuro::new(5.0);
        assert_eq!(filter.update(5.0, 1.0, 0.033), 5.0);
        let mut last = 5.0;
        for _ in 0..60 {
            let value = filter.update(6.0, 1.0, 0.033);
            assert!(value >= last && value <= 6.0);
            last = value;
        }
        assert!(last > 5.99, "{last}");
    }

    #[test]
    fn the_lag_at_a_steady_speed_is_bounded() {
        for speed in [0.1, 0.5, 2.0, 8.0] {
            let mut filter = OneEuro::new(0.0);
            let mut lag = 0.0;
            for i in 1..300 {
                let value = speed * i as f32 / 30.0;
                lag = value - filter.update(value, 1.0, 1.0 / 30.0);
            }
            assert!(lag.abs() < 0.008, "{lag} at {speed}");
        }
    }

    #[test]
    fn no_time_and_strange_values_do_no_harm() {
        let mut filter = OneEuro::new(1.0);
        assert_eq!(filter.update(9.0, 1.0, 0.0), 1.0);
        assert!(filter.update(1e30, 1.0, 1e-6).is_finite());
    }
}
