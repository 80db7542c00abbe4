//! CSI cameras, which on Raspberry Pi and Jetson boards are no plain V4L2 devices: the board's own
//! program reads them and writes raw YU12 frames into a pipe.

use std::ffi::OsString;

use super::child::{Producer, find_installed};
use super::pipe::{Input, PipeSource};
use super::{Source, SourceOptions};
use crate::{Error, Result};
use face8x_core::frame::PixelFormat;

/// Rows of YU12 are padded to a multiple of this many pixels, and `rpicam-vid` writes them out as they
/// are: 64 on the ISP of Raspberry Pi 4 and before, 128 on that of Raspberry Pi 5. Multiples of the
/// larger have no padding on any.
const RPICAM_ALIGNMENT: u32 = 128;
/// What `nvvidconv` does with frames in ordinary memory is not documented; reports are of multiples of
/// 32 and 64, so the larger is kept to.
const ARGUS_ALIGNMENT: u32 = 64;

/// `rpicam://N`.
pub(super) fn open_rpicam(camera: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    let args = rpicam_args(camera_number("rpicam", camera)?, options)?;
    // libcamera-vid is its name before Raspberry Pi OS 12.
    let names = ["rpicam-vid", "libcamera-vid"];
    start("rpicam", camera, &names, "rpicam-apps", args, options)
}

/// `argus://N`.
pub(super) fn open_argus(camera: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    let args = argus_args(camera_number("argus", camera)?, options)?;
    start(
        "argus",
        camera,
        &["gst-launch-1.0"],
        "gstreamer1.0-tools",
        args,
        options,
    )
}

fn start(
    scheme: &str,
    camera: &str,
    names: &[&str],
    package: &str,
    args: Vec<String>,
    options: &SourceOptions,
) -> Result<Box<dyn Source>> {
    let program = find_installed(&format!("{scheme}://"), names, package)?;
    let short = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy();
    log::info!("running {} {}", short, args.join(" "));
    let args: Vec<_> = args.into_iter().map(OsString::from).collect();
    let producer = Producer::start(&short, program.as_os_str(), &args)?;
    let format = options.format.unwrap_or(PixelFormat::Yu12);
    let options = SourceOptions {
        format: Some(format),
        ..options.clone()
    };
    let name = format!("{scheme}://{camera}");
    Ok(Box::new(PipeSource::new(
        name,
        Input::Child(producer),
        &options,
    )?))
}

fn camera_number(scheme: &str, camera: &str) -> Result<u32> {
    if camera.is_empty() {
        return Ok(0);
    }
    camera.parse().map_err(|_| {
        Error::usage(format!("\"{camera}\" is not the number of a camera"))
            .remedy(format!("the first camera is {scheme}://0"))
    })
}

/// Arguments of `rpicam-vid`. MJPEG frames have no rows to pad, and any size.
fn rpicam_args(camera: u32, options: &SourceOptions) -> Result<Vec<String>> {
    let codec = match options.format {
        None | Some(PixelFormat::Yu12) => "yuv420",
        Some(PixelFormat::Mjpg) => "mjpeg",
        Some(other) => return Err(unsupported("rpicam", other, "YU12 and MJPG")),
    };
    if codec == "yuv420" {
        check_unpadded(
            options,
            RPICAM_ALIGNMENT,
            ", or --format MJPG for any width",
        )?;
    }
    let SourceOptions {
        width, height, fps, ..
    } = options;
    let mut args = format!("--camera {camera} --codec {codec} --width {width} --height {height}");
    if *fps > 0 {
        args += &format!(" --framerate {fps}");
    }
    args += " --nopreview --timeout 0 --flush -o -";
    Ok(args.split(' ').map(str::to_owned).collect())
}

/// Arguments of `gst-launch-1.0`.
fn argus_args(camera: u32, options: &SourceOptions) -> Result<Vec<String>> {
    if let Some(other) = options.format.filter(|format| *format != PixelFormat::Yu12) {
        return Err(unsupported("argus", other, "YU12"));
    }
    check_unpadded(options, ARGUS_ALIGNMENT, "")?;
    let SourceOptions {
        width, height, fps, ..
    } = options;
    let rate = if *fps > 0 {
        format!(",framerate={fps}/1")
    } else {
        String::new()
    };
    let pipeline = format!(
        "-q nvarguscamerasrc sensor-id={camera} ! \
         video/x-raw(memory:NVMM),width={width},height={height}{rate} ! \
         nvvidconv ! video/x-raw,format=I420 ! fdsink fd=1"
    );
    Ok(pipeline.split(' ').map(str::to_owned).collect())
}

fn unsupported(scheme: &str, format: PixelFormat, formats: &str) -> Error {
    Error::usage(format!("{scheme}:// does not give {format}"))
        .remedy(format!("it gives {formats}"))
}

/// Refuses widths whose rows would be padded, and odd heights; `otherwise` is what else can be done.
fn check_unpadded(options: &SourceOptions, alignment: u32, otherwise: &str) -> Result<()> {
    let SourceOptions { width, height, .. } = *options;
    if !width.is_multiple_of(alignment) {
        let below = width / alignment * alignment;
        let above = below + alignment;
        let nearest = if below == 0 || above - width <= width - below {
            above
        } else {
            below
        };
        return Err(
            Error::usage(format!("this camera pads rows of {width} pixels")).remedy(format!(
                "use --size {nearest}x{height} (a width that is a multiple of {alignment}){otherwise}"
            )),
        );
    }
    if !height.is_multiple_of(2) {
        return Err(
            Error::usage(format!("this camera has no odd heights such as {height}"))
                .remedy(format!("use --size {width}x{}", height - 1)),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(width: u32, height: u32) -> SourceOptions {
        SourceOptions {
            width,
            height,
            ..SourceOptions::default()
        }
    }

    #[test]
    fn rpicam_command_is_complete() {
        let args = rpicam_args(1, &options(640, 480)).unwrap().join(" ");
        assert_eq!(
            args,
            "--camera 1 --codec yuv420 --width 640 --height 480 --framerate 30 --nopreview \
             --timeout 0 --flush -o -"
        );
        let mjpeg = SourceOptions {
            format: Some(PixelFormat::Mjpg),
            fps: 0,
            ..options(650, 480)
        };
        let args = rpicam_args(0, &mjpeg).unwrap().join(" ");
        assert!(args.contains("--codec mjpeg --width 650") && !args.contains("framerate"));
    }

    #[test]
    fn argus_command_is_complete() {
        let args = argus_args(2, &options(1280, 720)).unwrap();
        assert_eq!(
            args[4],
            "video/x-raw(memory:NVMM),width=1280,height=720,framerate=30/1"
        );
        assert!(args.contains(&"sensor-id=2".to_owned()));
    }

    /// The remedy's own width holds on every board: a Raspberry Pi 5 pads 320 and 704, too.
    #[test]
    fn padded_widths_are_refused_with_the_nearest() {
        let nearest = |refused: Result<Vec<String>>, width: u32| {
            let error = refused.unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let remedy = error.remedy_text().unwrap();
            let width = format!("--size {width}x480 ");
            assert!(remedy.contains(&width), "{width}: {remedy}");
        };
        for (width, rpicam, argus) in [
            (650, 640, 640),
            (672, 640, 704),
            (710, 768, 704),
            (1, 128, 64),
            (63, 128, 64),
        ] {
            nearest(rpicam_args(0, &options(width, 480)), rpicam);
            nearest(argus_args(0, &options(width, 480)), argus);
        }
        nearest(rpicam_args(0, &options(320, 480)), 384);
        nearest(rpicam_args(0, &options(704, 480)), 768);
        argus_args(0, &options(320, 480)).unwrap();
        assert!(rpicam_args(0, &options(640, 481)).is_err());
    }

    #[test]
    fn other_formats_and_names_are_refused() {
        let grey = SourceOptions {
            format: Some(PixelFormat::Grey),
            ..options(640, 480)
        };
        assert!(rpicam_args(0, &grey).is_err() && argus_args(0, &grey).is_err());
        let mjpeg = SourceOptions {
            format: Some(PixelFormat::Mjpg),
            ..options(640, 480)
        };
        assert!(argus_args(0, &mjpeg).is_err());
        assert_eq!(camera_number("rpicam", ""), Ok(0));
        assert_eq!(camera_number("rpicam", "3"), Ok(3));
        assert_eq!(camera_number("rpicam", "front").unwrap_err().exit_code(), 2);
    }
}
