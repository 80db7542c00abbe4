//! The displays of this machine, for `face8x list` and `face8x doctor`, from /sys and /dev alone:
//! nothing is opened, so a running desktop is not disturbed.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{Access, access};

use crate::Error;
use crate::host::node;

/// A display that this machine has, or a part of one (an SPI bus, a GPIO chip).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayInfo {
    /// What `--sink` takes to use it; for a GPIO chip its path alone.
    pub uri: String,
    /// One line: driver, size, state.
    pub detail: String,
    /// Sizes in pixels that it can show, best first, each once; empty where the kernel does not
    /// tell.
    pub modes: Vec<(u32, u32)>,
    /// Why it cannot be used as it is, with the remedy.
    pub problem: Option<Error>,
}

/// The displays of this machine: window system, DRM connectors, framebuffers, SPI buses and GPIO
/// chips.
pub fn displays() -> Vec<DisplayInfo> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut found = windows(variable("WAYLAND_DISPLAY"), variable("DISPLAY"));
    found.extend(nodes(Path::new("/sys"), Path::new("/dev")));
    found
}

fn windows(wayland: Option<String>, x11: Option<String>) -> Vec<DisplayInfo> {
    let system = |system, name| DisplayInfo {
        uri: "window".to_owned(),
        detail: format!("{system} display {name}"),
        modes: Vec::new(),
        problem: None,
    };
    let wayland = wayland.map(|name| system("Wayland", name));
    wayland
        .into_iter()
        .chain(x11.map(|name| system("X11", name)))
        .collect()
}

/// What the device nodes under `dev` and the attributes under `sys` tell.
fn nodes(sys: &Path, dev: &Path) -> Vec<DisplayInfo> {
    let mut found = Vec::new();
    for connector in names(&sys.join("class/drm"), "card") {
        if let Some((card, name)) = connector.split_once('-') {
            let node = dev.join("dri").join(card);
            found.push(connector_info(
                &sys.join("class/drm").join(&connector),
                &node,
                name,
            ));
        }
    }
    for name in names(&sys.join("class/graphics"), "fb") {
        if name.bytes().skip(2).all(|byte| byte.is_ascii_digit()) && name.len() > 2 {
            found.push(framebuffer_info(
                &sys.join("class/graphics").join(&name),
                &dev.join(name),
            ));
        }
    }
    for name in names(dev, "spidev") {
        let node = dev.join(name);
        let uri = format!("spi:MODEL,dev={},dc=PIN", node.display());
        found.push(plain_info(uri, "SPI bus", &node));
    }
    for name in names(dev, "gpiochip") {
        let node = dev.join(name);
        found.push(plain_info(node.display().to_string(), "GPIO chip", &node));
    }
    found
}

/// The names in `folder` that begin with `prefix`, in the order of their numbers.
fn names(folder: &Path, prefix: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    names
}

fn connector_info(attributes: &Path, node: &Path, name: &str) -> DisplayInfo {
    let status = attribute(attributes, "status").unwrap_or_else(|| "unknown".to_owned());
    let driver = fs::read_link(attributes.join("device/device/driver")).ok();
    let driver = driver
        .as_deref()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    let mut detail = format!("{} on {}, {status}", name, node.display());
    if let Some(driver) = driver {
        detail += &format!(" ({driver})");
    }
    let modes = attribute(attributes, "modes")
        .map(|text| sizes(&text))
        .unwrap_or_default();
    let problem = problem_with(node).or_else(|| {
        (status == "disconnected").then(|| {
            Error::other(format!("nothing is connected to {name}"))
                .remedy("connect a display and switch it on")
        })
    });
    DisplayInfo {
        uri: format!("drm:{name}"),
        detail,
        modes,
        problem,
    }
}

fn framebuffer_info(attributes: &Path, node: &Path) -> DisplayInfo {
    let text = |name| attribute(attributes, name).unwrap_or_else(|| "?".to_owned());
    let mut modes = attribute(attributes, "modes")
        .map(|text| sizes(&text))
        .unwrap_or_default();
    if modes.is_empty() {
        modes = sizes(&text("virtual_size").replace(',', "x"));
    }
    let size = modes
        .first()
        .map_or("size unknown".to_owned(), |(w, h)| format!("{w}x{h}"));
    let detail = format!(
        "framebuffer {size} at {} bits ({})",
        text("bits_per_pixel"),
        text("name")
    );
    let problem = problem_with(node);
    DisplayInfo {
        uri: format!("fb:{}", node.display()),
        detail,
        modes,
        problem,
    }
}

fn plain_info(uri: String, detail: &str, node: &Path) -> DisplayInfo {
    let problem = problem_with(node);
    DisplayInfo {
        uri,
        detail: detail.to_owned(),
        modes: Vec::new(),
        problem,
    }
}

/// The text of an attribute without the newline at its end.
fn attribute(folder: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    Some(text.trim_end().to_owned())
}

/// The sizes in lines such as "1920x1080", "1920x1080i" and "U:1280x800p-60", each once.
fn sizes(text: &str) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let size = line.split_once(':').map_or(line, |(_, size)| size);
        let Some((width, rest)) = size.split_once('x') else {
            continue;
        };
        let height = rest
            .split(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap_or_default();
        if let (Ok(width), Ok(height)) = (width.parse(), height.parse())
            && !found.contains(&(width, height))
        {
            found.push((width, height));
        }
    }
    found
}

/// Why `node` may not be read and written.
fn problem_with(node: &Path) -> Option<Error> {
    let error = io::Error::from(access(node, Access::READ_OK | Access::WRITE_OK).err()?);
    Some(node::explain(
        node,
        &error,
        "udev has made no node for it: restart the board",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_board_is_read_from_its_attributes() {
        let root = tempfile::tempdir().unwrap();
        let (sys, dev) = (root.path().join("sys"), root.path().join("dev"));
        let hdmi = sys.join("class/drm/card1-HDMI-A-1");
        write(&hdmi.join("status"), "connected\n");
        write(
            &hdmi.join("modes"),
            "1920x1080\n1920x1080\n1920x1080i\n1280x720\n",
        );
        fs::create_dir_all(hdmi.join("device/device")).unwrap();
        std::os::unix::fs::symlink("../../drivers/vc4-drm", hdmi.join("device/device/driver"))
            .unwrap();
        write(
            &sys.join("class/drm/card1-HDMI-A-2/status"),
            "disconnected\n",
        );
        write(&sys.join("class/drm/card1/uevent"), "");
        write(&sys.join("class/drm/version"), "drm\n");
        let fb = sys.join("class/graphics/fb0");
        write(&fb.join("name"), "simple\n");
        write(&fb.join("bits_per_pixel"), "16\n");
        write(&fb.join("virtual_size"), "640,960\n");
        write(&fb.join("modes"), "U:640x480p-0\n");
        write(&sys.join("class/graphics/fbcon/cursor_blink"), "1\n");
        for node in [
            "dri/card1",
            "fb0",
            "spidev0.1",
            "spidev0.0",
            "gpiochip10",
            "gpiochip4",
        ] {
            write(&dev.join(node), "");
        }

        let found = nodes(&sys, &dev);
        let place = root.path().display();
        let uris: Vec<String> = found
            .iter()
            .map(|info| info.uri.replace(&place.to_string(), ""))
            .collect();
        assert_eq!(
            uris,
            [
                "drm:HDMI-A-1",
                "drm:HDMI-A-2",
                "fb:/dev/fb0",
                "spi:MODEL,dev=/dev/spidev0.0,dc=PIN",
                "spi:MODEL,dev=/dev/spidev0.1,dc=PIN",
                "/dev/gpiochip4",
                "/dev/gpiochip10",
            ]
        );
        assert_eq!(found[0].modes, [(1920, 1080), (1280, 720)]);
        assert!(
            found[0].detail.ends_with("card1, connected (vc4-drm)"),
            "{}",
            found[0].detail
        );
        assert_eq!(found[0].problem, None);
        let problem = found[1].problem.as_ref().unwrap();
        assert_eq!(problem.to_string(), "nothing is connected to HDMI-A-2");
        assert_eq!(found[2].detail, "framebuffer 640x480 at 16 bits (simple)");

        fs::remove_file(dev.join("fb0")).unwrap();
        let problem = nodes(&sys, &dev)[2].problem.clone().unwrap();
        assert!(
            problem.to_string().ends_with("fb0 does not exist"),
            "{problem}"
        );
    }

    #[test]
    fn a_machine_without_displays_has_none() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(nodes(root.path(), root.path()), []);
        assert_eq!(windows(None, None), []);
    }

    #[test]
    fn both_window_systems_are_listed() {
        let found = windows(Some("wayland-0".to_owned()), Some(":0".to_owned()));
        let details: Vec<&str> = found.iter().map(|info| info.detail.as_str()).collect();
        assert_eq!(details, ["Wayland display wayland-0", "X11 display :0"]);
    }

    #[test]
    fn sizes_are_read_from_odd_lines() {
        assert_eq!(
            sizes("U:1280x800p-60\nx\n12x\n99999999999x1\n8x9\n"),
            [(1280, 800), (8, 9)]
        );
    }
}
