//! Cameras through Video4Linux: buffers mapped into memory, four of them.

mod controls;
pub(in crate::capture) mod device;
pub(super) mod scan;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use v4l::buffer::{Flags, Metadata, Type};
use v4l::io::mmap::Stream as MmapStream;
use v4l::io::traits::{CaptureStream, Stream};

use super::negotiate::{self, Choice};
use super::{ReadError, Source, SourceOptions};
use crate::{Error, Result};
use device::{Node, contain};
use face8x_core::convert::jpeg::{JpegPicture, NoPicture, Scan};
use face8x_core::frame::{Frame, PixelFormat, check_size, monotonic_now};

/// Buffers that the driver fills in turn.
const BUFFERS: u32 = 4;
/// More buffers than any driver makes of [`BUFFERS`]; V4L2's own limit (VIDEO_MAX_FRAME).
const MOST_BUFFERS: usize = 32;

/// Opens the camera at `path`: a node, a link to one, or a number.
pub(super) fn open(path: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    let path = node_path(path);
    let node = Node::open(&path)?;
    let caps = node.caps()?;
    let codes = node.codes();
    scan::judge(&caps.driver, caps.can, &codes)
        .map_err(|why| Error::other(format!("{} is not usable: {}", path.display(), why.reason)))?;
    controls::apply(&node, &options.controls)?;
    let offers = node.offers(&codes, (options.width, options.height));
    let Some(choice) = negotiate::choose(&offers, options) else {
        let formats: Vec<_> = codes
            .iter()
            .map(|code| String::from_utf8_lossy(code))
            .collect();
        let asked = options
            .format
            .map_or("no format".to_owned(), |f| format!("no {f}"));
        return Err(Error::other(format!("{} has {asked}", path.display()))
            .remedy(format!("it has {}", formats.join(", "))));
    };
    Ok(Box::new(V4l2Camera::start(node, &caps.card, choice)?))
}

/// `0` and `video0` are short for `/dev/video0`.
fn node_path(path: &str) -> PathBuf {
    let number = path.strip_prefix("video").unwrap_or(path);
    if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) {
        return PathBuf::from(format!("/dev/video{number}"));
    }
    Path::new(path).to_owned()
}

/// What the driver agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NegotiatedFormat {
    format: PixelFormat,
    width: u32,
    height: u32,
    stride: usize,
}

/// A streaming camera.
struct V4l2Camera {
    name: String,
    node: Node,
    layout: NegotiatedFormat,
    /// There until the camera is dropped.
    stream: Option<MmapStream<'static>>,
    /// Whether the stream holds a buffer that [`CaptureStream::next`] can give back.
    primed: bool,
}

impl V4l2Camera {
    /// Sets the format and the rate, honouring what comes back, and begins to stream.
    fn start(node: Node, card: &str, choice: Choice) -> Result<Self> {
        let shown = node.path.display().to_string();
        let code = choice.format.fourcc();
        let got = node.set_format(choice.width, choice.height, &code)?;
        let layout = layout(&got.fourcc.repr, got.width, got.height, got.stride)
            .map_err(|e| e.context(&shown))?;
        let rate = choice
            .interval
            .and_then(|interval| node.set_interval(interval));
        let rate = rate.map(|r| format!(" at {} fps", negotiate::Fps(r.fps())));
        let NegotiatedFormat {
            format,
            width,
            height,
            ..
        } = layout;
        let name = format!(
            "v4l2://{shown} ({card}) {format} {width}x{height}{}",
            rate.unwrap_or_default()
        );
        let Choice {
            format: asked,
            width: w,
            height: h,
            ..
        } = choice;
        if (asked, w, h) != (format, width, height) {
            log::warn!("{shown} made {format} {width}x{height} of {asked} {w}x{h}");
        }
        let stream = MmapStream::with_buffers(&node.device, Type::VideoCapture, BUFFERS)
            .map_err(|e| node.explain(&e))?;
        let mut camera = V4l2Camera {
            name,
            node,
            layout,
            stream: Some(stream),
            primed: false,
        };
        camera.stream_on().map_err(|e| camera.node.explain(&e))?;
        log::info!("opened {}", camera.name);
        Ok(camera)
    }

    /// Queues all buffers and starts the stream. (`next` would do so too, but would then wait for
    /// the first frame without a limit, or queue a buffer twice after a time-out.)
    fn stream_on(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        for index in 0..MOST_BUFFERS {
            match stream.queue(index) {
                Ok(()) => {}
                // The driver may have made more or fewer buffers than it was asked for.
                Err(e) if index > 0 && e.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => {
                    break;
                }
                Err(e) => return Err(e),
            }
        }
        stream.start()
    }

    fn lost(&self, e: &io::Error) -> ReadError {
        ReadError::Lost(self.node.explain(e))
    }
}

impl Source for V4l2Camera {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> std::result::Result<(), ReadError> {
        let end = monotonic_now().saturating_add(timeout);
        loop {
            let left = end.saturating_sub(monotonic_now()).as_millis();
            let left = i32::try_from(left).unwrap_or(i32::MAX);
            match self.node.device.handle().poll(POLLIN, left) {
                Ok(0) => return Err(ReadError::Timeout),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                    return Err(ReadError::Timeout);
                }
                Err(e) => return Err(self.lost(&e)),
            }
            let Some(stream) = &mut self.stream else {
                return Err(ReadError::End);
            };
            if self.primed {
                let layout = self.layout;
                return match stream.next() {
                    Ok((bytes, meta)) => fill(frame, layout, bytes, meta),
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(ReadError::Timeout),
                    Err(e) => Err(self.lost(&e)),
                };
            }
            // `next` gives the last buffer back before it takes another: the first one is taken
            // for that and not looked at.
            match stream.dequeue() {
                Ok(_) => self.primed = true,
                Err(e) => return Err(self.lost(&e)),
            }
        }
    }
}

/// How long the node of a camera that was unplugged is kept open: the kernel is still taking the camera
/// down. Linux 6.1 frees a number of its media controller twice when the last user closes the node
/// meanwhile, and stops (seen on the virtual board, at the 32nd of a row of unpluggings).
const TAKEN_DOWN: Duration = Duration::from_millis(300);

/// poll(2)'s POLLIN, as `v4l` wants it.
const POLLIN: i16 = rustix::event::PollFlags::IN.bits() as i16;

impl Drop for V4l2Camera {
    /// `v4l` 0.14 panics when it drops a stream that cannot be stopped, and a second time when the
    /// buffers of a running stream are given back: that would end the process. So the stream is
    /// stopped here, and dropped only if that worked, or if the device is gone (ENODEV), which
    /// `v4l` puts up with.
    fn drop(&mut self) {
        let Some(mut stream) = self.stream.take() else {
            return;
        };
        let mut stopped = stream.stop();
        for _ in 0..10 {
            match &stopped {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => stopped = stream.stop(),
                _ => break,
            }
        }
        let gone = |e: &io::Error| e.raw_os_error() == Some(Errno::NODEV.raw_os_error());
        match stopped {
            Err(e) if !gone(&e) => {
                log::error!("{} does not stop, its buffers are lost: {e}", self.name);
                std::mem::forget(stream);
            }
            stopped => {
                if stopped.is_err() {
                    std::thread::sleep(TAKEN_DOWN);
                }
                let dropped = contain(|| {
                    drop(stream);
                    Ok(())
                });
                if let Err(e) = dropped {
                    log::warn!("{}: {e}", self.name);
                }
            }
        }
    }
}

/// What the driver's answer to a format means.
fn layout(code: &[u8; 4], width: u32, height: u32, stride: u32) -> Result<NegotiatedFormat> {
    let Some(format) = PixelFormat::from_fourcc(code) else {
        let code = String::from_utf8_lossy(code);
        return Err(Error::other(format!(
            "the driver insists on {code}, which is not read"
        )));
    };
    check_size(width, height)?;
    let least = format.min_stride(width);
    let stride = match (format, stride as usize) {
        (PixelFormat::Mjpg, _) => 0,
        // Some drivers leave it out where rows are not padded.
        (_, 0) => least,
        (_, stride) if stride < least || stride > 16 * least + 4096 => {
            return Err(Error::other(format!(
                "the driver says {stride} bytes for a row of {width} pixels of {format}"
            )));
        }
        (_, stride) => stride,
    };
    Ok(NegotiatedFormat {
        format,
        width,
        height,
        stride,
    })
}

/// Copies a buffer of the driver's into `frame`.
fn fill(
    frame: &mut Frame,
    layout: NegotiatedFormat,
    buffer: &[u8],
    meta: &Metadata,
) -> std::result::Result<(), ReadError> {
    let used = &buffer[..buffer.len().min(meta.bytesused as usize)];
    if meta.flags.contains(Flags::ERROR) {
        return Err(ReadError::Corrupt("the driver flags an error".into()));
    }
    let NegotiatedFormat {
        format,
        width,
        height,
        stride,
    } = layout;
    let mut size = (width, height);
    let len = if format == PixelFormat::Mjpg {
        let picture = whole_jpeg(used).map_err(ReadError::Corrupt)?;
        size = (picture.width, picture.height);
        picture.len
    } else {
        format.frame_len(stride, height)
    };
    let Some(bytes) = used.get(..len) else {
        return Err(ReadError::Corrupt(format!("{} of {len} bytes", used.len())));
    };
    frame.bytes.clear();
    frame.bytes.extend_from_slice(bytes);
    frame.format = format;
    frame.stride = stride;
    (frame.width, frame.height) = size;
    frame.timestamp = timestamp(meta);
    frame.sequence = meta.sequence.into();
    Ok(())
}

/// The JPEG picture at the start of a buffer; what follows it (drivers pad) is left alone. Some cameras
/// send no end markers: the decoder then says whether the picture is whole.
fn whole_jpeg(buffer: &[u8]) -> std::result::Result<JpegPicture, String> {
    let mut scan = Scan::default();
    match scan.go_on(buffer) {
        Ok(picture) | Err(NoPicture::NoEnd(picture)) => Ok(picture),
        Err(NoPicture::Incomplete) => scan
            .without_end(buffer)
            .ok_or_else(|| format!("{} bytes of an incomplete JPEG", buffer.len())),
        Err(NoPicture::Damaged(at)) => Err(format!("no JPEG at byte {at}")),
    }
}

/// The driver's time where it is on the monotonic clock, else now.
fn timestamp(meta: &Metadata) -> Duration {
    let clock = meta.flags & Flags::TIMESTAMP_MASK;
    let (sec, usec) = (meta.timestamp.sec, meta.timestamp.usec);
    match (u64::try_from(sec), u32::try_from(usec)) {
        (Ok(sec), Ok(usec)) if clock == Flags::TIMESTAMP_MONOTONIC && usec < 1_000_000 => {
            Duration::new(sec, usec * 1000)
        }
        _ => monotonic_now(),
    }
}

#[cfg(test)]
mod tests;
