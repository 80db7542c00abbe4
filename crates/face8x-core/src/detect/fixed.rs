//! Detectors without a search: the middle of the picture, and a box that the user gave.

use super::{Detector, SearchOptions, takes_no_value};
use crate::face::Detection;
use crate::frame::Frame;
use crate::geometry::canonical::FACE_BOX;
use crate::geometry::{HR_SIDE, Point, Rect};
use crate::{Error, Result};

/// The face box whose crop is the largest centred square that fits the frame.
struct Centre;

/// Opens `centre`.
///
/// # Errors
/// A usage error where a value follows.
pub(super) fn open_centre(value: &str, _: &SearchOptions) -> Result<Box<dyn Detector>> {
    match value {
        "" => Ok(Box::new(Centre)),
        _ => Err(takes_no_value("centre", value)
            .remedy("use `centre`, or `box:X,Y,WIDTH,HEIGHT` for another place")),
    }
}

impl Detector for Centre {
    fn name(&self) -> String {
        "centre".into()
    }

    fn needs_pixels(&self) -> bool {
        false
    }

    fn detect(&mut self, picture: &Frame, found: &mut Vec<Detection>) -> Result<()> {
        found.clear();
        let (width, height) = (picture.width as f32, picture.height as f32);
        let unit = width.min(height) / HR_SIDE as f32;
        if unit > 0.0 {
            let middle = HR_SIDE as f32 / 2.0;
            let x = width / 2.0 + (FACE_BOX.centre().x - middle) * unit;
            let y = height / 2.0 + (FACE_BOX.centre().y - middle) * unit;
            found.push(certain(Rect::square(Point::new(x, y), FACE_BOX.w * unit)));
        }
        Ok(())
    }
}

/// The face box that the user gave.
struct Given {
    uri: String,
    face_box: Rect,
}

/// Opens `box:X,Y,WIDTH,HEIGHT`; a box that is not square becomes the square around its centre.
///
/// # Errors
/// A usage error where these are not four finite numbers with a positive width and height.
pub(super) fn open_box(value: &str, _: &SearchOptions) -> Result<Box<dyn Detector>> {
    let numbers: Option<Vec<f32>> = value.split(',').map(|n| n.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[x, y, w, h]) if [x, y, w, h].iter().all(|n| n.abs() < 1e6) && w >= 1.0 && h >= 1.0 => {
            let face_box = Rect::square(Rect::new(x, y, w, h).centre(), w.max(h));
            Ok(Box::new(Given { uri: format!("box:{value}"), face_box }))
        }
        _ => Err(Error::usage(format!("'{value}' is not a face box"))
            .remedy("write it in frame pixels, at least 1 wide and high: box:X,Y,WIDTH,HEIGHT, such as box:250,120,140,140")),
    }
}

impl Detector for Given {
    fn name(&self) -> String {
        self.uri.clone()
    }

    fn needs_pixels(&self) -> bool {
        false
    }

    fn detect(&mut self, picture: &Frame, found: &mut Vec<Detection>) -> Result<()> {
        found.clear();
        let (width, height) = (picture.width as f32, picture.height as f32);
        let Point { x, y } = self.face_box.centre();
        if (0.0..width).contains(&x) && (0.0..height).contains(&y) {
            found.push(certain(self.face_box));
            return Ok(());
        }
        Err(Error::other(format!(
            "the centre of {} lies outside the {width}x{height} frame",
            self.uri
        ))
        .remedy("give a box inside the frame"))
    }
}

fn certain(face_box: Rect) -> Detection {
    Detection {
        face_box,
        landmarks: None,
        confidence: 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(detector: &mut dyn Detector, width: u32, height: u32) -> Result<Vec<Detection>> {
        let picture = Frame {
            width,
            height,
            ..Frame::empty()
        };
        let mut found = vec![certain(Rect::default())];
        detector.detect(&picture, &mut found).map(|()| found)
    }

    #[test]
    fn the_centre_box_belongs_to_the_largest_centred_square() {
        // The crop of 640x480 is 480 wide from (80, 0); a canonical pixel is 3.75 frame pixels.
        let found = detect(&mut Centre, 640, 480).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].face_box,
            Rect::new(80.0 + 22.0 * 3.75, 38.0 * 3.75, 315.0, 315.0)
        );
        assert!(detect(&mut Centre, 0, 480).unwrap().is_empty());
    }

    #[test]
    fn a_given_box_is_squared_about_its_centre() {
        let mut detector = open_box("100, 50,40,60", &SearchOptions::LIVE).unwrap();
        let found = detect(detector.as_mut(), 640, 480).unwrap();
        assert_eq!(found[0].face_box, Rect::new(90.0, 50.0, 60.0, 60.0));
    }

    #[test]
    fn a_given_box_outside_the_frame_is_an_error() {
        let mut detector = open_box("700,50,40,40", &SearchOptions::LIVE).unwrap();
        let error = detect(detector.as_mut(), 640, 480).unwrap_err();
        assert!(error.to_string().contains("640x480"), "{error}");
    }
}
