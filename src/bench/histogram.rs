//! How often which latency occurred.

/// Counts of times in ranges of the same width, from the shortest time to the 99.9th percentile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// Lower end of the first range, and the width of each, in nanoseconds.
    pub from: u64,
    pub width: u64,
    /// How many times fell into each range.
    pub counts: Vec<usize>,
    /// How many were longer than the last range.
    pub above: usize,
}

impl Histogram {
    /// The histogram of these times (nanoseconds) in `ranges` ranges; `None` where there are none.
    pub fn of(times: &[u64], ranges: usize) -> Option<Histogram> {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let from = *sorted.first()?;
        let rank = (sorted.len() * 999).div_ceil(1000).max(1);
        let span = sorted[rank - 1] - from + 1;
        let width = span.div_ceil(ranges.max(1) as u64);
        let mut counts = vec![0; ranges.max(1)];
        let mut above = 0;
        for time in sorted {
            match counts.get_mut(((time - from) / width) as usize) {
                Some(count) => *count += 1,
                None => above += 1,
            }
        }
        Some(Histogram {
            from,
            width,
            counts,
            above,
        })
    }

    /// A line a range, with a bar of at most `columns` characters for the fullest.
    pub fn text(&self, columns: usize) -> String {
        let most = self
            .counts
            .iter()
            .chain([&self.above])
            .max()
            .copied()
            .unwrap_or(0);
        let bar = |count: usize| {
            // What occurred is seen, however rare.
            let length = (count * columns).div_ceil(most.max(1));
            "#".repeat(length)
        };
        let mut text = String::new();
        for (index, &count) in self.counts.iter().enumerate() {
            let from = self.from + self.width * index as u64;
            text += &format!(
                "  {:>9.3} ms {count:>7} {}\n",
                from as f64 / 1e6,
                bar(count)
            );
        }
        if self.above > 0 {
            text += &format!("     longer    {:>7} {}\n", self.above, bar(self.above));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_time_is_counted_where_it_belongs(
            times in prop::collection::vec(0_u64..10_000_000, 1..2000),
            ranges in 1_usize..120,
        ) {
            let histogram = Histogram::of(&times, ranges).unwrap();
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
        let text = Histogram::of(&times, 3).unwrap().text(8);
        let expected = "      1.000 ms       8 ########\n      1.300 ms       4 ####\n      \
                        1.600 ms       1 #\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn equal_times_and_none_are_drawn_too() {
        let histogram = Histogram::of(&[7, 7, 7], 4).unwrap();
        assert_eq!((histogram.counts[0], histogram.above), (3, 0));
        assert_eq!(Histogram::of(&[], 4), None);
    }
}
