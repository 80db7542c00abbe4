//! Why a device node does not open, in words that help: who holds it, which group may use it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::Error;

/// A process that has a device open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its short name, as in `ps`.
    pub name: String,
}

/// The processes that have `path` open, as far as /proc tells: other users' processes are hidden
/// from all but root.
pub fn holders(path: &Path) -> Vec<Holder> {
    let Ok(target) = fs::canonicalize(path) else {
        return Vec::new();
    };
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let number = |name: &OsStr| name.to_str().and_then(|s| s.parse::<u32>().ok());
    let mut found: Vec<Holder> = processes
        .flatten()
        .filter_map(|process| Some((number(&process.file_name())?, process.path())))
        .filter(|(_, process)| has_open(process, &target))
        .map(|(pid, process)| {
            let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
            Holder {
                pid,
                name: name.trim().to_owned(),
            }
        })
        .collect();
    found.sort_by_key(|holder| holder.pid);
    found
}

fn has_open(process: &Path, target: &Path) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    files
        .flatten()
        .any(|file| fs::read_link(file.path()).is_ok_and(|link| link == target))
}

/// The name of the group that owns `path`, or its number where it has no name.
pub fn group(path: &Path) -> Option<String> {
    let gid = fs::metadata(path).ok()?.gid();
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    Some(group_name(&groups, gid).unwrap_or_else(|| gid.to_string()))
}

/// The name of group `gid` in the text of /etc/group (`name:password:gid:members`).
fn group_name(groups: &str, gid: u32) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
    })
}

/// The error for a device node that did not open or refused a request, with its remedy.
pub fn explain(path: &Path, error: &io::Error) -> Error {
    let shown = path.display();
    match error
        .raw_os_error()
        .map(rustix::io::Errno::from_raw_os_error)
    {
        Some(rustix::io::Errno::NOENT) => Error::new(format!("{shown} does not exist"))
            .remedy("is it plugged in? `face8x list` shows the devices"),
        Some(rustix::io::Errno::NODEV | rustix::io::Errno::NXIO) => {
            Error::new(format!("{shown} is gone")).remedy("plug it in again")
        }
        Some(rustix::io::Errno::BUSY) => busy(path),
        Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => forbidden(path),
        Some(rustix::io::Errno::NOTTY) => Error::new(format!("{shown} is not such a device"))
            .remedy("`face8x list` shows the devices"),
        _ => Error::new(format!("{shown}: {error}")),
    }
}

fn busy(path: &Path) -> Error {
    let shown = path.display();
    let holders: Vec<_> = holders(path)
        .iter()
        .map(|h| format!("{} (process {})", h.name, h.pid))
        .collect();
    if holders.is_empty() {
        Error::new(format!(
            "{shown} is busy; /proc does not tell which process holds it"
        ))
        .remedy(format!(
            "`sudo fuser -v {shown}` names it: end that process"
        ))
    } else {
        Error::new(format!("{shown} is busy: held by {}", holders.join(", ")))
            .remedy("end that process")
    }
}

fn forbidden(path: &Path) -> Error {
    let shown = path.display();
    match group(path).as_deref() {
        None | Some("root") => Error::new(format!("no permission to open {shown}"))
            .remedy("run as root, or give the device to a group by a udev rule"),
        Some(group) => Error::new(format!(
            "no permission to open {shown}: it belongs to group {group}"
        ))
        .remedy(format!(
            "`sudo usermod -aG {group} $USER`, then log in again"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    fn os_error(errno: Errno) -> io::Error {
        io::Error::from_raw_os_error(errno.raw_os_error())
    }

    #[test]
    fn busy_node_names_its_holder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let me = std::process::id();
        assert!(
            holders(file.path())
                .iter()
                .any(|h| h.pid == me && !h.name.is_empty())
        );
        let text = explain(file.path(), &os_error(Errno::BUSY)).to_string();
        assert!(text.contains(&format!("(process {me})")), "{text}");

        let path = file.path().to_owned();
        drop(file.into_file());
        std::fs::write(&path, "").unwrap();
        let error = explain(&path, &os_error(Errno::BUSY));
        assert!(error.to_string().contains("does not tell"), "{error}");
        assert!(error.remedy_text().unwrap().contains("fuser"));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn groups_are_named() {
        let text = "root:x:0:\nvideo:x:44:ann,bob\nbroken\nplugdev:x:46:";
        assert_eq!(group_name(text, 44).as_deref(), Some("video"));
        assert_eq!(group_name(text, 46).as_deref(), Some("plugdev"));
        assert_eq!(group_name(text, 4), None);
    }

    #[test]
    fn each_failure_has_its_remedy() {
        let path = Path::new("/dev/null-such-node");
        for (errno, what, remedy) in [
            (Errno::NOENT, "does not exist", "face8x list"),
            (Errno::NODEV, "is gone", "plug it in"),
            (Errno::ACCESS, "no permission", "root"),
            (Errno::NOTTY, "is not such a device", "face8x list"),
        ] {
            let error = explain(path, &os_error(errno));
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.remedy_text().unwrap().contains(remedy), "{error:?}");
        }
    }
}
