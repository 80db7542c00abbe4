//! The camera picture on the canvas.
use super::blit;
use super::layout::Area;
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::picture::{Picture, pack_rgb};

pub fn draw(canvas: &mut Picture, area: Area, frame: &Frame, region: Rect) {
    for (y, row) in blit::rows(canvas, area).enumerate() {
        for (x, p) in row.iter_mut().enumerate() {
            let fx = (region.x + (x as f32 + 0.5) * region.w / area.w as f32) as usize;
            let fy = (region.y + (y as f32 + 0.5) * region.h / area.h as f32) as usize;
            let at = fy.min(frame.height as usize - 1) * frame.stride
                + fx.min(frame.width as usize - 1) * 3;
            *p = pack_rgb(frame.bytes[at], frame.bytes[at + 1], frame.bytes[at + 2]);
        }
    }
}

pub fn can_show(frame: &Frame) -> bool {
    frame.width > 0 && frame.height > 0
}
