//! Device nodes: opening them, and saying why they will not open.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::{Error, Result};

/// Opens a device node to read and write; `absent` is the remedy where it does not exist.
pub(super) fn open_node(path: &Path, absent: &str) -> Result<File> {
    let opened = OpenOptions::new().read(true).write(true).open(path);
    opened.map_err(|error| explain(path, &error, absent))
}

/// Why `path` would not open, and what to do about it.
pub(super) fn explain(path: &Path, error: &io::Error, absent: &str) -> Error {
    let name = path.display();
    match error.kind() {
        ErrorKind::NotFound => Error::new(format!("{name} does not exist")).remedy(absent),
        ErrorKind::PermissionDenied => {
            let denied = Error::new(format!("no permission to open {name}"));
            match group_of(path) {
                Some(group) => denied.remedy(format!(
                    "join its group: sudo usermod -aG {group} $USER, then log in"
                )),
                None => denied.remedy("run as its owner"),
            }
        }
        ErrorKind::ResourceBusy => busy(path),
        _ => Error::new(format!("{name}: {error}")),
    }
}

/// The error of a device that another program has, naming the program where /proc tells.
pub(super) fn busy(path: &Path) -> Error {
    let name = path.display();
    match holder(path, Path::new("/proc")) {
        Some(holder) => Error::new(format!("{name} is in use by {holder}"))
            .remedy("stop that program, or run face8x in its window system"),
        None => Error::new(format!("{name} is in use"))
            .remedy("stop the desktop or the program that has it"),
    }
}

/// The name of the group that owns `path`, or its number; `None` for root's.
pub(super) fn group_of(path: &Path) -> Option<String> {
    let gid = fs::metadata(path).ok()?.gid();
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    (gid != 0).then(|| group_name(&groups, gid).unwrap_or_else(|| gid.to_string()))
}

/// The name of group `gid` in the text of /etc/group (`name:password:gid:members` a line).
fn group_name(groups: &str, gid: u32) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
    })
}

/// "name (process 12)" of another process that has `path` open, as far as `proc` may be read.
fn holder(path: &Path, proc: &Path) -> Option<String> {
    let own = std::process::id();
    for entry in fs::read_dir(proc).ok()?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(open) = fs::read_dir(entry.path().join("fd")) else {
            continue;
        };
        let holds = open
            .flatten()
            .any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == path));
        if holds && pid != own {
            let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {pid})", name.trim()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_by_number() {
        let groups = "root:x:0:\nvideo:x:44:pi\nrender:x:105:\nbroken\n";
        assert_eq!(group_name(groups, 44).as_deref(), Some("video"));
        assert_eq!(group_name(groups, 105).as_deref(), Some("render"));
        assert_eq!(group_name(groups, 7), None);
    }

    #[test]
    fn the_holder_of_a_node_is_named() {
        let proc = tempfile::tempdir().unwrap();
        let process = proc.path().join("4242");
        fs::create_dir_all(process.join("fd")).unwrap();
        fs::write(process.join("comm"), "weston\n").unwrap();
        std::os::unix::fs::symlink("/dev/dri/card7", process.join("fd/5")).unwrap();
        fs::create_dir(proc.path().join("self")).unwrap();
        let found = holder(Path::new("/dev/dri/card7"), proc.path());
        assert_eq!(found.as_deref(), Some("weston (process 4242)"));
        assert_eq!(holder(Path::new("/dev/dri/card8"), proc.path()), None);
    }

    #[test]
    fn an_absent_node_has_its_own_remedy() {
        let error = open_node(Path::new("/dev/face8x-absent"), "plug it in").unwrap_err();
        assert_eq!(error.to_string(), "/dev/face8x-absent does not exist");
        assert_eq!(error.remedy_text(), Some("plug it in"));
    }
}
