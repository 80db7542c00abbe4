//! The street behind the people: houses, a shop, a tree, and a square of slabs.

use super::people::{HORIZON, StreetScale};
use super::ycc;

/// Row of the reference frame in which the houses meet the square.
const GROUND: f32 = 214.0;
/// Width of a house, and of the cell of one of its windows.
const HOUSE: f32 = 92.0;
const CELL: (f32, f32) = (19.0, 29.0);

/// Draws the street in YUYV, without padding.
pub(super) fn paint(stage: &StreetScale) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * (stage.width as usize + 1) * stage.height as usize);
    for y in 0..stage.height {
        for x in (0..stage.width).step_by(2) {
            let colour = |x: u32| {
                let (rx, ry) = stage.reference(x as f32 + 0.5, y as f32 + 0.5);
                let grain = 5.0 * (hash(x as f32, y as f32) - 0.5);
                ycc(street(rx, ry).map(|c| (c + grain).clamp(0.0, 255.0)))
            };
            let (left, right) = (colour(x), colour(x + 1));
            let mean = |c: usize| (left[c] + right[c]) / 2.0;
            bytes.extend([left[0], mean(1), right[0], mean(2)].map(|v| v.round() as u8));
        }
    }
    bytes
}

/// The colour at a point of the reference frame.
fn street(x: f32, y: f32) -> [f32; 3] {
    let behind = if y > GROUND {
        square(x, y)
    } else {
        house(x, y).unwrap_or_else(|| sky(y))
    };
    tree(x, y).or_else(|| lamp(x, y)).unwrap_or(behind)
}

fn sky(y: f32) -> [f32; 3] {
    let down = (y / GROUND).clamp(0.0, 1.0);
    [168.0 + 50.0 * down, 192.0 + 32.0 * down, 220.0 + 8.0 * down]
}

/// Slabs in the perspective of the people, darker in the distance.
fn square(x: f32, y: f32) -> [f32; 3] {
    let depth = y - HORIZON;
    let (across, along) = ((x - 320.0) / depth * 2.4, 480.0 / depth * 2.4);
    let joint = |v: f32, width: f32| (v - v.round()).abs() < width;
    let light = 128.0 + 38.0 * (depth / 350.0).min(1.0) + 8.0 * hash(across.round(), along.round());
    // A joint is as wide everywhere, but at least a third of a pixel.
    let line = 0.012 + 0.4 / depth;
    let dark = if joint(across + 0.5, line) || joint(along + 0.5, line * along) {
        16.0
    } else {
        0.0
    };
    [light - dark, light - 3.0 - dark, light - 10.0 - dark]
}

/// The house at a point, if there is one.
fn house(x: f32, y: f32) -> Option<[f32; 3]> {
    let number = (x / HOUSE).floor();
    let top = 18.0 + 58.0 * hash(number, 3.0);
    if y < top {
        return None;
    }
    let (warm, light) = (hash(number, 5.0), 0.82 + 0.3 * hash(number, 7.0));
    let wall = [
        166.0 + 26.0 * warm,
        152.0 + 12.0 * warm,
        140.0 - 18.0 * warm,
    ]
    .map(|c| c * light);
    let at = x - number * HOUSE;
    if y > GROUND - 44.0 {
        return Some(shop(number, at, y, wall));
    }
    if y < top + 5.0 || at < 2.0 {
        return Some(wall.map(|c| c * 0.78));
    }
    let (u, v) = ((at - 4.0) % CELL.0, (y - top - 10.0) % CELL.1);
    let pane = at > 4.0 && at < HOUSE - 8.0 && (4.0..15.0).contains(&u) && (5.0..22.0).contains(&v);
    let bar = (9.0..10.0).contains(&u) || (12.0..13.0).contains(&v);
    Some(match (pane, bar) {
        (true, false) => [92.0, 104.0, 118.0],
        (true, true) => [214.0, 212.0, 206.0],
        _ => wall,
    })
}

/// The ground floor: a window below an awning, or a door.
fn shop(number: f32, at: f32, y: f32, wall: [f32; 3]) -> [f32; 3] {
    let above = y - (GROUND - 44.0);
    if above < 3.0 {
        return wall.map(|c| c * 0.7);
    }
    let striped = hash(number, 11.0) > 0.45;
    if striped && above < 15.0 && (6.0..HOUSE - 6.0).contains(&at) {
        return match (at / 7.0) as i32 % 2 {
            0 => [184.0, 70.0, 58.0],
            _ => [226.0, 220.0, 208.0],
        };
    }
    let glass = (10.0..58.0).contains(&at) && (16.0..38.0).contains(&above);
    let door = (66.0..82.0).contains(&at) && above > 12.0;
    match (glass, door) {
        (true, _) => [86.0 + at * 0.6, 92.0 + at * 0.5, 92.0 + at * 0.3],
        (_, true) => [84.0, 62.0, 48.0],
        _ => wall.map(|c| c * 0.92),
    }
}

/// A tree at the left, with its trunk.
fn tree(x: f32, y: f32) -> Option<[f32; 3]> {
    let (dx, dy) = (x - 52.0, y - 96.0);
    let reach = dx.hypot(dy * 1.05);
    let ragged = || 50.0 + 12.0 * (dx.atan2(dy) * 7.0).sin() + 5.0 * (dx.atan2(dy) * 17.0).cos();
    // No leaf is farther out than 67.
    if reach < 68.0 && reach < ragged() {
        let leaf = hash((x / 3.0).floor(), (y / 3.0).floor());
        let light = 0.75 + 0.4 * leaf - 0.15 * (dy / 50.0);
        return Some([74.0, 104.0, 60.0].map(|c: f32| c * light));
    }
    ((-4.0..4.0).contains(&dx) && (96.0..236.0).contains(&y)).then_some([92.0, 76.0, 62.0])
}

/// A lamp post at the right.
fn lamp(x: f32, y: f32) -> Option<[f32; 3]> {
    let post = (606.0..609.5).contains(&x) && (66.0..262.0).contains(&y);
    let glass = (600.0..615.0).contains(&x) && (52.0..68.0).contains(&y);
    match (post, glass) {
        (_, true) => Some([232.0, 228.0, 206.0]),
        (true, _) => Some([62.0, 66.0, 70.0]),
        _ => None,
    }
}

/// A number from 0 to 1 that looks random.
fn hash(x: f32, y: f32) -> f32 {
    let mut h =
        (x as i32 as u32).wrapping_mul(0x9E37_79B9) ^ (y as i32 as u32).wrapping_mul(0x85EB_CA6B);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    (h >> 8) as f32 / (1 << 24) as f32
}
