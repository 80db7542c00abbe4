//! Device nodes: opening them, and explaining why they do not open.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::host::board;
use crate::host::devices::permission_error;
use crate::{Error, ErrorKind, Result};

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
    let device = |message: String| {
        // The system's error again: an `io::Error` cannot be cloned.
        let source = io::Error::from(error.kind());
        Error::new(ErrorKind::Device, message).caused_by(
            error
                .raw_os_error()
                .map_or(source, io::Error::from_raw_os_error),
        )
    };
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) => device(format!("{shown} does not exist")).remedy(absent),
        Some(Errno::NODEV | Errno::NXIO) => {
            device(format!("{shown} is gone")).remedy("plug it in again")
        }
        Some(Errno::BUSY) => busy(path),
        Some(Errno::ACCESS | Errno::PERM) => permission_error(path),
        Some(Errno::NOTTY) => device(format!("{shown} is not a device of that kind"))
            .remedy("`face8x list` shows the devices"),
        _ => device(format!("{shown}: {error}")),
    }
}

/// The error of a device that another program has, naming the program where /proc shows it.
pub(crate) fn busy(path: &Path) -> Error {
    let shown = path.display();
    let holders: Vec<_> = board::holders(path)
        .into_iter()
        .map(|(pid, name)| format!("{name} (process {pid})"))
        .collect();
    if holders.is_empty() {
        let message = format!("{shown} is busy; /proc does not show which process holds it");
        return Error::new(ErrorKind::Device, message).remedy(format!(
            "`sudo fuser -v {shown}` names it: end that process, or the desktop that has the display"
        ));
    }
    let message = format!("{shown} is busy: held by {}", holders.join(", "));
    Error::new(ErrorKind::Device, message)
        .remedy("end that process, or run face8x in its window system")
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
        assert!(error.to_string().contains("does not show"), "{error}");
        assert!(error.remedy_text().unwrap().contains("fuser"));
    }

    #[test]
    fn each_failure_has_its_remedy() {
        let path = Path::new("/dev/null-such-node");
        for (errno, what, remedy) in [
            (Errno::NOENT, "does not exist", "is it there?"),
            (Errno::NODEV, "is gone", "plug it in"),
            (Errno::ACCESS, "no permission", "root"),
            (Errno::NOTTY, "is not a device of that kind", "face8x list"),
        ] {
            let error = explain(path, &os_error(errno), "is it there?");
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.remedy_text().unwrap().contains(remedy), "{error:?}");
        }
    }
}
