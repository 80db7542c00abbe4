//! May this process open a device node, and if not, what would let it?

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::Access as Mode;

use super::System;
use crate::host::board::text;
use crate::{Error, ErrorKind};

/// Bits of the mode that let the owner read and write; those of group and others lie 3 and 6 lower.
const READ_WRITE: u32 = 0o600;

/// Whether this process may read and write a device node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// It may, or at least nothing is known to forbid it.
    Granted,
    /// There is no such node.
    Missing,
    /// It may not.
    Denied(Denied),
}

/// Who may open a device node that this process may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denied {
    /// The group that may, by its name, or by its number where it has none; `None` where only root
    /// may.
    pub group: Option<String>,
    /// What lets this user open it.
    pub remedy: String,
}

impl Denied {
    /// "group video" or "root".
    pub(crate) fn who(&self) -> String {
        match &self.group {
            Some(group) => format!("group {group}"),
            None => "root".to_owned(),
        }
    }
}

impl Access {
    /// The access to `node`, a path without the leading slash.
    pub(super) fn to(system: &System<'_>, node: &str) -> Access {
        let path = system.root.join(node);
        let Ok(meta) = fs::metadata(&path) else {
            return Access::Missing;
        };
        if may_open(system, &path, &meta) {
            return Access::Granted;
        }
        Access::Denied(denied(system, &path, &meta))
    }

    /// What is wrong with the device at `path`.
    pub(super) fn error(&self, path: &Path) -> Option<Error> {
        let shown = path.display();
        match self {
            Access::Granted => None,
            Access::Missing => Some(
                Error::new(ErrorKind::Device, format!("{shown} does not exist"))
                    .remedy("udev has made no node for it: restart the board"),
            ),
            Access::Denied(denied) => Some(denied.error(path)),
        }
    }
}

impl Denied {
    fn error(&self, path: &Path) -> Error {
        let mut message = format!("no permission to open {}", path.display());
        if let Some(group) = &self.group {
            message += &format!(": it belongs to group {group}");
        }
        Error::new(ErrorKind::Device, message).remedy(&self.remedy)
    }
}

/// The error of a device of this machine that did not open for lack of permission.
pub(crate) fn permission_error(path: &Path) -> Error {
    match fs::metadata(path) {
        Ok(meta) => denied(&System::of(Path::new("/")), path, &meta).error(path),
        Err(_) => Error::new(
            ErrorKind::Device,
            format!("no permission to open {}", path.display()),
        )
        .remedy("run as root, or give the device to a group with a udev rule"),
    }
}

fn denied(system: &System<'_>, path: &Path, meta: &Metadata) -> Denied {
    if meta.gid() == 0 || meta.mode() & (READ_WRITE >> 3) != READ_WRITE >> 3 {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return Denied {
            group: None,
            remedy: format!(
                "give the node to a group with a udev rule: echo 'KERNEL==\"{name}\", \
                 GROUP=\"video\", MODE=\"0660\"' | sudo tee /etc/udev/rules.d/72-face8x.rules, \
                 then restart the machine"
            ),
        };
    }
    let group = group(system, meta.gid());
    let user = user(system);
    let remedy = if user.is_some_and(|user| group.members.contains(&user)) {
        format!(
            "you joined group {} after this session began: log in again",
            group.name
        )
    } else {
        format!("sudo usermod -aG {} $USER, then log in again", group.name)
    };
    Denied {
        group: Some(group.name),
        remedy,
    }
}

fn may_open(system: &System<'_>, path: &Path, meta: &Metadata) -> bool {
    if system.root == Path::new("/") {
        // The kernel knows more than the mode: access control lists (a desktop's login gives its
        // user one), capabilities, read-only mounts.
        return rustix::fs::access(path, Mode::READ_OK | Mode::WRITE_OK).is_ok();
    }
    let Some(identity) = &system.identity else {
        return true;
    };
    let lower = if identity.uid == meta.uid() {
        0
    } else if identity.groups.contains(&meta.gid()) {
        3
    } else {
        6
    };
    identity.uid == 0 || meta.mode() & (READ_WRITE >> lower) == READ_WRITE >> lower
}

struct UserGroup {
    name: String,
    members: Vec<String>,
}

/// The group as `/etc/group` (`name:password:gid:members`) has it, else its number for a name.
fn group(system: &System<'_>, gid: u32) -> UserGroup {
    let groups = text(system.root, "etc/group").unwrap_or_default();
    let found = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        let members = fields.next().unwrap_or("").split(',');
        (number.parse() == Ok(gid)).then(|| UserGroup {
            name: name.to_owned(),
            members: members.map(str::to_owned).collect(),
        })
    });
    found.unwrap_or_else(|| UserGroup {
        name: gid.to_string(),
        members: Vec::new(),
    })
}

/// The name of this process's user, where `/etc/passwd` has it.
fn user(system: &System<'_>) -> Option<String> {
    let uid = system.identity.as_ref()?.uid;
    let users = text(system.root, "etc/passwd")?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    })
}
