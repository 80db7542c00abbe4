//! The camera picture on the canvas.

use super::layout::Area;
use crate::picture::Picture;
use face8x_core::convert::Converter;
use face8x_core::frame::{Frame, PixelFormat};
use face8x_core::geometry::Rect;

/// Whether a frame has pixels that can be drawn.
pub(crate) fn can_show(frame: &Frame) -> bool {
    frame.format != PixelFormat::Mjpg && frame.validate().is_ok()
}

/// Fills `area` of the canvas with `region` of a frame that [`can_show`] has passed.
pub(crate) fn draw(
    canvas: &mut Picture,
    area: Area,
    converter: &mut Converter,
    frame: &Frame,
    region: Rect,
) {
    if area.is_empty() {
        return;
    }
    let stride = canvas.width as usize;
    let Some(rows) = canvas.pixels.get_mut(area.y * stride + area.x..) else {
        return;
    };
    let (width, height) = (area.w as u32, area.h as u32);
    if let Err(error) = converter.scale_to(frame, region, rows, stride, width, height) {
        log::debug!("camera picture: {error}");
    }
}
