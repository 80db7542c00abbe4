//! The processors that the program may run on.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use rustix::thread::{CpuSet, sched_setaffinity};

use super::board;
use crate::{Error, Result};

/// Some processors by their numbers, as `taskset --cpu-list` takes them: `2,3` or `0,4-7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuList(Vec<usize>);

impl FromStr for CpuList {
    type Err = Error;

    fn from_str(text: &str) -> Result<CpuList> {
        let mut cpus = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.trim().parse::<usize>();
            match (number(first), number(last)) {
                (Ok(first), Ok(last)) if first <= last && last < CpuSet::MAX_CPU => {
                    cpus.extend(first..=last);
                }
                _ => {
                    return Err(Error::usage(format!("invalid processors \"{text}\""))
                        .remedy("write numbers and ranges from 0 on, such as 2,3 or 0,4-7"));
                }
            }
        }
        cpus.sort_unstable();
        cpus.dedup();
        Ok(CpuList(cpus))
    }
}

impl fmt::Display for CpuList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_slice();
        while let Some(&first) = rest.first() {
            let run = (first..)
                .zip(rest)
                .take_while(|(at, cpu)| at == *cpu)
                .count();
            let separator = if run == rest.len() { "" } else { "," };
            match run {
                1 => write!(f, "{first}{separator}")?,
                _ => write!(f, "{first}-{}{separator}", first + run - 1)?,
            }
            rest = &rest[run..];
        }
        Ok(())
    }
}

impl CpuList {
    /// Keeps this thread, and those that it starts from now on, to the processors.
    ///
    /// # Errors
    /// One of them is not there, or this process may run on none of them.
    pub(crate) fn apply(&self) -> Result<()> {
        let online: CpuList = board::line(Path::new("/"), "sys/devices/system/cpu/online")
            .map_or(Ok(self.clone()), |line| line.parse())?;
        let is_missing = |cpu: &usize| !online.0.contains(cpu);
        let missing: Vec<usize> = self.0.iter().copied().filter(is_missing).collect();
        if !missing.is_empty() {
            let missing = CpuList(missing);
            return Err(Error::usage(format!(
                "--cpu-list names processors that are not there: {missing}"
            ))
            .remedy(format!("this machine has {online}")));
        }
        let mut set = CpuSet::new();
        self.0.iter().for_each(|&cpu| set.set(cpu));
        sched_setaffinity(None, &set).map_err(|e| {
            Error::io(format!("cannot run on the processors {self}"), e.into())
                .remedy("name others with --cpu-list: a container may not have all of them")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_taskset_reads_them() {
        for (text, cpus, written) in [
            ("0", vec![0], "0"),
            ("3,2", vec![2, 3], "2-3"),
            ("0,4-7, 5", vec![0, 4, 5, 6, 7], "0,4-7"),
            ("1,3,5", vec![1, 3, 5], "1,3,5"),
        ] {
            let list: CpuList = text.parse().unwrap();
            assert_eq!(list, CpuList(cpus), "{text}");
            assert_eq!(list.to_string(), written);
        }
        for text in ["", "x", "1,", "3-1", "-1", "0-9999", "1.5"] {
            let error = text.parse::<CpuList>().unwrap_err();
            assert_eq!(error.exit_code(), 2, "{text}");
            assert!(error.remedy_text().is_some(), "{text}");
        }
    }

    #[test]
    fn threads_that_are_started_later_keep_to_the_list() {
        let allowed = || {
            let set = rustix::thread::sched_getaffinity(None).unwrap();
            (0..CpuSet::MAX_CPU)
                .filter(|&cpu| set.is_set(cpu))
                .collect::<Vec<_>>()
        };
        // A thread of its own, so that other tests keep their processors.
        let test = move || {
            let one = CpuList(allowed()[..1].to_vec());
            one.apply().unwrap();
            let later = std::thread::spawn(allowed);
            assert_eq!(later.join().unwrap(), one.0);
        };
        std::thread::spawn(test).join().unwrap();
        let error = CpuList(vec![CpuSet::MAX_CPU - 1]).apply().unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error
                .remedy_text()
                .unwrap()
                .starts_with("this machine has 0"),
            "{error}"
        );
    }
}
