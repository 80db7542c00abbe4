//! May this process open a device node, and if not, what would let it?

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::Access;

use super::Machine;
use crate::host::board::text;

/// Bits of the mode that let the owner read and write; those of group and others lie 3 and 6 lower.
const READ_WRITE: u32 = 0o600;

/// What stands between this process and a device node.
pub(super) struct Denied {
    /// Who may open it: "group video" or "root".
    pub who: String,
    /// What lets this user open it.
    pub remedy: String,
}

/// `None` where this process may read and write `node` (a path without the leading slash), or
/// where it cannot be told.
pub(super) fn denied(machine: &Machine<'_>, node: &str) -> Option<Denied> {
    let meta = fs::metadata(machine.root.join(node)).ok()?;
    if may_open(machine, node, &meta) {
        return None;
    }
    let group = group(machine, meta.gid());
    if meta.gid() == 0 || meta.mode() & (READ_WRITE >> 3) != READ_WRITE >> 3 {
        return Some(Denied {
            who: "root".into(),
            remedy: format!(
                "give the node to a group with a udev rule: echo 'KERNEL==\"{}\", \
                 GROUP=\"video\", MODE=\"0660\"' | sudo tee /etc/udev/rules.d/72-face8x.rules, \
                 then restart the machine",
                node.rsplit('/').next().unwrap_or(node)
            ),
        });
    }
    let remedy = if group.members.contains(&user(machine)?) {
        format!(
            "you joined group {} after this session began: log in again",
            group.name
        )
    } else {
        format!("sudo usermod -aG {} $USER, then log in again", group.name)
    };
    Some(Denied {
        who: format!("group {}", group.name),
        remedy,
    })
}

fn may_open(machine: &Machine<'_>, node: &str, meta: &Metadata) -> bool {
    if machine.root == Path::new("/") {
        // The kernel knows more than the mode: access control lists (a desktop's login gives its
        // user one), capabilities, read-only mounts.
        let access = Access::READ_OK | Access::WRITE_OK;
        return rustix::fs::access(machine.root.join(node), access).is_ok();
    }
    let Some(identity) = &machine.identity else {
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

struct Group {
    name: String,
    members: Vec<String>,
}

/// The group as `/etc/group` has it, else its number for a name.
fn group(machine: &Machine<'_>, gid: u32) -> Group {
    let groups = text(machine.root, "etc/group").unwrap_or_default();
    let found = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(gid)).then(|| Group {
            name: name.to_owned(),
            members: fields
                .next()
                .unwrap_or("")
                .split(',')
                .map(str::to_owned)
                .collect(),
        })
    });
    found.unwrap_or_else(|| Group {
        name: gid.to_string(),
        members: Vec::new(),
    })
}

/// The name of this process's user, empty where `/etc/passwd` does not list it.
fn user(machine: &Machine<'_>) -> Option<String> {
    let uid = machine.identity.as_ref()?.uid;
    let users = text(machine.root, "etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    });
    Some(name.unwrap_or_default())
}
