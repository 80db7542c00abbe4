//! People, drawn into a frame.

use super::head::{self, PortraitHead};
use super::people::{HEIGHT, Person};
use super::ycc;
use face8x_core::geometry::{Point, Similarity};

/// The part about the face that is drawn, in sides: to either side, above and below.
const REACH: (f32, f32, f32) = (0.72, 0.62, HEIGHT + 0.25);
/// How far the legs swing, in sides.
const SWING: f32 = 0.55;
const SKIN: [f32; 3] = [206.0, 152.0, 122.0];
const SHADOW: [f32; 3] = [70.0, 68.0, 66.0];
const SHADOW_DEPTH: f32 = 0.35;

/// Draws `person` into YUYV pixels whose rows are `stride` bytes long.
pub(super) fn person(person: &Person, head: &PortraitHead, stride: usize, bytes: &mut [u8]) {
    let Some(to_portrait) = head::placed(person).map(|placed| placed.invert()) else {
        return;
    };
    let painter = Painter {
        person,
        head,
        pitch: to_portrait.scale(),
        to_portrait,
        coat: ycc(person.coat),
        trousers: ycc(person.trousers),
        skin: ycc(SKIN),
        shadow: ycc(SHADOW),
    };
    let (face, side) = (person.face, person.side);
    let whole = |at: f32, limit: usize| at.clamp(0.0, limit as f32) as usize;
    let (columns, rows) = (stride / 2, bytes.len() / stride);
    let left = whole(face.x - REACH.0 * side, columns) / 2;
    let right = whole(face.x + REACH.0 * side + 2.0, columns).div_ceil(2);
    let top = whole(face.y - REACH.1 * side, rows);
    let bottom = whole(face.y + REACH.2 * side, rows);
    for (y, row) in bytes
        .chunks_exact_mut(stride)
        .enumerate()
        .take(bottom)
        .skip(top)
    {
        let pairs = row.as_chunks_mut::<4>().0;
        for (x, pair) in pairs.iter_mut().enumerate().take(right).skip(left) {
            painter.pair(pair, 2.0 * x as f32, y as f32);
        }
    }
}

struct Painter<'a> {
    person: &'a Person,
    head: &'a PortraitHead,
    to_portrait: Similarity,
    /// Portrait pixels to a pixel.
    pitch: f32,
    coat: [f32; 3],
    trousers: [f32; 3],
    skin: [f32; 3],
    shadow: [f32; 3],
}

impl Painter<'_> {
    /// Draws the two pixels from (x, y) on, which share their chroma.
    fn pair(&self, pair: &mut [u8; 4], x: f32, y: f32) {
        let [first, cb, second, cr] = pair.map(f32::from);
        let left = self.pixel([first, cb, cr], x, y);
        let right = self.pixel([second, cb, cr], x + 1.0, y);
        let mean = |c: usize| (left[c] + right[c]) / 2.0;
        *pair = [left[0], mean(1), right[0], mean(2)].map(|v| v.round() as u8);
    }

    /// What is seen at pixel (x, y) before `behind`.
    fn pixel(&self, behind: [f32; 3], x: f32, y: f32) -> [f32; 3] {
        let Person {
            face, side, stride, ..
        } = *self.person;
        let (u, v) = ((x + 0.5 - face.x) / side, (y + 0.5 - face.y) / side);
        let mut seen = behind;
        // `depth` is how far inside a shape it is, in sides.
        let mut cover = |depth: f32, most: f32, colour: [f32; 3]| {
            let share = most * (0.5 + depth * side).clamp(0.0, 1.0);
            for (seen, colour) in seen.iter_mut().zip(colour) {
                *seen += share * (colour - *seen);
            }
        };
        if v > HEIGHT - 0.4 {
            let reach = (u / 0.7).hypot((v - HEIGHT) / 0.2);
            cover(0.2 * (1.0 - reach), SHADOW_DEPTH, self.shadow);
        }
        if v > 2.6 {
            let down = ((v - 2.7) / (HEIGHT - 2.7)).min(1.0);
            for leg in [-1.0, 1.0] {
                let middle = leg * (0.19 + SWING * 0.3 * stride * down);
                let width = 0.2 - 0.06 * down;
                let depth = (width - (u - middle).abs()).min(HEIGHT - v);
                cover(depth, 1.0, self.trousers);
            }
        }
        if v > 0.3 && v < 3.0 {
            cover((0.15 - u.abs()).min(0.75 - v), 1.0, self.skin);
            // Shoulders, then a coat that is a little wider below.
            let width = 0.64 * (((v - 0.5) / 0.32).clamp(0.0, 1.0)).sqrt()
                - 0.1 * (v - 0.8).max(0.0)
                + 0.13 * (v - 1.6).max(0.0);
            let [luma, cb, cr] = self.coat;
            // Round, with a seam and sleeves.
            let edge = u.abs() / width.max(0.01);
            let fold = u.abs() < 0.015 || (v > 0.95 && (u.abs() - 0.44).abs() < 0.02);
            let light = 1.06 - 0.3 * edge * edge - if fold { 0.16 } else { 0.0 };
            let coat = [16.0 + (luma - 16.0) * light, cb, cr];
            cover((width - u.abs()).min(v - 0.5).min(2.95 - v), 1.0, coat);
        }
        if v < 0.6 {
            self.cover_by_head(&mut seen, x, y);
        }
        seen
    }

    fn cover_by_head(&self, seen: &mut [f32; 3], x: f32, y: f32) {
        let quarters = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
        let mut sum = [0.0; 3];
        for (dx, dy) in quarters {
            let at = self.to_portrait.apply(Point::new(x + dx, y + dy));
            let (share, colour) = self.head.sample(at, self.pitch / 2.0);
            for ((sum, seen), colour) in sum.iter_mut().zip(&*seen).zip(colour) {
                *sum += (seen + share * (colour - seen)) / 4.0;
            }
        }
        *seen = sum;
    }
}
