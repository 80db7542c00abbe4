//! Processes: which of them holds a device, who this one is, how much memory it has.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::files::{kilobytes, line, text};

/// Memory of this process in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnMemory {
    /// What is resident now.
    pub resident: Option<u64>,
    /// The most that was ever resident.
    pub peak: Option<u64>,
}

/// Reads how much memory this process has.
pub fn own_memory() -> OwnMemory {
    own_memory_in(Path::new("/"))
}

/// [`own_memory`] of the process whose `/proc/self` lies below `root`.
pub(super) fn own_memory_in(root: &Path) -> OwnMemory {
    let status = text(root, "proc/self/status").unwrap_or_default();
    OwnMemory {
        resident: kilobytes(&status, "VmRSS:"),
        peak: kilobytes(&status, "VmHWM:"),
    }
}

/// Who this process is to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProcessIdentity {
    /// Effective user.
    pub uid: u32,
    /// Effective group first, then the supplementary groups.
    pub groups: Vec<u32>,
}

impl ProcessIdentity {
    /// Reads the process's user and groups from `/proc/self/status` below `root`.
    pub(crate) fn read_in(root: &Path) -> Option<ProcessIdentity> {
        let status = text(root, "proc/self/status")?;
        let ids = |label: &str| -> Option<Vec<u32>> {
            let list = status.lines().find_map(|line| line.strip_prefix(label))?;
            list.split_whitespace().map(|id| id.parse().ok()).collect()
        };
        // "Uid:" and "Gid:" give the real, effective, saved and file-system ids.
        let mut groups = vec![*ids("Gid:")?.get(1)?];
        groups.extend(ids("Groups:").unwrap_or_default());
        Some(ProcessIdentity {
            uid: *ids("Uid:")?.get(1)?,
            groups,
        })
    }
}

/// Process id and name of the other processes that have the device at `path` open.
///
/// Only the superuser sees every process's files, so an empty answer proves nothing. An
/// open camera is not always a busy one: only the program that streams from it keeps others out.
pub fn holders(path: &Path) -> Vec<(u32, String)> {
    holders_in(Path::new("/"), path)
}

/// [`holders`] among the processes below `root`; `path` too is taken below it.
pub(crate) fn holders_in(root: &Path, path: &Path) -> Vec<(u32, String)> {
    let wanted = Wanted::new(root, path);
    let own = std::process::id();
    super::entries(root, "proc", "")
        .into_iter()
        .filter_map(|process| {
            let pid: u32 = process.strip_prefix("proc/")?.parse().ok()?;
            let holds = pid != own && wanted.is_open_in(&root.join(&process).join("fd"));
            holds.then(|| {
                let name = line(root, &format!("{process}/comm"));
                (pid, name.unwrap_or_else(|| "unknown".to_owned()))
            })
        })
        .collect()
}

/// The device that is looked for.
struct Wanted {
    /// As the caller names it, and with its links followed.
    paths: [PathBuf; 2],
    /// Device number of a character device.
    device: Option<u64>,
}

impl Wanted {
    fn new(root: &Path, path: &Path) -> Wanted {
        let path = Path::new("/").join(path);
        let below = root.join(path.strip_prefix("/").unwrap_or(&path));
        let real = fs::canonicalize(&below).ok();
        let real = real.and_then(|real| {
            let root = fs::canonicalize(root).ok()?;
            Some(Path::new("/").join(real.strip_prefix(root).ok()?))
        });
        Wanted {
            device: device_number(&below),
            paths: [real.unwrap_or_else(|| path.clone()), path],
        }
    }

    /// Whether one of the links in a process's `fd` folder leads to the device.
    fn is_open_in(&self, fds: &Path) -> bool {
        let Ok(links) = fs::read_dir(fds) else {
            return false;
        };
        links.flatten().any(|link| {
            let Ok(target) = fs::read_link(link.path()) else {
                return false;
            };
            // Only links into /dev are followed: to look behind others can block on a dead
            // network file system. A container may know the same device by another path.
            self.paths.contains(&target)
                || (target.starts_with("/dev")
                    && self.device.is_some()
                    && device_number(&link.path()) == self.device)
        })
    }
}

fn device_number(path: &Path) -> Option<u64> {
    let meta = fs::metadata(path).ok()?;
    meta.file_type().is_char_device().then(|| meta.rdev())
}
