//! The taps of a convolution that may differ from 0.

/// Which of a 3x3 convolution's taps may differ from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taps {
    /// All nine.
    All,
    /// Output channel 4c + 2a + b becomes pixel (a, b) of 2x2 and uses the 2x2 taps nearest to
    /// that pixel: rows a to a + 1, columns b to b + 1.
    Phase,
}

/// Whether output channel `channel` uses the tap in row `y`, column `x`.
///
/// ```
/// use face8x_train::network::{Taps, tap_is_used};
/// assert!(tap_is_used(Taps::Phase, 0, 1, 1) && !tap_is_used(Taps::Phase, 0, 2, 1));
/// assert!(tap_is_used(Taps::Phase, 3, 2, 2) && !tap_is_used(Taps::Phase, 3, 0, 2));
/// ```
pub fn tap_is_used(taps: Taps, channel: usize, y: usize, x: usize) -> bool {
    match taps {
        Taps::All => true,
        Taps::Phase => {
            let (a, b) = (channel / 2 % 2, channel % 2);
            (a..=a + 1).contains(&y) && (b..=b + 1).contains(&x)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_uses_four_taps_and_the_four_share_the_centre() {
        for channel in 0..8 {
            let used = (0..9)
                .filter(|t| tap_is_used(Taps::Phase, channel, t / 3, t % 3))
                .count();
            assert_eq!(used, 4);
            assert!(tap_is_used(Taps::Phase, channel, 1, 1));
        }
    }
}
