use std::fs;

use super::*;
use crate::Result;
use crate::host::board::fake::Root;

fn find(root: &Root, ask: Option<AskDriver>) -> Devices {
    Devices::find(root.path(), &Session::default(), ask)
}

/// What drivers say about `/dev/video0`, a webcam, `/dev/video1`, a sensor, `/dev/video2`, an HDMI
/// receiver behind the same kind of CSI port, and `/dev/video3`, which is gone.
fn drivers(path: &Path) -> Result<DriverAnswer> {
    let answer = |driver: &str, role, unusable: Option<&str>, offers: &[&str]| DriverAnswer {
        name: format!("card of {driver}"),
        driver: driver.to_owned(),
        role,
        unusable: unusable.map(str::to_owned),
        offers: offers.iter().map(|&offer| offer.to_owned()).collect(),
        controls: vec!["gain: 0 to 255 (0)".into()],
    };
    match path.file_name().unwrap().to_str().unwrap() {
        "video0" => Ok(answer(
            "uvcvideo",
            VideoRole::Camera,
            None,
            &["YUYV 640x480"],
        )),
        "video1" => {
            let reason = "it gives raw Bayer frames: use rpicam://0";
            let role = VideoRole::Sensor("rpicam://0");
            Ok(answer("unicam", role, Some(reason), &[]))
        }
        "video2" => Ok(answer(
            "unicam",
            VideoRole::Camera,
            None,
            &["UYVY 1280x720"],
        )),
        _ => Err(crate::Error::other("/dev/video3 is gone").remedy("plug it in again")),
    }
}

/// A board with one of everything.
fn board() -> Root {
    let hdmi = "sys/class/drm/card1-HDMI-A-1";
    let mut root = Root::new()
        .file(&format!("{hdmi}/status"), "connected\n")
        .link(
            &format!("{hdmi}/device/device/driver"),
            "../../drivers/vc4-drm",
        )
        .file("sys/class/drm/card1-HDMI-A-2/status", "disconnected\n")
        .file("sys/class/drm/card1/uevent", "")
        .file("sys/class/drm/version", "drm\n")
        .file("sys/class/graphics/fb0/name", "simple\n")
        .file("sys/class/graphics/fb0/bits_per_pixel", "16\n")
        .file("sys/class/graphics/fb0/virtual_size", "640,960\n")
        .file("sys/class/graphics/fb0/modes", "U:640x480p-0\n")
        .file("sys/class/graphics/fbcon/cursor_blink", "1\n")
        .link("dev/v4l/by-id/usb-cam-index0", "../../video0");
    for node in [
        "video0",
        "video1",
        "video2",
        "video3",
        "dri/card1",
        "fb0",
        "spidev0.10",
        "spidev0.2",
        "gpiochip10",
        "gpiochip4",
    ] {
        root = root.node(&format!("dev/{node}"), 0o660);
    }
    root
}

#[test]
fn a_board_is_listed_with_what_is_wrong() {
    let expected = "\
cameras
  /dev/video0  card of uvcvideo (uvcvideo)
    /dev/v4l/by-id/usb-cam-index0
    YUYV 640x480
  /dev/video1  card of unicam (unicam)
    not usable: it gives raw Bayer frames: use rpicam://0
  /dev/video2  card of unicam (unicam)
    UYVY 1280x720
  /dev/video3
    not usable: /dev/video3 is gone: plug it in again
  CSI cameras: rpicam://0 on a Raspberry Pi, argus://0 on a Jetson

displays
  drm:HDMI-A-1  HDMI-A-1 on /dev/dri/card1, connected (vc4-drm)
  drm:HDMI-A-2  HDMI-A-2 on /dev/dri/card1, disconnected
    not usable: nothing is connected to HDMI-A-2
  fb:/dev/fb0  framebuffer 640x480 at 16 bits (simple)
  spi:MODEL,dev=/dev/spidev0.2,dc=PIN  SPI bus
  spi:MODEL,dev=/dev/spidev0.10,dc=PIN  SPI bus
  /dev/gpiochip4  GPIO chip
  /dev/gpiochip10  GPIO chip
";
    assert_eq!(find(&board().member(), Some(drivers)).to_string(), expected);
    let with_controls = format!("{:#}", find(&board().member(), Some(drivers)));
    let listed = "    YUYV 640x480\n    --control gain: 0 to 255 (0)\n";
    assert!(with_controls.contains(listed), "{with_controls}");
}

#[test]
fn nodes_that_are_closed_to_this_user_or_missing_say_so() {
    let root = board().stranger().without("dev/fb0");
    let listing = find(&root, Some(drivers)).to_string();
    for line in [
        "    not usable: no permission to open /dev/dri/card1: it belongs to group video\n",
        "    not usable: /dev/fb0 does not exist\n",
        "    not usable: no permission to open /dev/gpiochip4: it belongs to group video\n",
    ] {
        assert!(listing.contains(line), "no {line:?} in:\n{listing}");
    }
}

#[test]
fn a_machine_without_devices_has_none() {
    let expected = "\
cameras
  no video nodes
  CSI cameras: rpicam://0 on a Raspberry Pi, argus://0 on a Jetson

displays
  none; png:FILE writes pictures
";
    assert_eq!(find(&Root::new(), Some(drivers)).to_string(), expected);
    let without = find(&Root::new(), None).to_string();
    assert!(
        without.contains("this build has no V4L2 cameras"),
        "{without}"
    );
}

#[test]
fn window_systems_are_listed_with_what_is_wrong() {
    let session = Session {
        wayland_display: Some("wayland-0".into()),
        display: Some(":0".into()),
        runtime_dir: Some("/run/user/1000".into()),
    };
    let root = Root::new().file("tmp/.X11-unix/X0", "");
    let listing = Devices::find(root.path(), &session, None).to_string();
    let expected = "
displays
  window  Wayland display wayland-0
    not usable: WAYLAND_DISPLAY is wayland-0, but /run/user/1000/wayland-0 does not exist
  window  X11 display :0
";
    assert!(listing.ends_with(expected), "{listing}");
}

#[test]
fn the_real_machine_has_the_nodes_that_its_folder_has() {
    let real = Devices::find(Path::new("/"), &Session::default(), None);
    let folder = fs::read_dir("/dev").unwrap();
    let chips = folder.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("gpiochip")
    });
    assert_eq!(real.gpio.len(), chips.count());
}
