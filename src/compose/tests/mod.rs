//! A small made-up world for the tests of this module.

mod goldens;
mod in_place;
mod properties;

use std::time::Duration;

use super::*;
use face8x_core::backproject::restored_share;
use face8x_core::face::Detection;
use face8x_core::face::Face;
use face8x_core::frame::Frame;
use face8x_core::frame::PixelFormat;
use face8x_core::geometry::Similarity;
use face8x_core::geometry::{HR_SIDE, LR_SIDE, Point, Rect};
use face8x_core::pixel::{pack_rgb, unpack_rgb};
use face8x_core::restore::{Lr, Sr};

/// A drawn face: its colour at a point of the canonical picture, or none beside the head.
///
/// Only arithmetic that is the same on every machine is used here: goldens are compared exactly.
fn drawn_face(u: f32, v: f32, skin: [f32; 3]) -> Option<[f32; 3]> {
    let within = |x: f32, y: f32, rx: f32, ry: f32| {
        let (dx, dy) = ((u - x) / rx, (v - y) / ry);
        dx * dx + dy * dy < 1.0
    };
    let eye = |x: f32| within(x, 65.0, 6.0, 4.0);
    let pupil = |x: f32| within(x, 65.0, 2.5, 3.0);
    let lit = (1.1 - (u - 40.0) * 0.004).clamp(0.6, 1.2);
    let shade = |c: [f32; 3], by: f32| Some(c.map(|c| (c * by).min(255.0)));
    if pupil(50.0) || pupil(78.0) {
        shade([30.0, 40.0, 60.0], 1.0)
    } else if eye(50.0) || eye(78.0) {
        shade([240.0, 240.0, 235.0], 1.0)
    } else if within(64.0, 96.0, 14.0, 4.0) {
        shade([170.0, 60.0, 60.0], 1.0)
    } else if within(64.0, 80.0, 4.0, 9.0) {
        shade(skin, 0.85 * lit)
    } else if within(64.0, 74.0, 36.0, 46.0) && !within(64.0, 20.0, 60.0, 26.0) {
        shade(skin, lit)
    } else if within(64.0, 62.0, 42.0, 50.0) {
        shade([70.0, 45.0, 30.0], 1.0)
    } else {
        None
    }
}

const SKINS: [[f32; 3]; 3] = [
    [224.0, 172.0, 138.0],
    [141.0, 90.0, 60.0],
    [198.0, 134.0, 100.0],
];

/// What stands behind the faces.
fn wall(x: f32, y: f32) -> [f32; 3] {
    let stripe = if ((x + y) / 24.0) as i32 % 2 == 0 {
        12.0
    } else {
        0.0
    };
    [
        90.0 + y * 0.25 + stripe,
        110.0 + stripe,
        150.0 - x * 0.12 + stripe,
    ]
}

/// A person of the made-up world.
#[derive(Clone)]
struct ScenePerson {
    to_canonical: Similarity,
    skin: [f32; 3],
    lr: Lr,
    sr: Box<Sr>,
}

impl ScenePerson {
    /// Whose canonical picture of `side` frame pixels begins at (x, y), leaning by a right
    /// triangle of legs `lean` and 1.
    fn new(x: f32, y: f32, side: f32, lean: f32, skin: [f32; 3]) -> Self {
        let scale = HR_SIDE as f32 / side / (1.0 + lean * lean).sqrt();
        let (a, b) = (scale, scale * lean);
        // The middle of the square goes to the middle of the canonical picture.
        let (cx, cy) = (x + side / 2.0, y + side / 2.0);
        let to_canonical = Similarity {
            a,
            b,
            tx: 64.0 - a * cx + b * cy,
            ty: 64.0 - b * cx - a * cy,
        };
        let colour = |u: f32, v: f32| drawn_face(u, v, skin).unwrap_or([96.0, 110.0, 130.0]);
        let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
        for (i, pixel) in sr.iter_mut().enumerate() {
            let (u, v) = ((i % HR_SIDE) as f32 + 0.5, (i / HR_SIDE) as f32 + 0.5);
            let [r, g, b] = colour(u, v).map(|c| c as u8);
            *pixel = pack_rgb(r, g, b);
        }
        let mut lr = [0; LR_SIDE * LR_SIDE * 3];
        for (i, out) in lr.iter_mut().enumerate() {
            let (c, x, y) = (i % 3, i / 3 % LR_SIDE, i / 3 / LR_SIDE);
            let inside = (0..64).map(|k| (y * 8 + k / 8) * HR_SIDE + x * 8 + k % 8);
            *out = (inside
                .map(|at| u32::from(unpack_rgb(sr[at])[c]))
                .sum::<u32>()
                / 64) as u8;
        }
        ScenePerson {
            to_canonical,
            skin,
            lr,
            sr,
        }
    }

    /// The face around its eyes and mouth, in the frame.
    fn face_box(&self) -> Rect {
        let Similarity { a, b, tx, ty } = self.to_canonical;
        let scale2 = a * a + b * b;
        let centre = Point::new(64.0 - tx, 78.0 - ty);
        let (x, y) = (
            (a * centre.x + b * centre.y) / scale2,
            (a * centre.y - b * centre.x) / scale2,
        );
        let side = 76.0 / scale2.sqrt();
        Rect::new(x - side / 2.0, y - side / 2.0, side, side)
    }

    fn restored(&self, id: u64) -> Restored<'_> {
        let detection = Detection {
            face_box: self.face_box(),
            landmarks: None,
            confidence: 0.94,
        };
        Restored {
            face: Face { id, detection },
            lr: &self.lr,
            sr: &self.sr,
            picture: &self.sr,
            share: restored_share(&self.to_canonical),
            to_canonical: self.to_canonical,
        }
    }
}

fn people() -> Vec<ScenePerson> {
    vec![
        ScenePerson::new(80.0, 90.0, 62.0, 0.15, SKINS[0]),
        ScenePerson::new(200.0, 50.0, 72.0, -0.2, SKINS[1]),
        ScenePerson::new(258.0, 150.0, 90.0, 0.0, SKINS[2]),
    ]
}

/// The camera's 320x240 picture of `people` before the wall.
fn frame_of(people: &[ScenePerson]) -> Frame {
    let (width, height) = (320u32, 240u32);
    let mut bytes = Vec::new();
    for i in 0..width * height {
        let (x, y) = ((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
        let seen = people.iter().find_map(|person| {
            let Similarity { a, b, tx, ty } = person.to_canonical;
            drawn_face(a * x - b * y + tx, b * x + a * y + ty, person.skin)
        });
        bytes.extend(seen.unwrap_or_else(|| wall(x, y)).map(|c| c as u8));
    }
    let stride = 3 * width as usize;
    Frame {
        format: PixelFormat::Rgb3,
        width,
        height,
        stride,
        bytes,
        ..Frame::empty()
    }
}

fn status() -> InfoValues<'static> {
    InfoValues {
        fps: 29.97,
        latency: Duration::from_millis(41),
        skipped: 3,
        restorer: "bicubic (no network)",
        source: "demo",
        sink: "png",
        temperature: Some(48.2),
        running: Duration::from_secs(754),
    }
}

fn options(view: View) -> ComposeOptions {
    ComposeOptions {
        view,
        ..ComposeOptions::default()
    }
}

fn composed(options: ComposeOptions, scene: &Scene<'_>, size: (u32, u32)) -> Picture {
    let mut picture = Picture::default();
    Composer::new(options).compose(scene, size, &mut picture);
    picture
}
