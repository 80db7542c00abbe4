//! A webcam without hardware: it answers the kernel's virtual USB host over a socket, and the
//! kernel's own uvcvideo driver makes a /dev/video node of it. It is unplugged by ending it.

mod descriptors;
mod usbip;

use std::collections::VecDeque;
use std::fs;
use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use face8x_core::frame::monotonic_now;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::Result;
use descriptors::{FORMATS, INTERVAL, MAX_PAYLOAD, PROBE, STREAMING};
use usbip::{SetupPacket, UsbRequest, UsbipPort};

/// Size of the frames in pixels.
const SIZE: (u16, u16) = (crate::frames::SIZE.0 as u16, crate::frames::SIZE.1 as u16);
/// The first port of the virtual host.
const ATTACH: &str = "/sys/devices/platform/vhci_hcd.0/attach";
/// What is attached: port 0, device 1 on bus 1, high speed (USB_SPEED_HIGH).
const PORT: u32 = 0;
const DEVICE: u32 = 0x1_0001;
const SPEED: u32 = 3;
/// The port is free again only a moment after the last camera was unplugged.
const PATIENCE: Duration = Duration::from_secs(5);

/// Plays the camera until the host lets go.
pub fn play(folder: &Path) -> Result<()> {
    let frames: Vec<Vec<u8>> = FORMATS
        .iter()
        .map(|(format, ..)| fs::read(folder.join(format.to_string())))
        .collect::<std::io::Result<_>>()?;
    let (device, host) = UnixStream::pair()?;
    attach(&host)?;
    // The kernel has its own hold of it.
    drop(host);
    tell("camera plugged in");
    let mut camera = UsbCamera {
        port: UsbipPort(device),
        frames,
        asked: [0; PROBE],
        stream: FrameStream::default(),
        waiting: VecDeque::new(),
    };
    loop {
        camera.serve()?;
        if !camera.wait()? {
            continue;
        }
        match camera.port.receive() {
            Ok(request) => camera.answer(request)?,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn attach(host: &UnixStream) -> Result<()> {
    let line = format!("{PORT} {} {DEVICE} {SPEED}", host.as_raw_fd());
    let end = monotonic_now() + PATIENCE;
    loop {
        match fs::write(ATTACH, &line) {
            Ok(()) => return Ok(()),
            Err(error) if monotonic_now() > end => {
                return Err(format!("{ATTACH}: {error}").into());
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Writes a line with the time, as `stamp` does.
fn tell(what: &str) {
    println!("{:.3} {what}", monotonic_now().as_secs_f64());
}

/// Where in the stream of frames the camera is.
#[derive(Default)]
struct FrameStream {
    /// Index in [`FORMATS`].
    format: usize,
    /// Bytes of the frame that were sent.
    sent: usize,
    /// Toggles with each frame (UVC 2.4.3.3).
    frame_id: u8,
    /// When the next frame begins.
    due: Duration,
}

struct UsbCamera {
    port: UsbipPort,
    /// One frame of each of [`FORMATS`].
    frames: Vec<Vec<u8>>,
    asked: [u8; PROBE],
    stream: FrameStream,
    /// Reads that wait for data: their numbers and lengths.
    waiting: VecDeque<(u32, u32)>,
}

impl UsbCamera {
    /// Answers the reads that there are data for.
    fn serve(&mut self) -> Result<()> {
        while let Some(&(number, length)) = self.waiting.front() {
            let FrameStream {
                format,
                sent,
                frame_id,
                due,
            } = &mut self.stream;
            let now = monotonic_now();
            if *sent == 0 && now < *due {
                break;
            }
            let left = &self.frames[*format][*sent..];
            let piece = &left[..left.len().min(length.min(MAX_PAYLOAD) as usize - 2)];
            let is_last = piece.len() == left.len();
            let flags = 0x80 | *frame_id | if is_last { 0x02 } else { 0 };
            let payload = [&[2, flags], piece].concat();
            if is_last {
                (*sent, *frame_id) = (0, *frame_id ^ 1);
                *due = (*due + Duration::from_micros(u64::from(INTERVAL) / 10)).max(now);
            } else {
                *sent += piece.len();
            }
            self.waiting.pop_front();
            self.port.send(number, &payload)?;
        }
        Ok(())
    }

    /// Waits for a request, or until the next frame begins; says whether there is a request.
    fn wait(&self) -> Result<bool> {
        let left = match self.waiting.is_empty() {
            true => Duration::from_secs(1),
            false => self.stream.due.saturating_sub(monotonic_now()),
        };
        let timeout = Timespec::try_from(left)?;
        let mut fds = [PollFd::from_borrowed_fd(self.port.0.as_fd(), PollFlags::IN)];
        Ok(poll(&mut fds, Some(&timeout))? > 0)
    }

    fn answer(&mut self, request: UsbRequest) -> Result<()> {
        match request {
            UsbRequest::Read { number, length } => self.waiting.push_back((number, length.max(3))),
            UsbRequest::Unlink { number, victim } => {
                let before = self.waiting.len();
                self.waiting.retain(|(waiting, _)| *waiting != victim);
                self.port.unlinked(number, self.waiting.len() < before)?;
            }
            UsbRequest::Control { number, setup, .. } if setup.is_in() => {
                match self.tell_host(setup) {
                    Some(mut answer) => {
                        answer.truncate(setup.length.into());
                        self.port.send(number, &answer)?;
                    }
                    None => self.port.stall(number)?,
                }
            }
            UsbRequest::Control {
                number,
                setup,
                data,
            } => match self.obey(setup, &data) {
                true => self.port.accept(number, data.len() as u32)?,
                false => self.port.stall(number)?,
            },
        }
        Ok(())
    }

    /// The answer to a request for data.
    fn tell_host(&self, setup: SetupPacket) -> Option<Vec<u8>> {
        let [kind, index] = setup.value.to_be_bytes();
        match (setup.kind, setup.request) {
            // GET_DESCRIPTOR.
            (0x80, 6) => match kind {
                1 => Some(descriptors::device()),
                2 => Some(descriptors::configuration()),
                3 => descriptors::string(index),
                _ => None,
            },
            // GET_STATUS of device, interface and endpoint; GET_CONFIGURATION; GET_INTERFACE.
            (0x80..=0x82, 0) => Some(vec![0, 0]),
            (0x80, 8) => Some(vec![1]),
            (0x81, 10) => Some(vec![0]),
            // GET_CUR, GET_MIN, GET_MAX, GET_DEF, GET_LEN and GET_INFO of probe and commit.
            (0xa1, request) if setup.index == u16::from(STREAMING) => match request {
                0x81..=0x83 | 0x87 => Some(descriptors::probe(&self.asked).to_vec()),
                0x85 => Some((PROBE as u16).to_le_bytes().to_vec()),
                0x86 => Some(vec![3]),
                _ => None,
            },
            _ => None,
        }
    }

    /// Does what a request without an answer says; false where it is not understood.
    fn obey(&mut self, setup: SetupPacket, data: &[u8]) -> bool {
        let [control, _] = setup.value.to_be_bytes();
        match (setup.kind, setup.request) {
            // SET_ADDRESS, SET_CONFIGURATION, SET_INTERFACE, CLEAR_FEATURE of an endpoint.
            (0x00, 5 | 9) | (0x01, 11) | (0x02, 1) => true,
            // SET_CUR of probe (1) and commit (2).
            (0x21, 1) if setup.index == u16::from(STREAMING) => {
                let length = data.len().min(PROBE);
                self.asked[..length].copy_from_slice(&data[..length]);
                self.asked = descriptors::probe(&self.asked);
                if control == 2 {
                    self.stream = FrameStream {
                        format: usize::from(self.asked[2]) - 1,
                        due: monotonic_now(),
                        ..FrameStream::default()
                    };
                    tell(&format!("camera streams {}", FORMATS[self.stream.format].0));
                }
                true
            }
            _ => false,
        }
    }
}
