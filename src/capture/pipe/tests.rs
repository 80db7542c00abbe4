use std::io::Write;

use super::super::tests::jpeg;
use super::*;

const WAIT: Duration = Duration::from_secs(20);

fn options(width: u32, height: u32, format: Option<PixelFormat>) -> SourceOptions {
    SourceOptions {
        width,
        height,
        format,
        ..SourceOptions::default()
    }
}

fn command(command: &str, options: &SourceOptions) -> Box<dyn Source> {
    open_command(command, options).unwrap()
}

/// A stream that gives `bytes` and ends.
fn stream(bytes: &[u8], options: &SourceOptions) -> PipeSource {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let bytes = bytes.to_vec();
    std::thread::spawn(move || writer.write_all(&bytes));
    PipeSource::new("-".into(), Input::Stream(reader.into()), options).unwrap()
}

/// Reads to the end: the frames, the number of damaged ones and the last word.
fn read_all(source: &mut dyn Source) -> (Vec<Frame>, usize, ReadError) {
    let (mut frames, mut corrupt, mut frame) = (Vec::new(), 0, Frame::empty());
    loop {
        match source.read(&mut frame, WAIT) {
            Ok(()) => frames.push(frame.clone()),
            Err(ReadError::Corrupt(_)) => corrupt += 1,
            Err(other) => return (frames, corrupt, other),
        }
    }
}

#[test]
fn raw_frames_of_every_format_arrive_whole() {
    for format in PixelFormat::ALL
        .into_iter()
        .filter(|f| *f != PixelFormat::Mjpg)
    {
        let (width, height) = (33, 17);
        let stride = format.min_stride(width);
        let len = format.frame_len(stride, height);
        let bytes: Vec<u8> = (0..len * 3).map(|i| (i * 7) as u8).collect();
        let mut source = stream(&bytes, &options(width, height, Some(format)));
        let (frames, corrupt, end) = read_all(&mut source);
        assert_eq!((corrupt, end), (0, ReadError::End));
        assert_eq!(frames.len(), 3);
        for (i, frame) in frames.iter().enumerate() {
            assert_eq!(
                (frame.format, frame.stride, frame.sequence),
                (format, stride, i as u64)
            );
            assert_eq!((frame.width, frame.height), (width, height));
            assert_eq!(frame.bytes, bytes[i * len..][..len]);
        }
    }
}

#[test]
fn form_is_told_by_the_first_bytes() {
    let picture = jpeg(64, 1);
    let (frames, corrupt, end) = read_all(&mut stream(&picture, &options(640, 480, None)));
    assert_eq!((frames.len(), corrupt, end), (1, 0, ReadError::End));
    assert_eq!(
        (frames[0].format, frames[0].width, frames[0].height),
        (PixelFormat::Mjpg, 64, 16)
    );
    assert_eq!(frames[0].bytes, picture);
}

#[test]
fn what_is_not_mjpeg_is_refused_by_its_name() {
    let refused = |start: &[u8]| {
        let bytes = [start, &[200; 100]].concat();
        let (frames, _, end) = read_all(&mut stream(&bytes, &options(4, 2, None)));
        assert!(frames.is_empty());
        match end {
            ReadError::Unreadable(error) => {
                (error.to_string(), error.remedy_text().unwrap().to_owned())
            }
            other => panic!("{other:?}"),
        }
    };
    let secret = format!("cannot open rtsp://me:hunter2@cam/ {}", "e".repeat(64));
    let known: [(&[u8], &str, &str); 12] = [
        (
            secret.as_bytes(),
            "is text, not MJPEG: \"cannot open rtsp://me:***@cam/ ",
            "alone",
        ),
        (b"\0\0\x01\x40\x01\x0c", "H.265", "ffmpeg"),
        (b"DKIF\0\0\x20\0VP80", "IVF", "ffmpeg"),
        (b"\0\0\0\x01\x67\xf4\0", "H.264", "ffmpeg"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0", "Matroska", "ffmpeg"),
        (b"\0\0\0\x20ftypisom", "MP4", "ffmpeg"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI", "ffmpeg"),
        (
            b"G\x40\x11\x10\0\x42\xf0\x25\0\x01\xc1\0",
            "MPEG-TS",
            "ffmpeg",
        ),
        (b"YUV4MPEG2 W4 H2 C420p10\nFRAME\n", "\"C420p10\"", "ffmpeg"),
        (b"\x89PNG\r\n\x1a\n", "PNG", "--source FILE"),
        (b"raw frames?", "not MJPEG", "--format"),
        (
            &[b'e'; 200],
            "is text, not MJPEG: \"eeeee",
            "run its command alone",
        ),
    ];
    for (start, name, remedy) in known {
        let (message, said) = refused(start);
        assert!(message.contains(name), "{message}");
        assert!(said.contains(remedy), "{said}");
    }
    // A stream of three bytes, which end before they are recognised.
    let (_, _, end) = read_all(&mut stream(&[0xFF], &options(4, 4, None)));
    assert!(matches!(end, ReadError::Unreadable(_)), "{end:?}");
}

/// Pictures of a camera that sends no end markers: the last one comes at the end.
#[test]
fn frames_without_end_markers_are_frames() {
    let picture = jpeg(64, 1);
    let cut = &picture[..picture.len() - 2];
    let (frames, corrupt, end) = read_all(&mut stream(&cut.repeat(3), &options(9, 9, None)));
    assert_eq!((frames.len(), corrupt, end), (3, 0, ReadError::End));
    assert!(frames.iter().all(|frame| frame.bytes == cut));
}

/// A stream that begins between two pictures.
#[test]
fn padding_before_the_first_picture_is_no_other_format() {
    let picture = jpeg(64, 1);
    for padding in [&[0; 900][..], &[0xff; 13], &[0, 0, 0xff]] {
        let bytes = [padding, &picture, &picture].concat();
        let (frames, corrupt, end) = read_all(&mut stream(&bytes, &options(9, 9, None)));
        assert_eq!((frames.len(), corrupt, end), (2, 0, ReadError::End));
    }
    let (frames, _, end) = read_all(&mut stream(&[0; 9000], &options(9, 9, None)));
    assert!(
        frames.is_empty() && matches!(end, ReadError::Unreadable(_)),
        "{end:?}"
    );
}

/// A y4m stream of 4x2 pixels.
fn y4m(frames: u8, rate: &str) -> Vec<u8> {
    let mut bytes = format!("YUV4MPEG2 W4 H2 F{rate} C420mpeg2 XCOMMENT\n").into_bytes();
    for level in 0..frames {
        bytes.extend_from_slice(b"FRAME\n");
        bytes.extend([level; 4 * 2 + 2 * 2]);
    }
    bytes
}

#[test]
fn y4m_is_read_and_has_its_own_size() {
    let (frames, corrupt, end) = read_all(&mut stream(&y4m(5, "0:0"), &options(640, 480, None)));
    assert_eq!((frames.len(), corrupt, end), (5, 0, ReadError::End));
    for (level, frame) in (0..).zip(&frames) {
        assert_eq!((frame.width, frame.height), (4, 2));
        assert_eq!((frame.format, frame.sequence), (PixelFormat::Yu12, level));
        assert!(frame.bytes.iter().all(|byte| u64::from(*byte) == level));
    }
    // One that is cut off is no frame, and no error where others came before.
    let bytes = y4m(3, "30:1");
    let mut cut = stream(&bytes[..bytes.len() - 1], &options(640, 480, None));
    let (frames, _, end) = read_all(&mut cut);
    assert_eq!((frames.len(), end), (2, ReadError::End));
    assert_eq!(cut.describe(), "- y4m 4:2:0 4x2 30.00 fps");
    let broken = [y4m(2, "30:1"), vec![7; 50]].concat();
    let (frames, _, end) = read_all(&mut stream(&broken, &options(640, 480, None)));
    assert_eq!(frames.len(), 2);
    assert!(matches!(end, ReadError::Unreadable(e) if e.to_string().contains("damaged")));
    let (_, _, end) = read_all(&mut stream(b"YUV4MPEG2 W4 H4\n", &options(640, 480, None)));
    assert!(matches!(end, ReadError::Lost(e) if e.to_string().contains("no complete frame")));
}

#[test]
fn y4m_comes_at_its_own_rate() {
    let time = |fps| {
        let start = monotonic_now();
        let options = SourceOptions {
            fps,
            ..options(640, 480, None)
        };
        let (frames, _, _) = read_all(&mut stream(&y4m(6, "20:1"), &options));
        assert_eq!(frames.len(), 6);
        monotonic_now() - start
    };
    assert!(time(1000) >= Duration::from_millis(245));
    assert!(time(0) < Duration::from_millis(245));
    // A frame that is not due is a timeout, and is not lost.
    let mut source = stream(&y4m(2, "1:1"), &options(640, 480, None));
    let mut frame = Frame::empty();
    source.read(&mut frame, WAIT).unwrap();
    let due = source.read(&mut frame, Duration::from_millis(1));
    assert_eq!(due, Err(ReadError::Timeout));
    assert_eq!(source.read(&mut frame, WAIT), Ok(()));
}

#[test]
fn a_file_of_frames_is_played_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.y4m");
    std::fs::write(&path, y4m(3, "30:1")).unwrap();
    let looped = SourceOptions {
        looped: true,
        fps: 0,
        ..options(640, 480, None)
    };
    let mut source = super::super::open(path.to_str().unwrap(), &looped).unwrap();
    let mut frame = Frame::empty();
    for number in 0..8 {
        source.read(&mut frame, WAIT).unwrap();
        assert_eq!(
            (frame.sequence, u64::from(frame.bytes[0])),
            (number, number % 3)
        );
    }
}

/// Network cameras answer in parts: pictures with headers.
#[test]
fn multipart_streams_are_read_and_refusals_named() {
    let picture = jpeg(64, 1);
    let part = [
        b"--frame\r\nContent-Type: image/jpeg\r\n\r\n",
        &picture[..],
        b"\r\n",
    ]
    .concat();
    let answer =
        b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n";
    let length = b"Content-Length: 9\r\n\r\n";
    for start in [&b""[..], b"\r\n", b"\n\n", length, answer] {
        let bytes = [start, &part, &part].concat();
        let (frames, corrupt, end) = read_all(&mut stream(&bytes, &options(9, 9, None)));
        assert_eq!((frames.len(), corrupt, end), (2, 0, ReadError::End));
        assert_eq!(frames[1].bytes, picture);
    }
    for refusal in [
        "HTTP/1.1 401 Unauthorized\r\n",
        "RTSP/1.0 404 Not Found\r\n",
    ] {
        let (_, _, end) = read_all(&mut stream(refusal.as_bytes(), &options(9, 9, None)));
        let ReadError::Lost(error) = end else {
            panic!("{end:?}")
        };
        assert!(error.to_string().contains(refusal.trim_end()), "{error}");
        assert!(error.remedy_text().unwrap().contains("URL"));
    }
}

#[test]
fn cut_jpeg_is_counted_and_the_stream_goes_on() {
    let (cut, whole) = (jpeg(32, 5), jpeg(48, 6));
    let bytes = [&whole, &cut[..cut.len() / 2], b"junk", &whole, &whole].concat();
    let (frames, corrupt, end) = read_all(&mut stream(&bytes, &options(640, 480, None)));
    assert_eq!((corrupt, end), (1, ReadError::End));
    assert!(frames.len() == 3 && frames.iter().all(|frame| frame.bytes == whole));
}

#[test]
fn leftover_bytes_are_explained() {
    let raw = options(8, 8, Some(PixelFormat::Grey));
    let mut source = stream(&[1; 100], &raw);
    let (frames, _, end) = read_all(&mut source);
    assert_eq!(frames.len(), 1);
    let ReadError::Lost(error) = end else {
        panic!("{end:?}")
    };
    assert_eq!(
        error.to_string(),
        "standard input: 36 bytes were left of the 64 of a GREY frame of 8x8"
    );
    assert!(error.remedy_text().unwrap().contains("--size"));
    assert_eq!(source.stall_timeout(), None);

    let mut source = command("head -c 100 /dev/zero", &raw);
    let (frames, _, end) = read_all(source.as_mut());
    assert_eq!(frames.len(), 1);
    let ReadError::Lost(error) = end else {
        panic!("{end:?}")
    };
    assert!(
        error
            .to_string()
            .contains("(exit status: 0); 36 bytes were left"),
        "{error}"
    );
}

#[test]
fn streams_without_a_frame_are_errors() {
    let says = |bytes: &[u8], options| {
        let (frames, _, end) = read_all(&mut stream(bytes, &options));
        let ReadError::Lost(error) = end else {
            panic!("{end:?}")
        };
        assert!(frames.is_empty());
        error.to_string()
    };
    assert_eq!(says(b"", options(4, 4, None)), "standard input: no data");
    let mjpeg = options(4, 4, Some(PixelFormat::Mjpg));
    assert_eq!(
        says(&[7; 999], mjpeg),
        "standard input: no complete JPEG picture"
    );
}

#[test]
fn silence_is_a_timeout_and_costs_no_bytes() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let raw = options(2, 2, Some(PixelFormat::Grey));
    let mut source = PipeSource::new("-".into(), Input::Stream(reader.into()), &raw).unwrap();
    let mut frame = Frame::empty();
    writer.write_all(&[1, 2, 3]).unwrap();
    assert_eq!(
        source.read(&mut frame, Duration::from_millis(1)),
        Err(ReadError::Timeout)
    );
    assert_eq!(
        source.read(&mut frame, Duration::ZERO),
        Err(ReadError::Timeout)
    );
    writer.write_all(&[4]).unwrap();
    assert_eq!(source.read(&mut frame, WAIT), Ok(()));
    assert_eq!(frame.bytes, [1, 2, 3, 4]);
}

#[test]
fn command_tells_how_it_died() {
    let mut source = command(
        "echo starting >&2; echo 'no cameras available' >&2; exit 7",
        &options(4, 4, None),
    );
    let (_, _, end) = read_all(source.as_mut());
    let ReadError::Lost(error) = end else {
        panic!("{end:?}")
    };
    assert!(
        error
            .to_string()
            .contains("(exit status: 7): no cameras available"),
        "{error}"
    );
}

/// A command that talks all the time neither blocks on its messages nor hides its frames.
#[test]
fn chatty_command_is_read() {
    let chatty = "i=0; while [ $i -lt 3000 ]; do echo line $i of a long story >&2; i=$((i+1)); done; \
                  head -c 48 /dev/zero";
    let mut source = command(chatty, &options(4, 4, Some(PixelFormat::Grey)));
    let (frames, _, end) = read_all(source.as_mut());
    assert_eq!(frames.len(), 3);
    assert!(matches!(end, ReadError::Lost(e) if e.to_string().contains("line 2999")));
}

#[test]
fn buffers_are_swapped_not_allocated() {
    let mut source = command("cat /dev/zero", &options(64, 64, Some(PixelFormat::Yuyv)));
    let mut frame = Frame::empty();
    let mut addresses: Vec<_> = (0..20)
        .map(|_| {
            source.read(&mut frame, WAIT).unwrap();
            frame.bytes.as_ptr()
        })
        .skip(2)
        .collect();
    addresses.sort();
    addresses.dedup();
    assert!(addresses.len() <= 2, "{}", addresses.len());
}

#[test]
fn empty_commands_are_refused() {
    assert_eq!(
        open_command("  ", &SourceOptions::default())
            .err()
            .unwrap()
            .exit_code(),
        2
    );
}
