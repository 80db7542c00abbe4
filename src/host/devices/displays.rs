//! Window systems, DRM connectors, framebuffers, and the buses that panels are wired to.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Access, Session, System};
use crate::host::board::{entries, line, names, text};
use crate::{Error, ErrorKind};

/// A window system that the environment names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WindowSystem {
    /// "Wayland" or "X11".
    pub system: &'static str,
    /// Its name in the environment, such as `wayland-0` or `:1`.
    pub name: String,
    /// Why no window opens there.
    pub problem: Option<Error>,
}

/// A connector of a graphics card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connector {
    /// Its name, such as `HDMI-A-1`.
    pub name: String,
    /// The card's node.
    pub card: DeviceNode,
    /// `connected`, `disconnected` or `unknown`.
    pub status: String,
    /// The card's driver, such as `vc4-drm`.
    pub driver: Option<String>,
}

impl Connector {
    /// Whether a display is connected to it.
    pub(crate) fn is_connected(&self) -> bool {
        self.status == "connected"
    }

    /// Why nothing can be shown there.
    pub(crate) fn problem(&self) -> Option<Error> {
        self.card.problem().or_else(|| {
            (self.status == "disconnected").then(|| {
                let message = format!("nothing is connected to {}", self.name);
                Error::new(ErrorKind::Device, message).remedy("connect a display and switch it on")
            })
        })
    }
}

/// A Linux framebuffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Framebuffer {
    /// Its node, such as `/dev/fb0`.
    pub node: DeviceNode,
    /// Width and height of its visible part, such as `640x480`.
    pub size: Option<String>,
    /// Bits of a pixel.
    pub bits: Option<String>,
    /// What the driver calls it.
    pub name: Option<String>,
}

/// A device node, and whether this process may open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceNode {
    /// Its path.
    pub path: PathBuf,
    /// Whether this process may open it.
    pub access: Access,
}

impl DeviceNode {
    /// The node at a path without the leading slash.
    fn at(system: &System<'_>, node: &str) -> DeviceNode {
        DeviceNode {
            path: Path::new("/").join(node),
            access: Access::to(system, node),
        }
    }

    /// Why it cannot be opened.
    pub(crate) fn problem(&self) -> Option<Error> {
        self.access.error(&self.path)
    }
}

/// The Wayland compositor and the X server that the environment names.
pub(super) fn windows(system: &System<'_>, session: &Session) -> Vec<WindowSystem> {
    let mut found = Vec::new();
    if let Some(name) = &session.wayland_display {
        // A name is that of a socket in the user's runtime folder; a path is a path.
        let runtime_dir = session.runtime_dir.as_deref();
        let socket = runtime_dir.unwrap_or(Path::new("/")).join(name);
        let below = socket.strip_prefix("/").unwrap_or(&socket);
        let missing = !system.root.join(below).exists();
        found.push(WindowSystem {
            system: "Wayland",
            name: name.clone(),
            problem: missing.then(|| {
                let message = format!(
                    "WAYLAND_DISPLAY is {name}, but {} does not exist",
                    socket.display()
                );
                Error::new(ErrorKind::Device, message)
                    .remedy("start face8x from within the desktop session")
            }),
        });
    }
    if let Some(name) = &session.display {
        // ":1" and ":1.0" are the local server behind the socket X1; "host:1" is on the network.
        let number = name
            .strip_prefix(':')
            .and_then(|rest| rest.split('.').next());
        let socket = number.map(|number| system.root.join(format!("tmp/.X11-unix/X{number}")));
        let missing = socket.is_some_and(|socket| !socket.exists());
        found.push(WindowSystem {
            system: "X11",
            name: name.clone(),
            problem: missing.then(|| {
                let message = format!("DISPLAY is {name}, but no X server listens there");
                Error::new(ErrorKind::Device, message).remedy("start the desktop, or unset DISPLAY")
            }),
        });
    }
    found
}

/// The connectors of all cards; the kernel names them `card0-HDMI-A-1`.
pub(super) fn connectors(system: &System<'_>) -> Vec<Connector> {
    let class = system.root.join("sys/class/drm");
    names(&class, "card")
        .iter()
        .filter_map(|entry| {
            let (card, name) = entry.split_once('-')?;
            let status = line(system.root, &format!("sys/class/drm/{entry}/status"));
            let driver = fs::read_link(class.join(entry).join("device/device/driver")).ok();
            let driver = driver.as_deref().and_then(Path::file_name);
            Some(Connector {
                name: name.to_owned(),
                card: DeviceNode::at(system, &format!("dev/dri/{card}")),
                status: status.unwrap_or_else(|| "unknown".to_owned()),
                driver: driver.map(|name| name.to_string_lossy().into_owned()),
            })
        })
        .collect()
}

pub(super) fn framebuffers(system: &System<'_>) -> Vec<Framebuffer> {
    entries(system.root, "sys/class/graphics", "fb")
        .iter()
        .map(|class| {
            let fact = |name: &str| line(system.root, &format!("{class}/{name}"));
            let modes = text(system.root, &format!("{class}/modes"));
            let size = modes.as_deref().and_then(size_of_mode);
            let number = class.trim_start_matches("sys/class/graphics/");
            Framebuffer {
                node: DeviceNode::at(system, &format!("dev/{number}")),
                // The virtual size counts the rows that are not visible too.
                size: size.or_else(|| Some(fact("virtual_size")?.replace(',', "x"))),
                bits: fact("bits_per_pixel"),
                name: fact("name"),
            }
        })
        .collect()
}

/// The first size in lines such as "1920x1080i" and "U:1280x800p-60".
fn size_of_mode(modes: &str) -> Option<String> {
    let digits = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit());
        text[..end.unwrap_or(text.len())].parse::<u32>().ok()
    };
    modes.lines().find_map(|line| {
        let size = line.split_once(':').map_or(line, |(_, size)| size);
        let (width, height) = size.split_once('x')?;
        Some(format!(
            "{}x{}",
            width.parse::<u32>().ok()?,
            digits(height)?
        ))
    })
}

/// The nodes in `/dev` whose names begin with `prefix`.
pub(super) fn nodes(system: &System<'_>, prefix: &str) -> Vec<DeviceNode> {
    names(&system.root.join("dev"), prefix)
        .iter()
        .map(|name| DeviceNode::at(system, &format!("dev/{name}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::size_of_mode;

    #[test]
    fn sizes_are_read_from_odd_lines() {
        for (modes, size) in [
            ("U:1280x800p-60\n8x9\n", Some("1280x800")),
            ("1920x1080i", Some("1920x1080")),
            ("x\n12x\n99999999999x1\n8x9\n", Some("8x9")),
            ("", None),
        ] {
            assert_eq!(size_of_mode(modes).as_deref(), size, "{modes:?}");
        }
    }
}
