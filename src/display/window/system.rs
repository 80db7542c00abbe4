//! Which window system answers, asked before winit is.

use std::env;
use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::path::Path;

use x11rb::connection::Connection;
use x11rb::rust_connection::RustConnection;

use crate::{Error, ErrorKind, Result};

/// Bits of a pixel that softbuffer draws.
const DEPTHS: [u8; 2] = [24, 32];

/// The window systems of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DisplayServer {
    Wayland,
    X11,
}

/// What the environment says about the desktop.
pub(super) struct Desktop {
    /// Whether `WAYLAND_SOCKET` is set: a connection that is open already.
    pub wayland_socket: bool,
    pub wayland_display: Option<OsString>,
    pub runtime_dir: Option<OsString>,
    pub x11_display: Option<OsString>,
}

impl Desktop {
    /// Of this process. An empty variable counts as one that is not set.
    pub(crate) fn of_environment() -> Desktop {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        Desktop {
            wayland_socket: set("WAYLAND_SOCKET").is_some(),
            wayland_display: set("WAYLAND_DISPLAY"),
            runtime_dir: set("XDG_RUNTIME_DIR"),
            x11_display: set("DISPLAY"),
        }
    }
}

/// A window system that answers.
pub(super) struct Answer {
    pub system: DisplayServer,
    /// The connection over which it answered, where it is X11: a server resets itself when the last
    /// client leaves, so this one stays until the window is there.
    pub connection: Option<RustConnection>,
}

fn no_window(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Device, message)
}

/// The window system that answers, Wayland before X11.
///
/// winit can be asked once in the life of a process, and panics where a library is missing, so it
/// is only asked after this.
pub(super) fn find_system(desktop: Desktop) -> Result<Answer> {
    if cfg!(target_feature = "crt-static") {
        let message = "a static build cannot load the libraries of a window system";
        return Err(
            no_window(message).remedy("use --sink drm or fb, or a build that is not static")
        );
    }
    let mut reasons = Vec::new();
    if let Some(name) = desktop.wayland_display {
        let socket = Path::new(&desktop.runtime_dir.unwrap_or_default()).join(&name);
        match UnixStream::connect(&socket) {
            Ok(_) => return with_libraries(DisplayServer::Wayland, None),
            Err(error) => {
                reasons.push(format!(
                    "no Wayland compositor at {}: {error}",
                    socket.display()
                ));
            }
        }
    } else if desktop.wayland_socket {
        return with_libraries(DisplayServer::Wayland, None);
    }
    if let Some(name) = desktop.x11_display {
        match x11rb::connect(None) {
            Ok((connection, screen)) => {
                check_depth(&connection, screen)?;
                return with_libraries(DisplayServer::X11, Some(connection));
            }
            Err(error) => {
                reasons.push(format!(
                    "no X server at {}: {error}",
                    name.to_string_lossy()
                ));
            }
        }
    }
    if reasons.is_empty() {
        reasons.push("no desktop: neither WAYLAND_DISPLAY nor DISPLAY is set".to_owned());
    }
    Err(no_window(reasons.join("; ")).remedy("start it from a desktop, or use --sink drm"))
}

/// Refuses a screen whose pixels nothing draws, in plain words.
fn check_depth(connection: &RustConnection, screen: usize) -> Result<()> {
    let screens = &connection.setup().roots;
    match screens.get(screen).map(|screen| screen.root_depth) {
        Some(depth) if !DEPTHS.contains(&depth) => Err(no_window(format!(
            "the X server's screen has {depth} bits a pixel, and a window needs 24"
        ))
        .remedy("set DefaultDepth 24 in xorg.conf, or use --sink drm or fb")),
        _ => Ok(()),
    }
}

fn with_libraries(system: DisplayServer, connection: Option<RustConnection>) -> Result<Answer> {
    let missing = if xkbcommon_dl::xkbcommon_option().is_none() {
        "libxkbcommon0"
    } else if system == DisplayServer::X11 && xkbcommon_dl::x11::xkbcommon_x11_option().is_none() {
        "libxkbcommon-x11-0"
    } else {
        return Ok(Answer { system, connection });
    };
    Err(no_window(format!("the library of {missing} is missing"))
        .remedy(format!("sudo apt install {missing}")))
}
