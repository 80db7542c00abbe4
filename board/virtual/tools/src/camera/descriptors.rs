//! What the webcam says of itself, by the USB Video Class specification 1.1 ("UVC" below), the USB
//! 2.0 specification, and the "Uncompressed" and "MJPEG" payload specifications of UVC.

use face8x_core::frame::PixelFormat;

use super::SIZE;

/// Time between two frames in UVC's unit of 100 ns: 10 frames a second, which leaves an emulated
/// processor time for other things.
pub const INTERVAL: u32 = 1_000_000;
/// The most bytes of one payload: header and a piece of a frame.
pub const MAX_PAYLOAD: u32 = 16384;
/// The bulk endpoint that the frames come from.
pub const ENDPOINT: u8 = 1;
/// The interface of the streaming controls.
pub const STREAMING: u8 = 1;
/// The length of the probe and commit controls of UVC 1.0.
pub const PROBE: usize = 26;

/// The pixel formats on offer, in the order of their indices from 1, with bits per pixel and the
/// first bytes of the format's GUID. (UVC has no RGB3.)
pub const FORMATS: [(PixelFormat, u8, Guid); 7] = [
    (PixelFormat::Yuyv, 16, Guid::FourCc(*b"YUY2")),
    (PixelFormat::Uyvy, 16, Guid::FourCc(*b"UYVY")),
    (PixelFormat::Nv12, 12, Guid::FourCc(*b"NV12")),
    (PixelFormat::Yu12, 12, Guid::FourCc(*b"I420")),
    (PixelFormat::Grey, 8, Guid::FourCc(*b"Y800")),
    (PixelFormat::Bgr3, 24, Guid::Rgb24),
    (PixelFormat::Mjpg, 0, Guid::None),
];

/// How a format is named.
#[derive(Clone, Copy)]
pub enum Guid {
    /// A four-character code and the tail that all of these have.
    FourCc([u8; 4]),
    /// MEDIASUBTYPE_RGB24, whose bytes are blue, green, red.
    Rgb24,
    /// MJPEG has its own kind of descriptor.
    None,
}

impl Guid {
    fn bytes(self) -> [u8; 16] {
        match self {
            Guid::FourCc(code) => {
                let mut bytes = *b"....\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71";
                bytes[..4].copy_from_slice(&code);
                bytes
            }
            Guid::Rgb24 => *b"\x7d\xeb\x36\xe4\x4f\x52\xce\x11\x9f\x53\x00\x20\xaf\x0b\xa7\x70",
            Guid::None => [0; 16],
        }
    }
}

/// Bytes of a frame, the most where they vary.
pub fn frame_len(index: usize) -> u32 {
    let bits = match FORMATS[index].1 {
        0 => 16,
        bits => bits,
    };
    u32::from(SIZE.0) * u32::from(SIZE.1) * u32::from(bits) / 8
}

/// The device descriptor: USB 2.0, "miscellaneous" class with interface associations, as UVC asks.
pub fn device() -> Vec<u8> {
    let [vendor, product] = [0x1d6b_u16, 0x0105].map(u16::to_le_bytes);
    let mut bytes = vec![18, 1, 0x00, 0x02, 0xef, 2, 1, 64];
    bytes.extend([vendor, product].concat());
    bytes.extend([0x00, 0x01, 1, 2, 0, 1]);
    bytes
}

/// String `index`: 0 the languages (English), 1 the maker, 2 the product.
pub fn string(index: u8) -> Option<Vec<u8>> {
    let text = match index {
        0 => return Some(vec![4, 3, 0x09, 0x04]),
        1 => "face8x",
        2 => "Virtual Webcam",
        _ => return None,
    };
    let mut bytes = vec![2 + 2 * text.len() as u8, 3];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    Some(bytes)
}

/// The configuration: a control interface with a camera and an output terminal, a streaming
/// interface with the formats and one bulk endpoint.
pub fn configuration() -> Vec<u8> {
    let association = vec![8, 11, 0, 2, 0x0e, 3, 0, 2];
    let control_interface = vec![9, 4, 0, 0, 0, 0x0e, 1, 0, 2];
    let streaming_interface = vec![9, 4, STREAMING, 0, 1, 0x0e, 2, 0, 0];
    let endpoint = vec![7, 5, 0x80 | ENDPOINT, 2, 0x00, 0x02, 0];
    let parts = [
        association,
        control_interface,
        control(),
        streaming_interface,
        streaming(),
        endpoint,
    ]
    .concat();
    let mut bytes = vec![9, 2];
    bytes.extend((9 + parts.len() as u16).to_le_bytes());
    bytes.extend([2, 1, 0, 0x80, 250]);
    bytes.extend(parts);
    bytes
}

/// The class-specific part of the control interface (UVC 3.7.2): header, camera, output.
fn control() -> Vec<u8> {
    let camera = [
        18, 0x24, 2, 1, 0x01, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,
    ];
    let output = [9, 0x24, 3, 3, 0x01, 0x01, 0, 1, 0];
    let total = 13 + camera.len() as u16 + output.len() as u16;
    let mut bytes = vec![13, 0x24, 1, 0x00, 0x01];
    bytes.extend(total.to_le_bytes());
    bytes.extend(48_000_000_u32.to_le_bytes());
    bytes.extend([1, STREAMING]);
    bytes.extend(camera);
    bytes.extend(output);
    bytes
}

/// The class-specific part of the streaming interface (UVC 3.9.2): header and formats.
fn streaming() -> Vec<u8> {
    let formats: Vec<u8> = (0..FORMATS.len()).flat_map(format).collect();
    let count = FORMATS.len() as u8;
    let header = 13 + u16::from(count);
    let mut bytes = vec![header as u8, 0x24, 1, count];
    bytes.extend((header + formats.len() as u16).to_le_bytes());
    bytes.extend([0x80 | ENDPOINT, 0, 3, 0, 0, 0, 1]);
    bytes.extend(vec![0; count.into()]);
    bytes.extend(formats);
    bytes
}

/// A format with one frame size and BT.601 colours.
fn format(index: usize) -> Vec<u8> {
    let (format, bits, guid) = FORMATS[index];
    let number = index as u8 + 1;
    let (mut bytes, frame_kind) = if format == PixelFormat::Mjpg {
        (vec![11, 0x24, 6, number, 1, 0, 1, 0, 0, 0, 0], 7)
    } else {
        let mut bytes = vec![27, 0x24, 4, number, 1];
        bytes.extend(guid.bytes());
        bytes.extend([bits, 1, 0, 0, 0, 0]);
        (bytes, 5)
    };
    let bits_per_second = frame_len(index) * 8 * 10;
    bytes.extend([30, 0x24, frame_kind, 1, 0]);
    bytes.extend(SIZE.0.to_le_bytes());
    bytes.extend(SIZE.1.to_le_bytes());
    bytes.extend(bits_per_second.to_le_bytes());
    bytes.extend(bits_per_second.to_le_bytes());
    bytes.extend(frame_len(index).to_le_bytes());
    bytes.extend(INTERVAL.to_le_bytes());
    bytes.push(1);
    bytes.extend(INTERVAL.to_le_bytes());
    bytes.extend([6, 0x24, 0x0d, 1, 1, 4]);
    bytes
}

/// The answer to a probe: what was asked, with what the camera makes of it.
pub fn probe(asked: &[u8; PROBE]) -> [u8; PROBE] {
    let mut answer = *asked;
    let count = FORMATS.len() as u8;
    if !(1..=count).contains(&answer[2]) {
        answer[2] = 1;
    }
    let index = usize::from(answer[2]) - 1;
    answer[3] = 1;
    answer[4..8].copy_from_slice(&INTERVAL.to_le_bytes());
    answer[18..22].copy_from_slice(&frame_len(index).to_le_bytes());
    answer[22..26].copy_from_slice(&MAX_PAYLOAD.to_le_bytes());
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_add_up() {
        let all = configuration();
        assert_eq!(u16::from_le_bytes([all[2], all[3]]) as usize, all.len());
        let (mut at, mut kinds) = (0, Vec::new());
        while at < all.len() {
            kinds.push((all[at + 1], all[at + 2]));
            at += usize::from(all[at]);
        }
        assert_eq!(at, all.len());
        // Six uncompressed formats, one of MJPEG, each with a frame and its colours.
        for (kind, count) in [(4, 6), (5, 6), (6, 1), (7, 1), (0x0d, 7)] {
            let found = kinds.iter().filter(|k| **k == (0x24, kind)).count();
            assert_eq!(found, count, "descriptors of kind {kind}");
        }
        assert_eq!(device().len(), usize::from(device()[0]));
        assert_eq!(string(2).unwrap().len(), usize::from(string(2).unwrap()[0]));
        assert_eq!(string(9), None);
    }

    #[test]
    fn probes_are_made_possible() {
        let mut asked = [0; PROBE];
        assert_eq!(probe(&asked)[2], 1);
        asked[2] = 3;
        let answer = probe(&asked);
        assert_eq!((answer[2], answer[3]), (3, 1));
        assert_eq!(answer[18..22], (640 * 480 * 3 / 2_u32).to_le_bytes());
        asked[2] = 99;
        assert_eq!(probe(&asked)[2], 1);
    }
}
