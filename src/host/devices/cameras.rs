//! Video4Linux nodes: which of them are cameras.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Access, System};
use crate::Result;
use crate::host::board::{entries, line, names, text};

/// Asks the driver of the video node at this path.
pub(crate) type AskDriver = fn(&Path) -> Result<DriverAnswer>;

/// What the driver of a video node says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DriverAnswer {
    /// What the driver calls the device.
    pub name: String,
    /// The driver, such as `uvcvideo`.
    pub driver: String,
    /// What the node is for.
    pub role: VideoRole,
    /// Why it is not usable, and what to use instead, where the role is not
    /// [`VideoRole::Camera`].
    pub unusable: Option<String>,
    /// The formats that face8x reads with their sizes and rates, one in a line.
    pub offers: Vec<String>,
    /// The controls that can be set, with their values, one in a line.
    pub controls: Vec<String>,
}

/// What a Video4Linux node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VideoRole {
    /// Gives pictures that face8x reads.
    Camera,
    /// Gives pictures that face8x does not read.
    #[cfg_attr(
        not(feature = "v4l2"),
        expect(dead_code, reason = "only a driver says so")
    )]
    UnreadCamera,
    /// Gives a CSI sensor's raw pixels, which only the board's own camera stack makes pictures of;
    /// the source that uses that stack.
    Sensor(&'static str),
    /// Codecs, picture processors, outputs, metadata.
    Other,
}

/// A Video4Linux node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VideoNode {
    /// Its path, such as `/dev/video0`.
    pub path: PathBuf,
    /// Its name that survives renumbering, where udev gives one.
    pub by_id: Option<PathBuf>,
    /// What the driver calls the device.
    pub name: Option<String>,
    /// The driver, such as `uvcvideo`.
    pub driver: Option<String>,
    /// What it is for.
    pub role: VideoRole,
    /// The formats that face8x reads with their sizes and rates, one in a line.
    pub offers: Vec<String>,
    /// The controls that can be set, with their values, one in a line.
    pub controls: Vec<String>,
    /// Whether this process may open it.
    pub access: Access,
    /// Why it is not usable, and what to do about it or to use instead.
    pub unusable: Option<String>,
}

/// The video nodes of this machine, by their numbers.
pub(crate) fn video_nodes(ask: Option<AskDriver>) -> Vec<VideoNode> {
    find(&System::of(Path::new("/")), ask)
}

pub(super) fn find(system: &System<'_>, ask: Option<AskDriver>) -> Vec<VideoNode> {
    let by_id = links(&system.root.join("dev/v4l/by-id"));
    entries(system.root, "dev", "video")
        .iter()
        .map(|node| examine(system, node, ask, &by_id))
        .collect()
}

/// Whether the kernel has video devices, with or without nodes.
pub(super) fn known_to_kernel(system: &System<'_>) -> bool {
    !entries(system.root, "sys/class/video4linux", "video").is_empty()
}

/// The names of the links in a folder, and the files that they lead to.
fn links(folder: &Path) -> Vec<(String, PathBuf)> {
    names(folder, "")
        .into_iter()
        .filter_map(|name| {
            let target = fs::canonicalize(folder.join(&name)).ok()?;
            Some((name, target))
        })
        .collect()
}

/// Looks at a node, a path without the leading slash.
fn examine(
    system: &System<'_>,
    node: &str,
    ask: Option<AskDriver>,
    by_id: &[(String, PathBuf)],
) -> VideoNode {
    let path = system.root.join(node);
    let by_id = by_id.iter().find(|(_, target)| *target == path);
    let class = format!("sys/class/video4linux/{}", node.trim_start_matches("dev/"));
    let name = line(system.root, &format!("{class}/name"));
    let mut found = VideoNode {
        path: Path::new("/").join(node),
        by_id: by_id.map(|(name, _)| Path::new("/dev/v4l/by-id").join(name)),
        role: role_by_name(system, &class, name.as_deref().unwrap_or_default()),
        name,
        driver: None,
        offers: Vec::new(),
        controls: Vec::new(),
        access: Access::to(system, node),
        unusable: None,
    };
    match ask.map(|ask| ask(&path)) {
        None => {}
        Some(Ok(answer)) => {
            found.name = Some(answer.name);
            found.driver = Some(answer.driver);
            found.role = answer.role;
            found.offers = answer.offers;
            found.controls = answer.controls;
            found.unusable = answer.unusable;
        }
        Some(Err(error)) => {
            found.unusable = Some(match error.remedy_text() {
                Some(remedy) => format!("{error}: {remedy}"),
                None => error.to_string(),
            });
        }
    }
    found
}

/// What a node is for, as far as that can be known without its driver.
fn role_by_name(system: &System<'_>, class: &str, name: &str) -> VideoRole {
    /// Names of nodes that are no cameras although some of them capture: codecs and picture
    /// processors of Raspberry Pi 3, 4 (bcm2835-...) and 5 (pispbe, rpi-hevc-dec).
    const PROCESSORS: [&str; 5] = [
        "bcm2835-codec",
        "bcm2835-isp",
        "pispbe",
        "rpivid",
        "rpi-hevc-dec",
    ];
    /// Names of nodes that receive a sensor's data: Raspberry Pi up to 4, Raspberry Pi 5, Jetson.
    const RECEIVERS: [(&str, &str); 3] = [
        ("unicam", "rpicam://0"),
        ("rp1-cfe", "rpicam://0"),
        ("vi-output", "argus://0"),
    ];

    if PROCESSORS.iter().any(|prefix| name.starts_with(prefix)) {
        return VideoRole::Other;
    }
    if let Some((_, source)) = RECEIVERS
        .iter()
        .find(|(prefix, _)| name.starts_with(prefix))
    {
        return VideoRole::Sensor(source);
    }
    // Where udev has asked the driver, it has kept the answer: "E:ID_V4L_CAPABILITIES=:capture:".
    let facts = line(system.root, &format!("{class}/dev"))
        .and_then(|number| text(system.root, &format!("run/udev/data/c{number}")));
    let capabilities = facts.as_deref().and_then(|facts| {
        let mut lines = facts.lines();
        lines.find_map(|fact| fact.strip_prefix("E:ID_V4L_CAPABILITIES="))
    });
    let captures = match capabilities {
        Some(capabilities) => capabilities.contains(":capture:"),
        // A webcam's first node gives pictures, its second one metadata.
        None => line(system.root, &format!("{class}/index")).is_none_or(|index| index == "0"),
    };
    if captures {
        VideoRole::Camera
    } else {
        VideoRole::Other
    }
}
