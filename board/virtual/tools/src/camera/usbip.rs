//! The messages between the kernel's virtual USB host (vhci_hcd) and a device (kernel
//! documentation, "USB/IP protocol"). All numbers are big-endian; every header has 48 bytes.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

const SUBMIT: u32 = 1;
const UNLINK: u32 = 2;
const RETURN_SUBMIT: u32 = 3;
const RETURN_UNLINK: u32 = 4;
/// A request was taken back (-ECONNRESET).
const TAKEN_BACK: i32 = -104;
/// The endpoint is stalled: the request is not understood (-EPIPE).
const STALL: i32 = -32;
/// More than any control request carries; a longer one is not the kernel's.
const MOST: u32 = 1 << 20;

/// What the host asks.
pub enum UsbRequest {
    /// A control request on endpoint 0: its setup packet, and the data where they go out.
    Control {
        number: u32,
        setup: SetupPacket,
        data: Vec<u8>,
    },
    /// Data are wanted from the bulk endpoint, at most `length` bytes.
    Read { number: u32, length: u32 },
    /// A request is taken back.
    Unlink { number: u32, victim: u32 },
}

/// A setup packet (USB 2.0, 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetupPacket {
    pub kind: u8,
    pub request: u8,
    pub value: u16,
    pub index: u16,
    pub length: u16,
}

impl SetupPacket {
    /// Whether the data come from the device.
    pub fn is_in(self) -> bool {
        self.kind & 0x80 != 0
    }
}

/// The device's end.
pub struct UsbipPort(pub UnixStream);

impl UsbipPort {
    /// The next request; an error of kind `UnexpectedEof` where the host has let go.
    pub fn receive(&mut self) -> io::Result<UsbRequest> {
        let mut header = [0; 48];
        self.0.read_exact(&mut header)?;
        let (words, setup) = header.split_at(40);
        let word = |index: usize| {
            let bytes: [u8; 4] = words.as_chunks().0[index];
            u32::from_be_bytes(bytes)
        };
        let number = word(1);
        match (word(0), word(4)) {
            (UNLINK, _) => Ok(UsbRequest::Unlink {
                number,
                victim: word(5),
            }),
            (SUBMIT, 0) => {
                let little = |at: usize| u16::from_le_bytes([setup[at], setup[at + 1]]);
                let setup = SetupPacket {
                    kind: setup[0],
                    request: setup[1],
                    value: little(2),
                    index: little(4),
                    length: little(6),
                };
                let mut data = Vec::new();
                if word(3) == 0 {
                    if word(6) > MOST {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                    data.resize(word(6) as usize, 0);
                    self.0.read_exact(&mut data)?;
                }
                Ok(UsbRequest::Control {
                    number,
                    setup,
                    data,
                })
            }
            (SUBMIT, _) => Ok(UsbRequest::Read {
                number,
                length: word(6),
            }),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Answers request `number` with data for the host.
    pub fn send(&mut self, number: u32, data: &[u8]) -> io::Result<()> {
        let mut message = header(RETURN_SUBMIT, number, 0, data.len() as u32);
        message.extend(data);
        self.0.write_all(&message)
    }

    /// Says that `length` bytes from the host were taken.
    pub fn accept(&mut self, number: u32, length: u32) -> io::Result<()> {
        self.0.write_all(&header(RETURN_SUBMIT, number, 0, length))
    }

    /// Refuses request `number`.
    pub fn stall(&mut self, number: u32) -> io::Result<()> {
        self.0.write_all(&header(RETURN_SUBMIT, number, STALL, 0))
    }

    /// Answers the taking back of a request, which was still `waiting` or had been answered.
    pub fn unlinked(&mut self, number: u32, waiting: bool) -> io::Result<()> {
        let status = if waiting { TAKEN_BACK } else { 0 };
        self.0.write_all(&header(RETURN_UNLINK, number, status, 0))
    }
}

fn header(command: u32, number: u32, status: i32, length: u32) -> Vec<u8> {
    let status = status.cast_unsigned();
    let words = [command, number, 0, 0, 0, status, length, 0, 0, 0, 0, 0];
    words.into_iter().flat_map(u32::to_be_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request as the host writes it: direction in is 1.
    fn submit(number: u32, into: u32, endpoint: u32, length: u32, setup: [u8; 8]) -> Vec<u8> {
        let words = [1, number, 65537, into, endpoint, 0, length, 0, 0, 0];
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
        bytes.extend(setup);
        bytes
    }

    #[test]
    fn requests_are_read() {
        let (mut host, device) = UnixStream::pair().unwrap();
        let mut port = UsbipPort(device);
        host.write_all(&submit(7, 1, 0, 18, [0x80, 6, 0, 1, 0, 0, 18, 0]))
            .unwrap();
        let mut out = submit(8, 0, 0, 2, [0x21, 1, 0, 2, 1, 0, 2, 0]);
        out.extend([0xaa, 0xbb]);
        host.write_all(&out).unwrap();
        host.write_all(&submit(9, 1, 1, 16384, [0; 8])).unwrap();
        drop(host);
        let UsbRequest::Control {
            number: 7, setup, ..
        } = port.receive().unwrap()
        else {
            panic!("not a control request");
        };
        assert!(setup.is_in() && setup.value == 0x100 && setup.length == 18);
        let UsbRequest::Control {
            number: 8,
            setup,
            data,
        } = port.receive().unwrap()
        else {
            panic!("not a control request");
        };
        assert!(!setup.is_in() && setup.index == 1 && data == [0xaa, 0xbb]);
        assert!(matches!(
            port.receive().unwrap(),
            UsbRequest::Read {
                number: 9,
                length: 16384
            }
        ));
        let end = port.receive().err().unwrap();
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn answers_are_written() {
        let (mut host, device) = UnixStream::pair().unwrap();
        let mut port = UsbipPort(device);
        port.send(3, b"abc").unwrap();
        port.stall(4).unwrap();
        port.unlinked(5, true).unwrap();
        drop(port);
        let mut all = Vec::new();
        host.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), 48 + 3 + 48 + 48);
        assert_eq!(all[..8], [0, 0, 0, 3, 0, 0, 0, 3]);
        assert_eq!(all[20..28], [0, 0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(&all[48..51], b"abc");
        assert_eq!(all[51 + 20..51 + 24], (-32_i32).to_be_bytes());
        assert_eq!(all[99..103], [0, 0, 0, 4]);
        assert_eq!(all[99 + 20..99 + 24], (-104_i32).to_be_bytes());
    }
}
