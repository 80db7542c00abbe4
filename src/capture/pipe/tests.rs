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
        let bytes = [start, &[9; 100]].concat();
        let (frames, _, end) = read_all(&mut stream(&bytes, &options(4, 2, None)));
        assert!(frames.is_empty());
        match end {
            ReadError::Unreadable(error) => {
                (error.to_string(), error.remedy_text().unwrap().to_owned())
            }
            other => panic!("{other:?}"),
        }
    };
    let known: [(&[u8], &str, &str); 6] = [
        (b"\0\0\0\x01\x67\xf4\0", "H.264", "ffmpeg"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0", "Matroska", "ffmpeg"),
        (b"YUV4MPEG2 W4 H2\n", "YUV4MPEG2", "ffmpeg"),
        (b"\0\0\0\x20ftypisom", "MP4", "ffmpeg"),
        (b"\x89PNG\r\n\x1a\n", "PNG", "--source FILE"),
        (b"raw frames?", "not MJPEG", "--format"),
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
    for start in [&b""[..], b"\r\n", answer] {
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
