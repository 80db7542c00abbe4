use super::*;
use v4l::timestamp::Timestamp;

fn meta(bytesused: usize, flags: Flags) -> Metadata {
    let timestamp = Timestamp {
        sec: 12,
        usec: 345_678,
    };
    Metadata {
        bytesused: bytesused as u32,
        flags,
        field: 1,
        timestamp,
        sequence: 9,
    }
}

fn corrupt(layout: NegotiatedFormat, buffer: &[u8], meta: &Metadata) -> String {
    match fill(&mut Frame::empty(), layout, buffer, meta) {
        Err(ReadError::Corrupt(what)) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn short_names_are_nodes() {
    assert_eq!(node_path("2"), Path::new("/dev/video2"));
    assert_eq!(node_path("video2"), Path::new("/dev/video2"));
    assert_eq!(node_path("/dev/v4l/by-id/a"), Path::new("/dev/v4l/by-id/a"));
    assert_eq!(node_path("video"), Path::new("video"));
}

#[test]
fn answers_of_drivers_are_honoured_or_refused() {
    let yuyv = |width, stride| layout(b"YUYV", width, 480, stride);
    assert_eq!(yuyv(640, 1280).unwrap().stride, 1280);
    assert_eq!(yuyv(640, 1344).unwrap().stride, 1344);
    assert_eq!(yuyv(641, 0).unwrap().stride, 1284);
    assert_eq!(layout(b"JPEG", 640, 480, 77).unwrap().stride, 0);
    for refused in [
        yuyv(640, 640),
        yuyv(640, 1 << 30),
        yuyv(0, 0),
        yuyv(100_000, 200_000),
    ] {
        assert!(refused.is_err(), "{refused:?}");
    }
    let error = layout(b"H264", 640, 480, 0).unwrap_err().to_string();
    assert!(error.contains("H264"), "{error}");
}

#[test]
fn raw_frames_keep_their_padding() {
    let layout = layout(b"NV12", 6, 4, 8).unwrap();
    let buffer: Vec<u8> = (0..64).collect();
    let mut frame = Frame::empty();
    fill(
        &mut frame,
        layout,
        &buffer,
        &meta(64, Flags::TIMESTAMP_MONOTONIC),
    )
    .unwrap();
    assert_eq!(
        (frame.format, frame.width, frame.height),
        (PixelFormat::Nv12, 6, 4)
    );
    assert_eq!((frame.stride, frame.sequence), (8, 9));
    assert_eq!(frame.bytes, buffer[..8 * 4 + 8 * 2]);
    assert_eq!(frame.timestamp, Duration::new(12, 345_678_000));
}

#[test]
fn other_clocks_are_replaced() {
    let layout = layout(b"GREY", 2, 2, 2).unwrap();
    let before = monotonic_now();
    let mut frame = Frame::empty();
    fill(&mut frame, layout, &[0; 4], &meta(4, Flags::TIMESTAMP_COPY)).unwrap();
    assert!(frame.timestamp >= before && frame.timestamp <= monotonic_now());
}

#[test]
fn damaged_buffers_are_corrupt() {
    let raw = layout(b"GREY", 4, 4, 4).unwrap();
    assert_eq!(
        corrupt(raw, &[0; 16], &meta(15, Flags::empty())),
        "15 of 16 bytes"
    );
    assert_eq!(
        corrupt(raw, &[0; 10], &meta(999, Flags::empty())),
        "10 of 16 bytes"
    );
    assert!(corrupt(raw, &[0; 16], &meta(16, Flags::ERROR)).contains("flags an error"));

    let mjpeg = layout(b"MJPG", 48, 16, 0).unwrap();
    let picture = crate::capture::tests::jpeg(48, 3);
    let cut = &picture[..300];
    assert!(corrupt(mjpeg, cut, &meta(cut.len(), Flags::empty())).contains("incomplete JPEG"));
    assert!(corrupt(mjpeg, &[0; 99], &meta(99, Flags::empty())).contains("no JPEG"));
    assert!(corrupt(mjpeg, &[], &meta(0, Flags::empty())).contains("0 bytes"));
}

#[test]
fn jpeg_is_cut_from_its_padding_and_says_its_size() {
    let picture = crate::capture::tests::jpeg(48, 3);
    let mut buffer = picture.clone();
    buffer.extend([0; 512]);
    let mut frame = Frame::empty();
    let layout = layout(b"MJPG", 640, 480, 0).unwrap();
    fill(
        &mut frame,
        layout,
        &buffer,
        &meta(buffer.len(), Flags::TIMESTAMP_MONOTONIC),
    )
    .unwrap();
    assert_eq!((frame.width, frame.height, frame.stride), (48, 16, 0));
    assert_eq!(frame.bytes, picture);
}

#[test]
fn nodes_that_are_no_cameras_do_not_open() {
    let options = SourceOptions::default();
    let error = open("/dev/video-none", &options).err().unwrap();
    assert!(
        error.remedy_text().unwrap().contains("face8x list"),
        "{error:?}"
    );
    assert!(open("/dev/null", &options).is_err());
}
