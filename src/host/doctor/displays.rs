//! What is wrong with the displays: window systems, DRM connectors, framebuffers, SPI panels.

use super::{Check, CheckedMachine, Severity};
use crate::host::board::holders_in;
use crate::host::devices::{Access, Connector, DeviceNode, Framebuffer};

pub(super) fn checks(machine: &CheckedMachine<'_>) -> Vec<Check> {
    let mut checks = windows(machine);
    // Without a window system the pictures go to a display of their own: then it matters that
    // this process may open it.
    let alone = checks.iter().all(|window| window.severity != Severity::Ok);
    let windows = checks.len();
    // Connectors come in the order of their cards.
    let connectors: Vec<&Connector> = machine
        .devices
        .connectors
        .iter()
        .filter(|connector| connector.is_connected() && is_there(&connector.card))
        .collect();
    for card in connectors.chunk_by(|a, b| a.card == b.card) {
        checks.push(drm(machine, card, alone));
    }
    let framebuffers = machine.devices.framebuffers.iter();
    checks.extend(
        framebuffers
            .filter(|framebuffer| is_there(&framebuffer.node))
            .map(|framebuffer| self::framebuffer(framebuffer, alone)),
    );
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

fn is_there(node: &DeviceNode) -> bool {
    node.access != Access::Missing
}

/// Whether the X server and the Wayland compositor that the environment names are there.
fn windows(machine: &CheckedMachine<'_>) -> Vec<Check> {
    let windows = machine.devices.windows.iter();
    windows
        .map(|window| match &window.problem {
            None => Check::ok("window", format!("{}, {}", window.system, window.name)),
            Some(problem) => Check::note(
                "window",
                problem.to_string(),
                problem.remedy_text().unwrap_or_default(),
            ),
        })
        .collect()
}

/// The connectors of one graphics card that have a display: who may use it, who does?
fn drm(machine: &CheckedMachine<'_>, connectors: &[&Connector], alone: bool) -> Check {
    let names: Vec<&str> = connectors
        .iter()
        .map(|connector| connector.name.as_str())
        .collect();
    let card = &connectors[0].card;
    let title = format!("{}: {} connected", card.path.display(), names.join(", "));
    if let Access::Denied(_) = &card.access {
        return access_check(alone, "drm", title, card);
    }
    match holders_in(machine.root, &card.path).first() {
        None => Check::ok("drm", title),
        Some((pid, name)) => Check::note(
            "drm",
            format!("{title}, in use by {name} (process {pid})"),
            "--sink drm needs it alone: use a window, or stop the desktop first",
        ),
    }
}

fn framebuffer(framebuffer: &Framebuffer, alone: bool) -> Check {
    let mut title = framebuffer.node.path.display().to_string();
    if let (Some(size), Some(bits)) = (&framebuffer.size, &framebuffer.bits) {
        title += &format!(": {size}, {bits} bits a pixel");
    }
    access_check(alone, "framebuffer", title, &framebuffer.node)
}

/// A display that cannot be opened is a problem where there is no window to use instead.
fn access_check(alone: bool, name: &str, title: String, node: &DeviceNode) -> Check {
    let Access::Denied(denied) = &node.access else {
        return Check::ok(name, title);
    };
    let finding = format!(
        "{title}, but no permission: only {} may open it",
        denied.who()
    );
    match alone {
        true => Check::problem(name, finding, &denied.remedy),
        false => Check::note(name, finding, &denied.remedy),
    }
}

/// SPI panels are rare, so that a machine without SPI is as it should be.
fn spi(machine: &CheckedMachine<'_>) -> Option<Check> {
    let buses = &machine.devices.spi;
    if buses.is_empty() {
        return machine.model_contains("Raspberry Pi").then(|| {
            Check::ok(
                "SPI",
                "off; a panel on SPI needs: sudo raspi-config nonint do_spi 0",
            )
        });
    }
    Some(panel_nodes("SPI", buses))
}

/// A panel's reset and data/command lines; only of interest where there is SPI.
fn gpio(machine: &CheckedMachine<'_>) -> Option<Check> {
    if machine.devices.spi.is_empty() {
        return None;
    }
    Some(if machine.devices.gpio.is_empty() {
        Check::note(
            "GPIO",
            "SPI is on, but there is no /dev/gpiochip for a panel's reset and data/command lines",
            "use a kernel with GPIO character devices (CONFIG_GPIO_CDEV, since Linux 4.8)",
        )
    } else {
        panel_nodes("GPIO", &machine.devices.gpio)
    })
}

/// Nodes that only an SPI panel needs, so that a missing permission is worth a note.
fn panel_nodes(name: &str, nodes: &[DeviceNode]) -> Check {
    let refused = nodes.iter().find_map(|node| match &node.access {
        Access::Denied(denied) => Some((node, denied)),
        _ => None,
    });
    match refused {
        None => {
            let paths = nodes.iter().map(|node| node.path.display().to_string());
            Check::ok(name, paths.collect::<Vec<_>>().join(", "))
        }
        Some((node, denied)) => Check::note(
            name,
            format!(
                "{}: no permission, only {} may open it (--sink spi)",
                node.path.display(),
                denied.who()
            ),
            &denied.remedy,
        ),
    }
}
