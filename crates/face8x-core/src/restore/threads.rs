//! How many threads a network runs on.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::Restorer;
use crate::geometry::{HR_SIDE, LR_SIDE};
use crate::{Error, Result};

/// Most threads that may be named.
const LIMIT: usize = 64;
/// Most that [`Threads::Auto`] tries: a network of 16x16 pixels has no work for more.
const MOST: usize = 4;
/// Runs of which the shortest counts.
const RUNS: usize = 9;
/// One more thread has to shorten the time to this share: it is taken from others.
const WORTH_IT: f64 = 0.85;

/// Threads of the integer engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// The number that is fastest on this machine, measured when the restorer is opened. On cores of
    /// two kinds, and beside other programs, that is not the number of cores.
    Auto,
    /// So many, 1 to 64.
    Count(usize),
}

impl From<usize> for Threads {
    fn from(count: usize) -> Threads {
        Threads::Count(count)
    }
}

impl FromStr for Threads {
    type Err = Error;

    fn from_str(text: &str) -> Result<Threads> {
        match text.parse() {
            _ if text == "auto" => Ok(Threads::Auto),
            Ok(count) if (1..=LIMIT).contains(&count) => Ok(Threads::Count(count)),
            _ => Err(
                Error::usage(format!("invalid number of threads \"{text}\""))
                    .remedy(format!("write a number from 1 to {LIMIT}, or auto")),
            ),
        }
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Threads::Auto => f.write_str("auto"),
            Threads::Count(count) => count.fmt(f),
        }
    }
}

/// The number of threads, up to those that this process may run at once, on which what `open` opens
/// is fastest.
///
/// # Errors
/// It cannot be opened, or not be run.
pub(super) fn fastest(mut open: impl FnMut(usize) -> Result<Box<dyn Restorer>>) -> Result<usize> {
    choose(int8::usable_threads(MOST), |threads| {
        shortest(open(threads)?.as_mut())
    })
}

/// The shortest of a few runs.
fn shortest(restorer: &mut dyn Restorer) -> Result<Duration> {
    let lr = [128; 3 * LR_SIDE * LR_SIDE];
    let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
    let mut shortest = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        restorer.restore(&lr, &mut sr)?;
        shortest = shortest.min(start.elapsed());
    }
    Ok(shortest)
}

/// The number from 1 to `most` beyond which another thread is not worth it.
fn choose(most: usize, mut time: impl FnMut(usize) -> Result<Duration>) -> Result<usize> {
    let (mut best, mut shortest) = (1, time(1)?);
    for threads in 2..=most {
        let time = time(threads)?;
        if time < shortest.mul_f64(WORTH_IT) {
            (best, shortest) = (threads, time);
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(most: usize, micros: &[u64]) -> usize {
        choose(most, |threads| {
            Ok(Duration::from_micros(micros[threads - 1]))
        })
        .unwrap()
    }

    #[test]
    fn more_threads_are_taken_where_they_are_worth_it() {
        assert_eq!(chosen(4, &[1000, 520, 360, 300]), 4);
        // Little is won, or lost, by the third; one processor has no choice.
        assert_eq!(chosen(4, &[1000, 520, 490, 470]), 2);
        assert_eq!(chosen(4, &[1000, 1700, 2400, 2500]), 1);
        // Two fast cores and two slow ones, which hold up the others.
        assert_eq!(chosen(4, &[1000, 510, 900, 700]), 2);
        assert_eq!(chosen(1, &[1000]), 1);
        let error = choose(2, |_| Err(Error::usage("no model"))).unwrap_err();
        assert_eq!(error.to_string(), "no model");
    }

    #[test]
    fn a_number_or_auto_is_read_and_written() {
        for (text, threads) in [("auto", Threads::Auto), ("1", 1.into()), ("64", 64.into())] {
            assert_eq!(text.parse::<Threads>().unwrap(), threads);
            assert_eq!(threads.to_string(), text);
        }
        for text in ["0", "65", "-1", "many", ""] {
            let error = text.parse::<Threads>().unwrap_err();
            assert!(error.remedy_text().unwrap().contains("auto"), "{error}");
        }
    }
}
