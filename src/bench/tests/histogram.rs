use proptest::prelude::*;

use crate::bench::histogram::TimeHistogram;

proptest! {
    #[test]
    fn every_time_is_counted_where_it_belongs(
        times in prop::collection::vec(0_u64..10_000_000, 1..2000),
        ranges in 1_usize..120,
    ) {
        let histogram = TimeHistogram::new(&times, ranges).unwrap();
        prop_assert_eq!(histogram.counts.len(), ranges);
        for (index, &count) in histogram.counts.iter().enumerate() {
            let from = histogram.from + histogram.width * index as u64;
            let within = times.iter().filter(|t| (from..from + histogram.width).contains(t));
            prop_assert_eq!(within.count(), count);
        }
        let counted: usize = histogram.counts.iter().sum();
        prop_assert_eq!(counted + histogram.above, times.len());
        // At most one in a thousand is not drawn.
        prop_assert!(histogram.above * 1000 <= times.len());
    }
}

#[test]
fn bars_are_as_long_as_their_counts() {
    let mut times = vec![1_000_000; 8];
    times.extend([1_500_000; 4]);
    times.push(1_900_000);
    let text = TimeHistogram::new(&times, 3).unwrap().text(8);
    let expected = "      1.000 ms       8 ########\n      1.300 ms       4 ####\n      \
                    1.600 ms       1 #\n";
    assert_eq!(text, expected);
}

#[test]
fn equal_times_and_none_are_drawn_too() {
    let histogram = TimeHistogram::new(&[7, 7, 7], 4).unwrap();
    assert_eq!((histogram.counts[0], histogram.above), (3, 0));
    assert_eq!(TimeHistogram::new(&[], 4), None);
}
