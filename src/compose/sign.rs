//! The sign of a missing camera.

use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::pixelcolor::raw::RawU24;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{
    Circle, CornerRadii, Line, PrimitiveStyle, Rectangle, RoundedRectangle,
};

use super::layout::Area;
use crate::picture::Picture;

/// A camera that is crossed out, in the square `area`, drawn in `colour` on `background`.
pub(crate) fn no_camera(canvas: &mut Picture, area: Area, background: u32, colour: u32) {
    let side = area.w.min(area.h) as i32;
    let [colour, background] = [colour, background].map(|c| Rgb888::from(RawU24::new(c)));
    let thick = (side / 16).max(1) as u32;
    let stroke = PrimitiveStyle::with_stroke(colour, thick);
    // In sixteenths of the side.
    let at =
        |x: i32, y: i32| Point::new(area.x as i32 + x * side / 16, area.y as i32 + y * side / 16);
    let length = |sixteenths: i32| (sixteenths * side / 16) as u32;
    let body = Rectangle::new(at(0, 4), Size::new(length(11), length(9)));
    let body = RoundedRectangle::new(body, CornerRadii::new(Size::new_equal(length(2))));
    let [top, bottom] = [5, 12].map(|y| at(16, y) - Point::new(1, 0));
    let (neck_top, neck_bottom) = (at(11, 7), at(11, 10));
    let finder = [(neck_top, top), (top, bottom), (bottom, neck_bottom)];
    let lens = Circle::new(at(3, 6), length(5));
    let [from, to] = [at(2, 14), at(14, 2)];
    let gap = PrimitiveStyle::with_stroke(background, 3 * thick);
    // Drawing on a Picture cannot fail.
    let _ = body.into_styled(stroke).draw(canvas);
    let _ = lens.into_styled(stroke).draw(canvas);
    for (from, to) in finder {
        let _ = Line::new(from, to).into_styled(stroke).draw(canvas);
    }
    let _ = Line::new(from, to).into_styled(gap).draw(canvas);
    let _ = Line::new(from, to).into_styled(stroke).draw(canvas);
}
