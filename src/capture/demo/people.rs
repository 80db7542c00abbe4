//! Who is in the street, and where.

use std::f64::consts::TAU;

use face8x_core::geometry::Point;

/// How many people there are.
pub(super) const PEOPLE: usize = 5;
/// Row of the horizon in the reference frame: the camera hangs above the people, so the farther
/// somebody is, the nearer to it the head is.
pub(super) const HORIZON: f32 = 132.0;
/// How far below the horizon the middle of a face is, in sides of its crop, and the feet.
const HEAD_BELOW: f32 = 1.15;
/// How far the feet are below the middle of the face, in sides.
pub(super) const HEIGHT: f32 = 5.9;
/// The size of the one who comes near, in the reference frame: farthest and nearest; and the seconds
/// in which she comes and goes.
const VISITOR: (f64, f64) = (20.0, 76.0);
const VISIT: f64 = 16.0;

/// A frame's size, and how large things are in it. Places and lengths are given for the reference
/// frame of 640x480 pixels; of others the middle shows the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreetScale {
    pub width: u32,
    pub height: u32,
    pub scale: f32,
}

impl StreetScale {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let scale = (width as f32 / 640.0).min(height as f32 / 480.0);
        StreetScale {
            width,
            height,
            scale,
        }
    }

    /// Where a point of the reference frame is.
    pub(super) fn place(&self, x: f32, y: f32) -> Point {
        Point::new(
            self.width as f32 / 2.0 + (x - 320.0) * self.scale,
            self.height as f32 / 2.0 + (y - 240.0) * self.scale,
        )
    }

    /// What point of the reference frame is at a place.
    pub(super) fn reference(&self, x: f32, y: f32) -> (f32, f32) {
        (
            320.0 + (x - self.width as f32 / 2.0) / self.scale,
            240.0 + (y - self.height as f32 / 2.0) / self.scale,
        )
    }
}

/// Somebody in a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    /// The middle of the canonical square of the face, and its side, in frame pixels.
    pub face: Point,
    pub side: f32,
    /// How far the head is tilted, in radians.
    pub tilt: f32,
    /// How far the legs are apart, -1 to 1.
    pub stride: f32,
    /// Coat and trousers: red, green, blue.
    pub coat: [f32; 3],
    pub trousers: [f32; 3],
}

/// Everybody in frame `moment`, the farthest first.
pub(super) fn people(moment: u64, stage: &StreetScale) -> [Person; PEOPLE] {
    let walkers = [
        // Waits at the far end of the square.
        person(moment, stage, 14.0, 552.0 + swing(moment, 9.0, 4.0), 0.0, 0),
        person(moment, stage, 17.0, crossing(moment, 250.0, -1.1), 0.55, 1),
        person(moment, stage, 21.0, crossing(moment, 470.0, 0.9), 0.6, 2),
        person(moment, stage, 27.0, crossing(moment, 90.0, 1.6), 0.65, 3),
    ];
    let visitor = visitor(moment, stage);
    let before = walkers.iter().take_while(|p| p.side < visitor.side).count();
    std::array::from_fn(|k| match k {
        _ if k == before => visitor,
        _ => walkers[k - usize::from(k > before)],
    })
}

/// The one who comes near.
pub(super) fn visitor(moment: u64, stage: &StreetScale) -> Person {
    let (far, near) = VISITOR;
    let way = (1.0 - (phase(moment, VISIT) * TAU).cos()) / 2.0;
    let side = far * (near / far).powf(way);
    person(
        moment,
        stage,
        side as f32,
        380.0 + swing(moment, 23.0, 40.0),
        0.5,
        4,
    )
}

/// Somebody whose face is `side` pixels large in the reference frame, at column `x`, who makes a step
/// every `pace` seconds (0 stands).
fn person(moment: u64, stage: &StreetScale, side: f32, x: f32, pace: f64, look: usize) -> Person {
    const COATS: [[f32; 3]; PEOPLE] = [
        [150.0, 60.0, 52.0],
        [52.0, 84.0, 96.0],
        [176.0, 150.0, 96.0],
        [64.0, 70.0, 112.0],
        [196.0, 92.0, 44.0],
    ];
    let step = match pace > 0.0 {
        true => (phase(moment, 2.0 * pace) * TAU).sin() as f32,
        false => 0.0,
    };
    let rise = 0.03 * side * (1.0 - step.abs());
    let y = HORIZON + HEAD_BELOW * side - rise;
    Person {
        face: stage.place(x, y),
        side: side * stage.scale,
        tilt: 0.04 * step + swing(moment, 7.0 + look as f64, 0.05),
        stride: step,
        coat: COATS[look],
        trousers: [58.0, 60.0, 68.0].map(|c: f32| c + 6.0 * look as f32),
    }
}

/// How far a cycle of `seconds` has come in frame `moment`, 0 to 1.
fn phase(moment: u64, seconds: f64) -> f64 {
    (moment as f64 / 30.0 / seconds).fract()
}

/// To and fro by `reach`, once in `seconds`.
fn swing(moment: u64, seconds: f64, reach: f32) -> f32 {
    reach * (phase(moment, seconds) * TAU).sin() as f32
}

/// The column of somebody who begins at `start` and walks `speed` pixels a frame, and comes in again at
/// the other side after having left.
fn crossing(moment: u64, start: f64, speed: f64) -> f32 {
    const ROOM: f64 = 60.0;
    let width = 640.0 + 2.0 * ROOM;
    ((start + ROOM + speed * moment as f64).rem_euclid(width) - ROOM) as f32
}
