//! Which video nodes are cameras.

use std::fs;
use std::path::{Path, PathBuf};

use v4l::capability::Flags;

use super::device::Node;
use crate::capture::cameras::CameraInfo;
use crate::photo::natural_order;
use face8x_core::frame::PixelFormat;

/// Codes of raw Bayer formats (kernel documentation, "Raw Bayer Formats").
const BAYER: [&[u8; 4]; 40] = [
    b"BA81", b"GBRG", b"GRBG", b"RGGB", b"BG10", b"GB10", b"BA10", b"RG10", b"pBAA", b"pGAA",
    b"pgAA", b"pRAA", b"aBA8", b"aGA8", b"agA8", b"aRA8", b"bBA8", b"bGA8", b"BD10", b"bRA8",
    b"BG12", b"GB12", b"BA12", b"RG12", b"pBCC", b"pGCC", b"pgCC", b"pRCC", b"BG14", b"GB14",
    b"GR14", b"RG14", b"pBEE", b"pGEE", b"pgEE", b"pREE", b"BYR2", b"GB16", b"GR16", b"RG16",
];

/// Why a node is not a camera.
#[derive(Debug, PartialEq, Eq)]
pub struct Unusable {
    pub reason: String,
    /// The source for the camera behind it.
    pub preset: Option<&'static str>,
}

/// All video nodes, by their numbers.
pub fn cameras() -> Vec<CameraInfo> {
    let by_id = links("/dev/v4l/by-id");
    nodes()
        .into_iter()
        .map(|path| examine(path, &by_id))
        .collect()
}

fn nodes() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/dev") else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| {
            let number = name.strip_prefix("video").unwrap_or_default();
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        })
        .collect();
    names.sort_by(|a, b| natural_order(a, b));
    names
        .into_iter()
        .map(|name| Path::new("/dev").join(name))
        .collect()
}

/// The links in `folder` with the nodes that they lead to.
fn links(folder: &str) -> Vec<(PathBuf, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| Some((entry.path(), fs::canonicalize(entry.path()).ok()?)))
        .collect()
}

fn examine(path: PathBuf, by_id: &[(PathBuf, PathBuf)]) -> CameraInfo {
    let by_id = by_id
        .iter()
        .find(|(_, node)| *node == path)
        .map(|(link, _)| link.clone());
    let mut info = CameraInfo {
        by_id,
        card: String::new(),
        driver: String::new(),
        offers: Vec::new(),
        unusable: None,
        preset: None,
        path,
    };
    match Node::open(&info.path).and_then(|node| Ok((node.caps()?, node))) {
        Err(e) => {
            let remedy = e
                .remedy_text()
                .map(|r| format!(": {r}"))
                .unwrap_or_default();
            info.unusable = Some(format!("{e}{remedy}"));
        }
        Ok((caps, node)) => {
            let codes = node.codes();
            match judge(&caps.driver, caps.can, &codes) {
                Ok(()) => info.offers = node.offers(&codes, (640, 480)),
                Err(why) => {
                    info.unusable = Some(why.reason);
                    info.preset = why.preset;
                }
            }
            (info.card, info.driver) = (caps.card, caps.driver);
        }
    }
    info
}

/// Whether a node of `driver` with these abilities (its own, not the whole device's) and formats
/// is a camera that face8x reads.
pub fn judge(driver: &str, can: Flags, codes: &[[u8; 4]]) -> Result<(), Unusable> {
    let no = |reason: &str| {
        Err(Unusable {
            reason: reason.to_owned(),
            preset: None,
        })
    };
    let any = |flags: Flags| can.intersects(flags);
    if any(Flags::VIDEO_M2M | Flags::VIDEO_M2M_MPLANE) {
        return no("it converts pictures (memory to memory) and is no camera");
    }
    if any(Flags::VIDEO_OUTPUT | Flags::VIDEO_OUTPUT_MPLANE) {
        return no("it is an output and no camera");
    }
    // The Raspberry Pi's image processor offers capture nodes that give nothing by themselves.
    if driver.starts_with("bcm2835-isp") {
        return no("it belongs to the board's image processor: use rpicam://0 for a CSI camera");
    }
    let is_bayer = |code: &[u8; 4]| BAYER.contains(&code);
    let readable = codes
        .iter()
        .any(|code| PixelFormat::from_fourcc(code).is_some());
    let preset = csi_preset(driver);
    // The CSI receivers list every format that a sensor might have; a Bayer one tells that the
    // sensor behind them is raw. (vivid lists Bayer formats beside those it really gives.)
    if codes.iter().any(is_bayer) && (preset.is_some() || !readable) {
        let instead = match preset {
            Some(uri) => format!("use {uri}"),
            None => "use rpicam://0 or argus://0 on their boards, else pipe: with libcamera".into(),
        };
        return Err(Unusable {
            reason: format!("it gives raw Bayer frames: {instead}"),
            preset,
        });
    }
    if !any(Flags::VIDEO_CAPTURE) {
        return if any(Flags::VIDEO_CAPTURE_MPLANE) {
            no("it gives multi-planar frames, which are not read: use pipe: with GStreamer")
        } else if any(Flags::META_CAPTURE | Flags::META_OUTPUT) {
            no("it gives metadata and no pictures")
        } else {
            no("it does not capture video")
        };
    }
    if !any(Flags::STREAMING) {
        return no("it cannot stream");
    }
    if !readable {
        let list: Vec<_> = codes
            .iter()
            .map(|code| String::from_utf8_lossy(code))
            .collect();
        return no(&match list.len() {
            0 => "it lists no formats".to_owned(),
            _ => format!("none of its formats is read ({})", list.join(", ")),
        });
    }
    Ok(())
}

/// The source for the camera behind a CSI receiver: Raspberry Pi 1 to 4, Raspberry Pi 5, Jetson.
fn csi_preset(driver: &str) -> Option<&'static str> {
    match driver {
        "unicam" | "bcm2835-unicam" | "rp1-cfe" => Some("rpicam://0"),
        _ if driver.starts_with("tegra") => Some("argus://0"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: Flags = Flags::VIDEO_CAPTURE.union(Flags::STREAMING);

    fn reason(driver: &str, can: Flags, codes: &[[u8; 4]]) -> String {
        judge(driver, can, codes).unwrap_err().reason
    }

    #[test]
    fn cameras_are_cameras() {
        assert_eq!(judge("uvcvideo", CAMERA, &[*b"MJPG", *b"YUYV"]), Ok(()));
        assert_eq!(
            judge("vivid", CAMERA, &[*b"NV12", *b"RGGB", *b"RGB3"]),
            Ok(())
        );
        assert_eq!(judge("unicam", CAMERA, &[*b"UYVY"]), Ok(()));
    }

    #[test]
    fn raw_nodes_name_their_source() {
        for (driver, preset) in [
            ("unicam", "rpicam://0"),
            ("rp1-cfe", "rpicam://0"),
            ("tegra-video", "argus://0"),
        ] {
            let why = judge(driver, CAMERA, &[*b"pRAA", *b"YUYV", *b"RG10"]).unwrap_err();
            assert_eq!(why.preset, Some(preset));
            assert!(why.reason.contains("Bayer") && why.reason.contains(preset));
        }
        let why = judge("rkisp1", CAMERA, &[*b"RG10"]).unwrap_err();
        assert!(why.reason.contains("rpicam://0 or argus://0") && why.preset.is_none());
    }

    #[test]
    fn other_nodes_say_what_they_are() {
        let yuyv = &[*b"YUYV"];
        assert!(reason("uvcvideo", Flags::META_CAPTURE, &[]).contains("metadata"));
        assert!(
            reason("bcm2835-codec", Flags::VIDEO_M2M_MPLANE, yuyv).contains("memory to memory")
        );
        assert!(reason("v4l2 loopback", CAMERA | Flags::VIDEO_OUTPUT, yuyv).contains("output"));
        assert!(reason("bcm2835-isp", CAMERA, yuyv).contains("image processor"));
        assert!(reason("rkisp", Flags::VIDEO_CAPTURE_MPLANE, yuyv).contains("multi-planar"));
        assert!(reason("x", Flags::RADIO, yuyv).contains("does not capture"));
        assert!(reason("x", Flags::VIDEO_CAPTURE, yuyv).contains("cannot stream"));
        assert!(reason("uvcvideo", CAMERA, &[*b"H264"]).contains("(H264)"));
        assert!(reason("x", CAMERA, &[]).contains("no formats"));
    }
}
