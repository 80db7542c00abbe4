//! Displays: a window system, DRM connectors, the framebuffer, SPI panels.

use std::fs;
use std::path::Path;

use super::access::denied;
use super::{Check, Machine, Status};
use crate::host::board::{entries, holders_in, line};

pub(super) fn checks(machine: &Machine<'_>) -> Vec<Check> {
    let mut checks = windows(machine);
    // Without a window system the pictures go to a display of their own: then it matters that
    // this process may open it.
    let alone = checks.iter().all(|window| window.status != Status::Ok);
    let windows = checks.len();
    for card in entries(machine.root, "dev/dri", "card") {
        checks.extend(drm(machine, &card, alone));
    }
    for node in entries(machine.root, "dev", "fb") {
        checks.push(framebuffer(machine, &node, alone));
    }
    if alone && checks.len() == windows {
        checks.push(Check::note(
            "display",
            "no window system, no connected display and no framebuffer: pictures go to a file",
            "connect a display before the start, or choose one with --sink (`face8x list` shows \
             them)",
        ));
    }
    checks.extend(spi(machine));
    checks.extend(gpio(machine));
    checks
}

/// Whether the X server and the Wayland compositor that the environment names are there.
fn windows(machine: &Machine<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    let surroundings = machine.surroundings;
    if let Some(name) = &surroundings.wayland_display {
        // A name is that of a socket in the user's runtime folder; a path is a path.
        let runtime_dir = surroundings.runtime_dir.as_deref();
        let socket = runtime_dir.unwrap_or(Path::new("/")).join(name);
        let below = socket.strip_prefix("/").unwrap_or(&socket);
        checks.push(if machine.root.join(below).exists() {
            Check::ok("window", format!("Wayland, {name}"))
        } else {
            Check::note(
                "window",
                format!(
                    "WAYLAND_DISPLAY is {name}, but {} does not exist",
                    socket.display()
                ),
                "start face8x from within the desktop session",
            )
        });
    }
    if let Some(name) = &surroundings.display {
        // ":1" and ":1.0" are the local server behind the socket X1; "host:1" is on the network.
        let local = name
            .strip_prefix(':')
            .and_then(|rest| rest.split('.').next());
        let socket = local.map(|number| format!("tmp/.X11-unix/X{number}"));
        checks.push(match socket {
            Some(socket) if !machine.has(&socket) => Check::note(
                "window",
                format!("DISPLAY is {name}, but no X server listens there"),
                "start the desktop, or unset DISPLAY",
            ),
            _ => Check::ok("window", format!("X11, {name}")),
        });
    }
    checks
}

/// One graphics card: which connectors have a display, who may use it, who does.
fn drm(machine: &Machine<'_>, node: &str, alone: bool) -> Vec<Check> {
    let card = node.rsplit('/').next().unwrap_or(node);
    let connected = connected(machine, card);
    if connected.is_empty() {
        return Vec::new();
    }
    let title = format!("/{node}: {} connected", connected.join(", "));
    if let Some(denied) = denied(machine, node) {
        let finding = format!(
            "{title}, but no permission: only {} may open it",
            denied.who
        );
        return vec![graded(alone, "drm", finding, denied.remedy)];
    }
    let path = format!("/{node}");
    let holders = holders_in(machine.root, Path::new(&path));
    match holders.first() {
        None => vec![Check::ok("drm", title)],
        Some((pid, name)) => vec![Check::note(
            "drm",
            format!("{title}, in use by {name} (process {pid})"),
            "--sink drm needs it alone: use a window, or stop the desktop first",
        )],
    }
}

/// Connectors of a card with a display: the kernel names them `card0-HDMI-A-1`.
fn connected(machine: &Machine<'_>, card: &str) -> Vec<String> {
    let Ok(listing) = fs::read_dir(machine.root.join("sys/class/drm")) else {
        return Vec::new();
    };
    let prefix = format!("{card}-");
    let mut names: Vec<String> = listing
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let connector = name.strip_prefix(&prefix)?;
            let status = line(machine.root, &format!("sys/class/drm/{name}/status"))?;
            (status == "connected").then(|| connector.to_owned())
        })
        .collect();
    names.sort_unstable();
    names
}

fn framebuffer(machine: &Machine<'_>, node: &str, alone: bool) -> Check {
    let number = node.trim_start_matches("dev/");
    let fact = |name: &str| line(machine.root, &format!("sys/class/graphics/{number}/{name}"));
    let mut title = format!("/{node}");
    if let (Some(size), Some(bits)) = (fact("virtual_size"), fact("bits_per_pixel")) {
        let size = size.replace(',', "x");
        title += &format!(": {size}, {bits} bits a pixel");
    }
    match denied(machine, node) {
        None => Check::ok("framebuffer", title),
        Some(denied) => graded(
            alone,
            "framebuffer",
            format!(
                "{title}, but no permission: only {} may open it",
                denied.who
            ),
            denied.remedy,
        ),
    }
}

/// A display that cannot be opened is a problem where there is no window to use instead.
fn graded(alone: bool, name: &str, finding: String, remedy: String) -> Check {
    if alone {
        Check::problem(name, finding, remedy)
    } else {
        Check::note(name, finding, remedy)
    }
}

/// SPI panels are rare, so that a machine without SPI is as it should be.
fn spi(machine: &Machine<'_>) -> Option<Check> {
    let names = spi_nodes(machine);
    if names.is_empty() {
        return machine.model_contains("Raspberry Pi").then(|| {
            Check::ok(
                "SPI",
                "off; a panel on SPI needs: sudo raspi-config nonint do_spi 0",
            )
        });
    }
    Some(panel_nodes(machine, "SPI", &names))
}

/// `/dev/spidevB.C`: bus and chip select.
fn spi_nodes(machine: &Machine<'_>) -> Vec<String> {
    let Ok(listing) = fs::read_dir(machine.root.join("dev")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = listing
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("spidev"))
        .map(|name| format!("dev/{name}"))
        .collect();
    names.sort_unstable();
    names
}

/// A panel's reset and data/command lines; only of interest where there is SPI.
fn gpio(machine: &Machine<'_>) -> Option<Check> {
    let chips = entries(machine.root, "dev", "gpiochip");
    if spi_nodes(machine).is_empty() {
        return None;
    }
    Some(if chips.is_empty() {
        Check::note(
            "GPIO",
            "SPI is on, but there is no /dev/gpiochip for a panel's reset and data/command lines",
            "use a kernel with GPIO character devices (CONFIG_GPIO_CDEV, since Linux 4.8)",
        )
    } else {
        panel_nodes(machine, "GPIO", &chips)
    })
}

/// Nodes that only an SPI panel needs, so that a missing permission is worth a note.
fn panel_nodes(machine: &Machine<'_>, name: &str, nodes: &[String]) -> Check {
    let list = nodes
        .iter()
        .map(|node| format!("/{node}"))
        .collect::<Vec<_>>()
        .join(", ");
    match nodes
        .iter()
        .find_map(|node| Some((node, denied(machine, node)?)))
    {
        None => Check::ok(name, list),
        Some((node, denied)) => Check::note(
            name,
            format!(
                "/{node}: no permission, only {} may open it (--sink spi)",
                denied.who
            ),
            denied.remedy,
        ),
    }
}
