//! Device nodes: opening them, and saying in words that help why they will not open.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::io::Errno;

use crate::host::board;
use crate::{Error, Result};

/// Opens a device node to read and write; `absent` is the remedy where it does not exist.
#[cfg_attr(
    not(feature = "spi"),
    allow(dead_code, reason = "displays alone need it")
)]
pub(crate) fn open(path: &Path, absent: &str) -> Result<File> {
    let opened = OpenOptions::new().read(true).write(true).open(path);
    opened.map_err(|error| explain(path, &error, absent))
}

/// The error for a node that did not open or refused a request, with its remedy; `absent` is the
/// one where it does not exist.
pub(crate) fn explain(path: &Path, error: &io::Error, absent: &str) -> Error {
    let shown = path.display();
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) => Error::other(format!("{shown} does not exist")).remedy(absent),
        Some(Errno::NODEV | Errno::NXIO) => {
            Error::other(format!("{shown} is gone")).remedy("plug it in again")
        }
        Some(Errno::BUSY) => busy(path),
        Some(Errno::ACCESS | Errno::PERM) => forbidden(path),
        Some(Errno::NOTTY) => Error::other(format!("{shown} is not such a device"))
            .remedy("`face8x list` shows the devices"),
        _ => Error::other(format!("{shown}: {error}")),
    }
}

/// The error of a device that another program has, naming the program where /proc tells.
pub(crate) fn busy(path: &Path) -> Error {
    let shown = path.display();
    let holders: Vec<_> = board::holders(path)
        .into_iter()
        .map(|(pid, name)| format!("{name} (process {pid})"))
        .collect();
    if holders.is_empty() {
        let told = format!("{shown} is busy; /proc does not tell which process holds it");
        return Error::other(told).remedy(format!(
            "`sudo fuser -v {shown}` names it: end that process, or the desktop that has the display"
        ));
    }
    Error::other(format!("{shown} is busy: held by {}", holders.join(", ")))
        .remedy("end that process, or run face8x in its window system")
}

fn forbidden(path: &Path) -> Error {
    let shown = path.display();
    match group_of(path).as_deref() {
        None | Some("root") => Error::other(format!("no permission to open {shown}"))
            .remedy("run as root, or give the device to a group by a udev rule"),
        Some(group) => Error::other(format!(
            "no permission to open {shown}: it belongs to group {group}"
        ))
        .remedy(format!(
            "`sudo usermod -aG {group} $USER`, then log in again"
        )),
    }
}

/// The name of the group that owns `path`, or its number where it has no name.
fn group_of(path: &Path) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn os_error(errno: Errno) -> io::Error {
        io::Error::from_raw_os_error(errno.raw_os_error())
    }

    #[test]
    fn a_busy_node_names_its_holder_or_how_to_find_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut child = std::process::Command::new("sleep")
            .arg("30")
            .stdin(File::open(file.path()).unwrap())
            .spawn()
            .unwrap();
        let text = explain(file.path(), &os_error(Errno::BUSY), "").to_string();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(
            text.contains(&format!("(process {})", child.id())),
            "{text}"
        );
        let error = explain(file.path(), &os_error(Errno::BUSY), "");
        assert!(error.to_string().contains("does not tell"), "{error}");
        assert!(error.remedy_text().unwrap().contains("fuser"));
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
            (Errno::NOENT, "does not exist", "is it there?"),
            (Errno::NODEV, "is gone", "plug it in"),
            (Errno::ACCESS, "no permission", "root"),
            (Errno::NOTTY, "is not such a device", "face8x list"),
        ] {
            let error = explain(path, &os_error(errno), "is it there?");
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.remedy_text().unwrap().contains(remedy), "{error:?}");
        }
    }
}
