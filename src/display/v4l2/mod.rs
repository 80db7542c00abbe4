//! A virtual camera: pictures written to an output device of Video4Linux, such as v4l2loopback makes,
//! from which other programs read them as from a webcam.

mod formats;

use std::io::{self, Write};
use std::path::Path;

use v4l::capability::Flags;
use v4l::video::Output;
use v4l::{Format, FourCC};

use self::formats::{AcceptedFormat, negotiate, write};
use super::raster::Centred;
use super::{Sink, SinkOptions, device_error, sized};
use crate::capture::{Node, contain};
use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};
use face8x_core::frame::PixelFormat;

/// The size of pictures where none is wished: every video call takes it.
const SIZE: (u32, u32) = (1280, 720);
/// What makes such a device.
const LOOPBACK: &str = "sudo modprobe v4l2loopback video_nr=10 exclusive_caps=1 card_label=face8x (package v4l2loopback-dkms)";

/// An output device, or a model of one.
trait Device {
    /// The codes of the formats that it lists.
    fn codes(&self) -> Vec<[u8; 4]>;

    /// Asks for a format; what comes back is what the device made of it.
    fn set_format(&self, code: &[u8; 4], size: (u32, u32)) -> Result<AcceptedFormat>;

    /// Writes a picture.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
}

impl Device for Node {
    fn codes(&self) -> Vec<[u8; 4]> {
        let formats = contain(|| Output::enum_formats(&self.device)).unwrap_or_default();
        formats.iter().map(|format| format.fourcc.repr).collect()
    }

    fn set_format(&self, code: &[u8; 4], (width, height): (u32, u32)) -> Result<AcceptedFormat> {
        let asked = Format::new(width, height, FourCC::new(code));
        let got = contain(|| Output::set_format(&self.device, &asked));
        let got = got.map_err(|error| self.explain(&error))?;
        Ok(AcceptedFormat {
            code: got.fourcc.repr,
            size: (got.width, got.height),
            stride: got.stride,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut self.device, bytes)
    }
}

/// A virtual camera that pictures are written to.
struct VirtualCamera<D> {
    name: String,
    device: D,
    format: PixelFormat,
    /// Buffers, to use again.
    canvas: Picture,
    bytes: Vec<u8>,
}

/// `argument` is "//PATH" or "PATH", with "@800x480" behind it where that is to be the size.
pub(super) fn open(argument: &str, options: &SinkOptions) -> Result<Box<dyn Sink>> {
    let (path, size) = sized(argument.strip_prefix("//").unwrap_or(argument));
    if path.is_empty() {
        return Err(Error::usage("the sink v4l2 needs a device")
            .remedy("name one, such as v4l2:///dev/video10; `face8x list -v` shows them"));
    }
    let node = Node::open(Path::new(path)).map_err(|error| {
        match error.to_string().ends_with("does not exist") {
            true => error.remedy(LOOPBACK),
            false => error,
        }
    })?;
    let caps = node.caps()?;
    if !caps.can.contains(Flags::VIDEO_OUTPUT) || !caps.can.contains(Flags::READ_WRITE) {
        let message = format!("{path} ({}) is not an output device", caps.card);
        return Err(Error::new(ErrorKind::Device, message)
            .remedy(format!("name a device of v4l2loopback: {LOOPBACK}")));
    }
    let name = format!("v4l2://{path} ({})", caps.card);
    let size = size.or(options.size).unwrap_or(SIZE);
    Ok(Box::new(VirtualCamera::start(name, node, size)?))
}

impl<D: Device> VirtualCamera<D> {
    fn start(name: String, device: D, size: (u32, u32)) -> Result<Self> {
        let (format, (width, height)) =
            negotiate(&device, size).map_err(|error| error.context(&name))?;
        Ok(VirtualCamera {
            name: format!("{name} {format} {width}x{height}"),
            device,
            format,
            canvas: Picture::new(width, height),
            bytes: Vec::new(),
        })
    }
}

impl<D: Device> Sink for VirtualCamera<D> {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn size(&self) -> Option<(u32, u32)> {
        Some((self.canvas.width, self.canvas.height))
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        let (width, height) = (self.canvas.width, self.canvas.height);
        Centred::new(picture, width, height).copy_to(&mut self.canvas);
        write(self.format, &self.canvas, &mut self.bytes);
        match self.device.write(&self.bytes) {
            Ok(written) if written == self.bytes.len() => Ok(()),
            Ok(written) => {
                let message = format!(
                    "{} has taken {written} of {} bytes",
                    self.name,
                    self.bytes.len()
                );
                Err(Error::new(ErrorKind::Device, message)
                    .remedy("does another program write to it?"))
            }
            // Its readers are slower than the camera.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(device_error(&self.name, error)),
        }
    }
}

#[cfg(test)]
mod tests;
