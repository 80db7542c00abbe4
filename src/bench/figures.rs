//! What is told of many measured times.

use serde::{Deserialize, Serialize};

/// Figures of a row of times, in seconds.
///
/// They come from every single time, not from a histogram, so that they are exact to the clock's
/// nanosecond. Percentiles are by nearest rank: the shortest time that at least so many of the
/// times do not exceed. The median is the 50th of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// How many times there are.
    pub runs: usize,
    pub min: f64,
    pub median: f64,
    pub mean: f64,
    pub p90: f64,
    pub p99: f64,
    /// The 99.9th percentile: the maximum where there are fewer than 1,000 times.
    pub p999: f64,
    pub max: f64,
}

impl Figures {
    /// The figures of these times in nanoseconds; `None` where there are none.
    pub fn of(nanoseconds: &[u64]) -> Option<Figures> {
        let mut sorted = nanoseconds.to_vec();
        sorted.sort_unstable();
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        let at = |per_mille: usize| {
            let rank = (sorted.len() * per_mille).div_ceil(1000).max(1);
            seconds(sorted[rank - 1])
        };
        let sum: u128 = sorted.iter().map(|&time| u128::from(time)).sum();
        Some(Figures {
            runs: sorted.len(),
            min: seconds(first),
            median: at(500),
            // To a tenth of a nanosecond: more digits say nothing.
            mean: (sum as f64 / sorted.len() as f64 * 10.0).round() / 1e10,
            p90: at(900),
            p99: at(990),
            p999: at(999),
            max: seconds(last),
        })
    }
}

/// Nanoseconds as seconds.
pub(super) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The percentile by its definition, without ranks: of the times themselves the shortest that
    /// enough of them do not exceed.
    fn by_definition(times: &[u64], per_mille: usize) -> u64 {
        let enough = |time: &&u64| {
            let not_above = times.iter().filter(|other| other <= time).count();
            not_above * 1000 >= times.len() * per_mille
        };
        *times.iter().filter(enough).min().unwrap()
    }

    proptest! {
        #[test]
        fn figures_are_those_of_the_definition(
            times in prop::collection::vec(0_u64..5_000_000_000, 1..200),
        ) {
            let figures = Figures::of(&times).unwrap();
            for (found, per_mille) in [
                (figures.median, 500), (figures.p90, 900), (figures.p99, 990), (figures.p999, 999),
            ] {
                let exact = by_definition(&times, per_mille) as f64 / 1e9;
                prop_assert!((found - exact).abs() < 1e-12, "{per_mille}: {found} for {exact}");
            }
            prop_assert_eq!(figures.runs, times.len());
            prop_assert!((figures.min - *times.iter().min().unwrap() as f64 / 1e9).abs() < 1e-12);
            prop_assert!((figures.max - *times.iter().max().unwrap() as f64 / 1e9).abs() < 1e-12);
            let mean = times.iter().map(|&t| t as f64 / 1e9).sum::<f64>() / times.len() as f64;
            prop_assert!((figures.mean - mean).abs() < 1e-9);
        }
    }

    #[test]
    fn nothing_measured_has_no_figures() {
        assert_eq!(Figures::of(&[]), None);
    }

    #[test]
    fn a_single_time_is_every_figure() {
        let figures = Figures::of(&[1500]).unwrap();
        for figure in [
            figures.min,
            figures.median,
            figures.mean,
            figures.p999,
            figures.max,
        ] {
            assert!((figure - 1.5e-6).abs() < 1e-15);
        }
    }
}
