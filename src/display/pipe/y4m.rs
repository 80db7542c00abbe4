//! YUV4MPEG2, which says its size and rate itself: see `capture::pipe`'s reader.

use crate::display::yuv;
use crate::picture::Picture;

/// What a stream begins with: every player and encoder takes this form.
pub(super) fn header((width, height): (u32, u32), fps: u32) -> Vec<u8> {
    format!("YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n").into_bytes()
}

/// Puts a frame with its line into `out`.
pub(super) fn frame(picture: &Picture, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(b"FRAME\n");
    yuv::add_planes(picture, out);
}
