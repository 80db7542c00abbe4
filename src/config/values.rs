//! Parsers of values whose type does not parse itself.

use crate::{Error, Result, capture, display};
use face8x_core::convert::Region;
use face8x_core::frame::PixelFormat;
use face8x_core::{detect, restore};

/// A source whose prefix is in the table of sources.
pub(super) fn source(uri: &str) -> Result<String> {
    capture::kind_of(uri).map(|_| uri.to_owned())
}

/// A sink whose name is in the table of sinks.
pub(super) fn sink(uri: &str) -> Result<String> {
    display::kind_of(uri).map(|_| uri.to_owned())
}

/// A detector whose name is in the table of detectors.
pub(super) fn detector(uri: &str) -> Result<String> {
    detect::kind_of(uri).map(|_| uri.to_owned())
}

/// A restorer whose name is in the table of restorers.
pub(super) fn restorer(name: &str) -> Result<String> {
    restore::kind_of(name).map(|_| name.to_owned())
}

/// The blur of a camera's optics in pixels, such as 0.4.
pub(super) fn optics(text: &str) -> Result<f32> {
    match text.parse() {
        Ok(pixels) if (0.0..=2.0).contains(&pixels) => Ok(pixels),
        _ => Err(Error::usage(format!("invalid blur \"{text}\""))
            .remedy("write it in camera pixels from 0 to 2, such as 0.4")),
    }
}

/// Minutes such as 2 or 0.5; 0 is never.
pub(super) fn minutes(text: &str) -> Result<f32> {
    match text.parse() {
        Ok(minutes) if (0.0..=1440.0).contains(&minutes) => Ok(minutes),
        _ => Err(Error::usage(format!("invalid minutes \"{text}\""))
            .remedy("write a number from 0, which is never, to 1440, such as 2 or 0.5")),
    }
}

/// Gigabytes (1,000,000,000 bytes) such as 8 or 0.5; 0 is no limit.
pub(super) fn gigabytes(text: &str) -> Result<f32> {
    match text.parse() {
        Ok(gigabytes) if (0.0..=1e6).contains(&gigabytes) => Ok(gigabytes),
        _ => Err(Error::usage(format!("invalid gigabytes \"{text}\""))
            .remedy("write a number such as 8 or 0.5; 0 keeps all")),
    }
}

/// On or off, as a configuration file's true or false too.
pub(crate) fn switch(text: &str) -> Result<bool> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(Error::unknown("switch", text, &["on", "off"])),
    }
}

/// Width and height, such as 640x480.
pub(super) fn size(text: &str) -> Result<(u32, u32)> {
    let sides = text
        .split_once(['x', 'X'])
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match sides {
        Some((w, h)) if (16..=8192).contains(&w) && (16..=8192).contains(&h) => Ok((w, h)),
        _ => Err(Error::usage(format!("invalid camera size \"{text}\""))
            .remedy("write it as 640x480; each side goes from 16 to 8192")),
    }
}

/// A part of a picture, such as 0,120,640,240.
pub(super) fn region(text: &str) -> Result<Region> {
    let numbers: Option<Vec<u32>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[x, y, width, height])
            if [x, y, width, height].iter().all(|n| n % 2 == 0)
                && (16..=8192).contains(&width)
                && (16..=8192).contains(&height) =>
        {
            Ok(Region {
                x,
                y,
                width,
                height,
            })
        }
        _ => Err(Error::usage(format!("invalid part \"{text}\"")).remedy(
            "write left column, top row, width and height as even numbers, such as 0,120,640,240; \
             the sides go from 16 to 8192",
        )),
    }
}

/// A pixel format by its V4L2 code in any case; I420 is another name of YU12.
pub(super) fn format(text: &str) -> Result<PixelFormat> {
    let upper = text.to_ascii_uppercase();
    let name = if upper == "I420" { "YU12" } else { &upper };
    <&[u8; 4]>::try_from(name.as_bytes())
        .ok()
        .and_then(PixelFormat::from_fourcc)
        .ok_or_else(|| {
            let valid = PixelFormat::ALL.map(|format| format.to_string());
            Error::unknown("pixel format", text, &valid.each_ref().map(String::as_str))
        })
}
