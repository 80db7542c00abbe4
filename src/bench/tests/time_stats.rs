use proptest::prelude::*;

use crate::bench::time_stats::TimeStats;

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
    fn stats_are_those_of_the_definition(
        times in prop::collection::vec(0_u64..5_000_000_000, 1..200),
    ) {
        let stats = TimeStats::new(&times).unwrap();
        for (found, per_mille) in [
            (stats.median, 500), (stats.p90, 900), (stats.p99, 990), (stats.p999, 999),
        ] {
            let exact = by_definition(&times, per_mille) as f64 / 1e9;
            prop_assert!((found - exact).abs() < 1e-12, "{per_mille}: {found} for {exact}");
        }
        prop_assert_eq!(stats.runs, times.len());
        prop_assert!((stats.min - *times.iter().min().unwrap() as f64 / 1e9).abs() < 1e-12);
        prop_assert!((stats.max - *times.iter().max().unwrap() as f64 / 1e9).abs() < 1e-12);
        let mean = times.iter().map(|&t| t as f64 / 1e9).sum::<f64>() / times.len() as f64;
        prop_assert!((stats.mean - mean).abs() < 1e-9);
    }
}

#[test]
fn nothing_measured_has_no_stats() {
    assert_eq!(TimeStats::new(&[]), None);
}

#[test]
fn the_spread_is_that_of_the_medians_of_tenths() {
    let spread = |times: &[u64]| TimeStats::new(times).unwrap().spread;
    assert_eq!(spread(&[5]), None);
    assert_eq!(spread(&[5, 7, 6]), Some((5e-9, 7e-9)));
    // One slow frame in each tenth, and one slow tenth.
    let times: Vec<u64> = (0..1000)
        .map(|frame| match frame {
            500..600 => 1300,
            frame if frame % 100 == 0 => 9000,
            frame => 1000 + frame % 3,
        })
        .collect();
    assert_eq!(spread(&times), Some((1001e-9, 1300e-9)));
}

#[test]
fn a_single_time_is_every_figure() {
    let stats = TimeStats::new(&[1500]).unwrap();
    for figure in [stats.min, stats.median, stats.mean, stats.p999, stats.max] {
        assert!((figure - 1.5e-6).abs() < 1e-15);
    }
}
