use super::formats::FORMATS;
use super::*;
use face8x_core::convert::{Converter, Region};
use face8x_core::frame::Frame;

/// A model of a device: what it lists, what it makes of a format, what it takes.
struct FakeDevice {
    listed: Vec<[u8; 4]>,
    insists: Option<AcceptedFormat>,
    taken: Vec<Vec<u8>>,
    result: fn(usize) -> io::Result<usize>,
}

impl FakeDevice {
    fn new(listed: &[&[u8; 4]]) -> FakeDevice {
        FakeDevice {
            listed: listed.iter().map(|code| **code).collect(),
            insists: None,
            taken: Vec::new(),
            result: Ok,
        }
    }
}

impl Device for FakeDevice {
    fn codes(&self) -> Vec<[u8; 4]> {
        self.listed.clone()
    }

    fn set_format(&self, code: &[u8; 4], size: (u32, u32)) -> Result<AcceptedFormat> {
        Ok(self.insists.unwrap_or(AcceptedFormat {
            code: *code,
            size,
            stride: 0,
        }))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.taken.push(bytes.to_vec());
        (self.result)(bytes.len())
    }
}

#[test]
fn the_best_format_that_both_have_is_taken() {
    let chosen = |fake: &FakeDevice| {
        let chosen = negotiate(fake, (1280, 720));
        chosen.map(|(format, size)| (format.fourcc(), size))
    };
    let size = (1280, 720);
    assert_eq!(
        chosen(&FakeDevice::new(&[b"MJPG", b"BGR3", b"YUYV"])),
        Ok((*b"YUYV", size))
    );
    assert_eq!(
        chosen(&FakeDevice::new(&[b"BGR3", b"NV12"])),
        Ok((*b"NV12", size))
    );
    // One that lists nothing is asked.
    assert_eq!(chosen(&FakeDevice::new(&[])), Ok((*b"YUYV", size)));
    // One that has a format keeps it.
    let insists = |code: &[u8; 4], size, stride| FakeDevice {
        insists: Some(AcceptedFormat {
            code: *code,
            size,
            stride,
        }),
        ..FakeDevice::new(&[])
    };
    assert_eq!(
        chosen(&insists(b"RGB3", (640, 480), 1920)),
        Ok((*b"RGB3", (640, 480)))
    );
    for (refused, remedy) in [
        (FakeDevice::new(&[b"MJPG", b"H264"]), "it has MJPG, H264"),
        (insists(b"MJPG", size, 0), "it has MJPG 1280x720"),
        (insists(b"YUYV", (641, 480), 0), "it has YUYV 641x480"),
        (insists(b"YUYV", size, 4096), "with rows of 4096 bytes"),
    ] {
        let error = chosen(&refused).unwrap_err();
        assert!(
            error.to_string().contains("YUYV, YU12, NV12, RGB3, BGR3"),
            "{error}"
        );
        assert!(error.remedy_text().unwrap().contains(remedy), "{error:?}");
    }
}

/// Read back as frames of a camera, the pictures are what they were.
#[test]
fn pictures_are_the_same_in_every_format() {
    let mut picture = Picture::new(16, 8);
    for y in 0..8 {
        for (x, pixel) in (0..).zip(picture.row_mut(y)) {
            // The same colour in 2x2 pixels, which share it in some formats.
            let (x, y) = (x / 2, y / 2);
            *pixel = (30 * x) << 16 | (60 * y) << 8 | (25 * (x + y));
        }
    }
    for format in FORMATS {
        let mut bytes = Vec::new();
        write(format, &picture, &mut bytes);
        let stride = format.min_stride(16);
        assert_eq!(bytes.len(), format.frame_len(stride, 8), "{format:?}");
        let frame = Frame {
            format,
            width: 16,
            height: 8,
            stride,
            bytes,
            ..Frame::empty()
        };
        let mut pixels = Vec::new();
        let region = Region::whole(&frame);
        Converter::new()
            .pixels(&frame, region, &mut pixels)
            .unwrap();
        for (got, want) in pixels.iter().zip(&picture.pixels) {
            for shift in [0, 8, 16] {
                let (got, want) = (got >> shift & 255, want >> shift & 255);
                assert!(got.abs_diff(want) <= 4, "{format:?}: {got} for {want}");
            }
        }
    }
}

#[test]
fn pictures_are_centred_and_faults_are_named() {
    let mut camera =
        VirtualCamera::start("fake".into(), FakeDevice::new(&[b"RGB3"]), (8, 4)).unwrap();
    assert_eq!(camera.describe(), "fake RGB3 8x4");
    assert_eq!(camera.size(), Some((8, 4)));
    let mut small = Picture::new(2, 2);
    small.pixels.fill(0x0001_0203);
    camera.present(&small).unwrap();
    let bytes = camera.device.taken.pop().unwrap();
    assert_eq!(bytes.len(), 8 * 4 * 3);
    assert_eq!(bytes[3 * (8 + 3)..][..6], [1, 2, 3, 1, 2, 3]);
    assert_eq!(bytes.iter().filter(|byte| **byte != 0).count(), 12);
    // A reader that is slow misses a picture.
    camera.device.result = |_| Err(io::ErrorKind::WouldBlock.into());
    camera.present(&small).unwrap();
    camera.device.result = |length| Ok(length / 2);
    let error = camera.present(&small).unwrap_err();
    assert!(error.to_string().contains("48 of 96 bytes"), "{error}");
    camera.device.result = |_| Err(io::Error::from_raw_os_error(19));
    assert!(camera.present(&small).is_err());
}

#[test]
fn devices_that_are_not_there_or_of_another_kind_have_their_remedies() {
    let refused = |uri: &str| {
        let refused = crate::display::open(uri, &SinkOptions::default());
        refused.err().unwrap()
    };
    assert_eq!(refused("v4l2").exit_code(), 2);
    let error = refused("v4l2:///dev/video-none@640x480");
    assert_eq!(error.to_string(), "/dev/video-none does not exist");
    assert!(
        error
            .remedy_text()
            .unwrap()
            .contains("modprobe v4l2loopback")
    );
    let error = refused("v4l2:/dev/null");
    assert!(
        error.to_string().contains("not a device of that kind"),
        "{error}"
    );
}
