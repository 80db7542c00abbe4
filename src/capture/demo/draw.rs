//! People, drawn into a frame.

use super::head::{self, Colour, PortraitHead, SizedHead, colour, length};
use super::people::{HEIGHT, Person};
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
    let Some(painter) = Painter::new(person, head) else {
        return;
    };
    let (face, side) = (person.face, person.side);
    let (columns, rows) = (stride / 2, bytes.len() / stride);
    let top = whole(face.y - REACH.1 * side, rows);
    let bottom = whole(face.y + REACH.2 * side, rows);
    for (y, row) in bytes
        .chunks_exact_mut(stride)
        .enumerate()
        .take(bottom)
        .skip(top)
    {
        let body = BodyRow::new(person, y as f32);
        let reach = side * body.reach(side);
        let left = whole(face.x - reach, columns) / 2;
        let right = whole(face.x + reach + 2.0, columns).div_ceil(2);
        let pairs = row.as_chunks_mut::<4>().0;
        for (x, pair) in pairs.iter_mut().enumerate().take(right).skip(left) {
            painter.pair(&body, pair, 2.0 * x as f32, y as f32);
        }
    }
}

/// The whole number at or below `at`, from 0 to `limit`.
fn whole(at: f32, limit: usize) -> usize {
    at.clamp(0.0, limit as f32) as usize
}

/// What a row of pixels crosses of a person, in sides: where it is below the middle of the face, how
/// far the middle of each leg is to its side, and how wide half a leg and half the coat are.
struct BodyRow {
    v: f32,
    legs: f32,
    leg: f32,
    coat: f32,
}

impl BodyRow {
    fn new(person: &Person, y: f32) -> BodyRow {
        let v = (y + 0.5 - person.face.y) / person.side;
        let down = ((v - 2.7) / (HEIGHT - 2.7)).min(1.0);
        // Shoulders, then a coat that is a little wider below.
        let coat = 0.64 * (((v - 0.5) / 0.32).clamp(0.0, 1.0)).sqrt() - 0.1 * (v - 0.8).max(0.0)
            + 0.13 * (v - 1.6).max(0.0);
        BodyRow {
            v,
            legs: SWING * 0.3 * person.stride * down,
            leg: 0.2 - 0.06 * down,
            coat,
        }
    }

    fn has_shadow(&self) -> bool {
        self.v > HEIGHT - 0.4
    }

    fn has_legs(&self) -> bool {
        self.v > 2.6
    }

    fn has_coat(&self) -> bool {
        self.v > 0.3 && self.v < 3.0
    }

    fn has_head(&self) -> bool {
        self.v < 0.6
    }

    /// How far from the middle anything is drawn of a person of this side.
    fn reach(&self, side: f32) -> f32 {
        // Edges fade within a pixel.
        let fade = 0.51 / side;
        let reaches = [
            (self.has_shadow(), 0.7 * (1.0 + 5.0 * fade)),
            (self.has_legs(), 0.19 + self.legs.abs() + self.leg + fade),
            (self.has_coat(), self.coat.max(0.15) + fade),
            (self.has_head(), REACH.0),
        ];
        let reach = reaches.iter().filter(|(has, _)| *has);
        reach
            .fold(0.0f32, |most, (_, reach)| most.max(*reach))
            .min(REACH.0)
    }
}

struct Painter<'a> {
    person: &'a Person,
    head: SizedHead<'a>,
    to_portrait: Similarity,
    coat: Colour,
    trousers: Colour,
    skin: Colour,
    shadow: Colour,
}

impl Painter<'_> {
    /// `None` where the person has no size.
    fn new<'a>(person: &'a Person, head: &'a PortraitHead) -> Option<Painter<'a>> {
        let to_portrait = head::placed(person)?.invert();
        Some(Painter {
            person,
            // Four samples to a pixel.
            head: head.sized(to_portrait.scale() / 2.0),
            to_portrait,
            coat: colour(person.coat),
            trousers: colour(person.trousers),
            skin: colour(SKIN),
            shadow: colour(SHADOW),
        })
    }

    /// Draws the two pixels from (x, y) on, which share their chroma.
    #[inline]
    fn pair(&self, body: &BodyRow, pair: &mut [u8; 4], x: f32, y: f32) {
        let [first, cb, second, cr] = pair.map(f32::from);
        let left = self.pixel(body, [first, cb, cr, 0.0], x, y);
        let right = self.pixel(body, [second, cb, cr, 0.0], x + 1.0, y);
        let mean = |c: usize| (left[c] + right[c]) / 2.0;
        *pair = [left[0], mean(1), right[0], mean(2)].map(|v| (v + 0.5) as u8);
    }

    /// What is seen at pixel (x, y) before `behind`.
    #[inline]
    fn pixel(&self, body: &BodyRow, behind: Colour, x: f32, y: f32) -> Colour {
        let Person { face, side, .. } = *self.person;
        let (u, v) = ((x + 0.5 - face.x) / side, body.v);
        let mut seen = behind;
        // `depth` is how far inside a shape it is, in sides.
        let mut cover = |depth: f32, most: f32, colour: Colour| {
            let share = most * (0.5 + depth * side).clamp(0.0, 1.0);
            seen = std::array::from_fn(|c| seen[c] + share * (colour[c] - seen[c]));
        };
        if body.has_shadow() {
            let reach = length(u / 0.7, (v - HEIGHT) / 0.2);
            cover(0.2 * (1.0 - reach), SHADOW_DEPTH, self.shadow);
        }
        if body.has_legs() {
            for leg in [-1.0, 1.0] {
                let middle = leg * (0.19 + body.legs);
                let depth = (body.leg - (u - middle).abs()).min(HEIGHT - v);
                cover(depth, 1.0, self.trousers);
            }
        }
        if body.has_coat() {
            cover((0.15 - u.abs()).min(0.75 - v), 1.0, self.skin);
            let [luma, cb, cr, _] = self.coat;
            // Round, with a seam and sleeves.
            let edge = u.abs() / body.coat.max(0.01);
            let fold = u.abs() < 0.015 || (v > 0.95 && (u.abs() - 0.44).abs() < 0.02);
            let light = 1.06 - 0.3 * edge * edge - if fold { 0.16 } else { 0.0 };
            let coat = [16.0 + (luma - 16.0) * light, cb, cr, 0.0];
            let depth = (body.coat - u.abs()).min(v - 0.5).min(2.95 - v);
            cover(depth, 1.0, coat);
        }
        if body.has_head() {
            seen = self.before_head(seen, x, y);
        }
        seen
    }

    /// The head before `seen`.
    #[inline]
    fn before_head(&self, seen: Colour, x: f32, y: f32) -> Colour {
        let quarters = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
        let mut sum = [0.0; 4];
        for (dx, dy) in quarters {
            let at = self.to_portrait.apply(Point::new(x + dx, y + dy));
            let (share, colour) = self.head.sample(at);
            sum = std::array::from_fn(|c| sum[c] + (seen[c] + share * (colour[c] - seen[c])) / 4.0);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::people::{StreetScale, people};
    use super::*;

    #[test]
    fn nothing_of_a_person_is_beyond_the_reach_of_its_rows() {
        let head = PortraitHead::load().unwrap();
        let stage = StreetScale::new(640, 480);
        let behind = [90.0, 100.0, 110.0, 0.0];
        for person in (0..500).step_by(23).flat_map(|at| people(at, &stage)) {
            let painter = Painter::new(&person, &head).unwrap();
            let all = (person.side * 0.72).ceil() as i32;
            for y in (person.face.y - person.side) as i32..480 {
                let body = BodyRow::new(&person, y as f32);
                let reach = person.side * body.reach(person.side);
                for x in -all..=all {
                    let x = person.face.x.floor() + x as f32;
                    if (x + 0.5 - person.face.x).abs() > reach && body.reach(person.side) < REACH.0
                    {
                        let seen = painter.pixel(&body, behind, x, y as f32);
                        assert_eq!(seen, behind, "{x}, {y} of {person:?}");
                    }
                }
            }
        }
    }
}
