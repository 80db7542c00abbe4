//! The device inventory: cameras, window systems, displays, SPI buses and GPIO chips of a machine,
//! with what is wrong about each.
//!
//! This is the only place that looks for devices. `face8x list` prints the inventory as it is,
//! `face8x doctor` judges it, and the source `auto` takes its first camera. Everything but the
//! formats of cameras comes from `/sys`, `/dev` and `/proc` below a root folder (`/`, or a test's
//! tree). Only video nodes are opened, to ask their drivers, which does not disturb programs that use them.

mod access;
mod cameras;
mod displays;
mod listing;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::host::board::ProcessIdentity;

pub(crate) use access::Access;
#[cfg(any(feature = "v4l2", test))]
pub(crate) use cameras::DriverAnswer;
pub(crate) use cameras::{AskDriver, VideoNode, VideoRole, video_nodes};
pub(crate) use displays::{Connector, DeviceNode, Framebuffer, WindowSystem};

pub(crate) use access::permission_error;

/// Everything that was found, each kind in the order of its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Devices {
    /// The drivers of video nodes were asked: this build can.
    pub drivers_asked: bool,
    /// Every node of Video4Linux, cameras or not.
    pub video_nodes: Vec<VideoNode>,
    /// The kernel knows video devices, but `/dev` has no node for any, as in a container.
    pub video_nodes_hidden: bool,
    /// The window systems that the environment names.
    pub windows: Vec<WindowSystem>,
    /// Connectors of graphics cards.
    pub connectors: Vec<Connector>,
    /// Linux framebuffers.
    pub framebuffers: Vec<Framebuffer>,
    /// `/dev/spidevB.C`: bus and chip select.
    pub spi: Vec<DeviceNode>,
    /// `/dev/gpiochipN`.
    pub gpio: Vec<DeviceNode>,
}

impl Devices {
    /// Looks at the machine whose file system lies below `root`; `ask` asks the driver of a video
    /// node, where this build can.
    pub(crate) fn find(root: &Path, session: &Session, ask: Option<AskDriver>) -> Devices {
        let system = System::of(root);
        let video_nodes = cameras::find(&system, ask);
        Devices {
            drivers_asked: ask.is_some(),
            video_nodes_hidden: video_nodes.is_empty() && cameras::known_to_kernel(&system),
            video_nodes,
            windows: displays::windows(&system, session),
            connectors: displays::connectors(&system),
            framebuffers: displays::framebuffers(&system),
            spi: displays::nodes(&system, "spidev"),
            gpio: displays::nodes(&system, "gpiochip"),
        }
    }
}

/// The window systems that a process's environment names; empty variables count as unset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Session {
    /// `DISPLAY`: the X server.
    pub display: Option<String>,
    /// `WAYLAND_DISPLAY`: the compositor's socket.
    pub wayland_display: Option<String>,
    /// `XDG_RUNTIME_DIR`: where that socket lies.
    pub runtime_dir: Option<PathBuf>,
}

impl Session {
    /// That of this process.
    pub(crate) fn of_process() -> Session {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Session {
            display: variable("DISPLAY"),
            wayland_display: variable("WAYLAND_DISPLAY"),
            runtime_dir: variable("XDG_RUNTIME_DIR").map(PathBuf::from),
        }
    }
}

/// A machine's file system, and who looks at it.
struct System<'a> {
    root: &'a Path,
    identity: Option<ProcessIdentity>,
}

impl System<'_> {
    fn of(root: &Path) -> System<'_> {
        System {
            root,
            identity: ProcessIdentity::read_in(root),
        }
    }
}
