//! Which video nodes are cameras.

use std::path::Path;

use v4l::capability::Flags;

use super::controls;
use super::device::Node;
use crate::Result;
use crate::host::devices::{DriverAnswer, VideoRole};
use face8x_core::frame::PixelFormat;

/// Codes of raw Bayer formats (kernel documentation, "Raw Bayer Formats").
const BAYER: [&[u8; 4]; 40] = [
    b"BA81", b"GBRG", b"GRBG", b"RGGB", b"BG10", b"GB10", b"BA10", b"RG10", b"pBAA", b"pGAA",
    b"pgAA", b"pRAA", b"aBA8", b"aGA8", b"agA8", b"aRA8", b"bBA8", b"bGA8", b"BD10", b"bRA8",
    b"BG12", b"GB12", b"BA12", b"RG12", b"pBCC", b"pGCC", b"pgCC", b"pRCC", b"BG14", b"GB14",
    b"GR14", b"RG14", b"pBEE", b"pGEE", b"pgEE", b"pREE", b"BYR2", b"GB16", b"GR16", b"RG16",
];

/// Why a node is not a camera that face8x reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotCamera {
    pub role: VideoRole,
    pub reason: String,
}

/// Asks the driver of the node at `path`.
///
/// # Errors
/// As [`node::explain`](crate::host::node::explain) says them.
pub(in crate::capture) fn ask(path: &Path) -> Result<DriverAnswer> {
    let node = Node::open(path)?;
    let caps = node.caps()?;
    let codes = node.codes();
    let judgement = judge(&caps.driver, caps.can, &codes);
    let offers = match judgement {
        Ok(()) => node.offers(&codes, (640, 480)),
        Err(_) => Vec::new(),
    };
    let controls = match judgement {
        Ok(()) => controls::offered(&node).unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let not = judgement.err();
    Ok(DriverAnswer {
        name: caps.card,
        driver: caps.driver,
        role: not.as_ref().map_or(VideoRole::Camera, |not| not.role),
        unusable: not.map(|not| not.reason),
        offers: offers.iter().map(ToString::to_string).collect(),
        controls: controls.iter().map(ToString::to_string).collect(),
    })
}

/// Whether a node of `driver` with these abilities (its own, not the whole device's) and formats
/// is a camera that face8x reads.
pub(super) fn judge(
    driver: &str,
    can: Flags,
    codes: &[[u8; 4]],
) -> std::result::Result<(), NotCamera> {
    let not = |role, reason: &str| {
        Err(NotCamera {
            role,
            reason: reason.to_owned(),
        })
    };
    let no = |reason: &str| not(VideoRole::Other, reason);
    let unread = |reason: &str| not(VideoRole::UnreadCamera, reason);
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
        let role = preset.map_or(VideoRole::UnreadCamera, VideoRole::Sensor);
        return not(role, &format!("it gives raw Bayer frames: {instead}"));
    }
    if !any(Flags::VIDEO_CAPTURE) {
        return if any(Flags::VIDEO_CAPTURE_MPLANE) {
            unread("it gives multi-planar frames, which are not read: use pipe: with GStreamer")
        } else if any(Flags::META_CAPTURE | Flags::META_OUTPUT) {
            no("it gives metadata and no pictures")
        } else {
            no("it does not capture video")
        };
    }
    if !any(Flags::STREAMING) {
        return unread("it cannot stream");
    }
    if !readable {
        return unread(&unreadable(codes));
    }
    Ok(())
}

/// Why a camera with these formats cannot be read.
fn unreadable(codes: &[[u8; 4]]) -> String {
    let list: Vec<_> = codes
        .iter()
        .map(|code| String::from_utf8_lossy(code))
        .collect();
    match list.len() {
        0 => "it lists no formats".to_owned(),
        _ => format!("none of its formats is read ({})", list.join(", ")),
    }
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
            assert_eq!(why.role, VideoRole::Sensor(preset));
            assert!(why.reason.contains("Bayer") && why.reason.contains(preset));
        }
        let why = judge("rkisp1", CAMERA, &[*b"RG10"]).unwrap_err();
        assert!(
            why.reason.contains("rpicam://0 or argus://0") && why.role == VideoRole::UnreadCamera
        );
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
