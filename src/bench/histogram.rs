//! How often each latency occurred.

/// Counts of times in ranges of the same width, from the shortest time to the 99.9th percentile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeHistogram {
    /// Lower end of the first range, and the width of each, in nanoseconds.
    pub(crate) from: u64,
    pub(crate) width: u64,
    /// How many times fell into each range.
    pub(crate) counts: Vec<usize>,
    /// How many were longer than the last range.
    pub(crate) above: usize,
}

impl TimeHistogram {
    /// The histogram of these times (nanoseconds) in `ranges` ranges; `None` where there are none.
    pub(crate) fn new(times: &[u64], ranges: usize) -> Option<TimeHistogram> {
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
        Some(TimeHistogram {
            from,
            width,
            counts,
            above,
        })
    }

    /// A line a range, with a bar of at most `columns` characters for the fullest.
    pub(crate) fn text(&self, columns: usize) -> String {
        let most = self
            .counts
            .iter()
            .chain([&self.above])
            .max()
            .copied()
            .unwrap_or(0);
        let bar = |count: usize| {
            // What occurred is visible, however rare.
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
