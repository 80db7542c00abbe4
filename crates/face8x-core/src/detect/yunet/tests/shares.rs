//! The shares of faces of known sizes that are found, and of false ones.

use super::*;
use crate::testing::celeba;
use crate::testing::scene::{Cutout, noise};

const SIZE: (u32, u32) = (640, 480);
/// Faces of a scene, in rows of four.
const FACES: usize = 12;
/// Faces that come out smaller than they are count, too.
const ANY: SearchOptions = SearchOptions {
    min_face: 8,
    ..PHOTO
};

/// Numbers that look random and are the same every time, each 0 to 1.
struct UnitRandom(usize);

impl UnitRandom {
    fn next(&mut self) -> f32 {
        self.0 += 1;
        let [a, b] = [0, 7919].map(|k| f32::from(noise(2 * self.0 + k)));
        (a + b / 256.0) / 256.0
    }
}

/// A picture like a natural one: most of its contrast is in large parts, less in finer ones.
fn natural(seed: usize) -> Frame {
    let (width, height) = SIZE;
    let lattice = |octave: usize, c: usize, x: u32, y: u32| {
        // The channels have most in common.
        let own = f32::from(noise(
            seed * 31 + octave * 977 + c * 131 + (x + 1000 * y) as usize,
        ));
        let common = f32::from(noise(seed * 37 + octave * 991 + (x + 1000 * y) as usize));
        0.3 * own + 0.7 * common - 127.5
    };
    let mut bytes = Vec::with_capacity(3 * (width * height) as usize);
    for (x, y) in (0..width * height).map(|i| (i % width, i / width)) {
        for c in 0..3 {
            let mut level = 127.5;
            for octave in 0..7 {
                let step = 256 >> octave;
                let (i, j) = (x / step, y / step);
                let (u, v) = (
                    (x % step) as f32 / step as f32,
                    (y % step) as f32 / step as f32,
                );
                let at = |di, dj| lattice(octave, c, i + di, j + dj);
                let row = |dj| at(0, dj) * (1.0 - u) + at(1, dj) * u;
                let share = 0.5 * 0.6f32.powi(octave as i32);
                level += share * (row(0) * (1.0 - v) + row(1) * v);
            }
            bytes.push(level.clamp(0.0, 255.0) as u8);
        }
    }
    Frame::from_rgb(width, height, bytes).unwrap()
}

/// Adds a camera's noise.
fn add_noise(frame: &mut Frame, random: &mut UnitRandom) {
    for level in &mut frame.bytes {
        let sum = (0..3).map(|_| random.next() - 0.5).sum::<f32>();
        *level = (f32::from(*level) + 4.0 * sum).round().clamp(0.0, 255.0) as u8;
    }
}

/// Paints faces of one size on a ground, at random places of a grid's cells. Gives their landmarks.
fn paint(
    frame: &mut Frame,
    cutouts: &[Cutout],
    side: f32,
    random: &mut UnitRandom,
) -> Vec<Landmarks> {
    let cell = (frame.width as f32 / 4.0, frame.height as f32 / 3.0);
    let paint = |k: usize| {
        let mut place = |cell: f32| {
            let room = (cell - 1.4 * side).max(0.0);
            (cell - room) / 2.0 + room * random.next()
        };
        let (x, y) = (place(cell.0), place(cell.1));
        let centre = Point::new((k % 4) as f32 * cell.0 + x, (k / 4) as f32 * cell.1 + y);
        let angle = 0.3 * (random.next() - 0.5);
        let cutout = &cutouts[(random.next() * cutouts.len() as f32) as usize];
        cutout.paint(frame, centre, side, angle)
    };
    (0..FACES).map(paint).collect()
}

/// What searches of scenes with faces of one size found.
#[derive(Default)]
struct Tally {
    faces: usize,
    found: usize,
    errors: f32,
    others: usize,
}

impl Tally {
    fn add(&mut self, found: &[Detection], truth: &[Landmarks]) {
        self.faces += truth.len();
        self.others += found.len();
        for truth in truth {
            let errors = found.iter().map(|face| error(face, truth));
            let least = errors.fold(f32::INFINITY, f32::min);
            if least < 0.2 {
                self.found += 1;
                self.others -= 1;
                self.errors += least;
            }
        }
    }

    fn share(&self) -> f32 {
        self.found as f32 / self.faces as f32
    }
}

#[test]
fn portraits_of_every_size_are_found() {
    let mut detector = embedded(&ANY).unwrap();
    let portrait = [Cutout::portrait()];
    for (side, least) in [
        (14, 0.75),
        (16, 0.85),
        (20, 0.95),
        (24, 0.98),
        (40, 0.98),
        (96, 0.98),
    ] {
        let mut tally = Tally::default();
        for seed in 0..3 {
            let mut random = UnitRandom(1000 * side + seed);
            let mut frame = natural(side + 100 * seed);
            let truth = paint(&mut frame, &portrait, side as f32, &mut random);
            add_noise(&mut frame, &mut random);
            tally.add(&found(&mut detector, &frame), &truth);
        }
        let (share, error) = (tally.share(), tally.errors / tally.found as f32);
        writeln!(
            std::io::stderr(),
            "{side}: {share} {error} {}",
            tally.others
        )
        .ok();
        assert!(share >= least, "{side}: {share}");
        assert!(error < 0.12, "{side}: {error}");
        assert!(tally.others <= 1, "{side}: {} false", tally.others);
    }
}

/// How many faces YuNet finds in `frame`, and how many are left after the second look of `auto`.
fn looks(detectors: &mut [Box<dyn Detector>; 2], frame: &Frame) -> [usize; 2] {
    detectors
        .each_mut()
        .map(|detector| found(detector.as_mut(), frame).len())
}

fn yunet_and_auto() -> [Box<dyn Detector>; 2] {
    let auto = crate::detect::open("auto", &ANY).unwrap();
    [Box::new(embedded(&ANY).unwrap()), auto]
}

#[test]
fn pictures_without_faces_have_hardly_any() {
    let mut detectors = yunet_and_auto();
    let mut sums = [0, 0];
    for seed in 0..20 {
        let mut frame = natural(5000 + seed);
        add_noise(&mut frame, &mut UnitRandom(seed));
        let counts = looks(&mut detectors, &frame);
        sums.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
    }
    let [first, second] = sums;
    assert!(first <= 1 && second <= first, "{sums:?} in 20 pictures");
}

/// On photographs that are not in this repository, with their faces cut out: 120 pictures of 640x480,
/// each of twelve pieces of photographs at random sizes.
#[test]
#[ignore = "takes a minute, on pictures that are not in this repository"]
fn photographs_without_their_faces_have_hardly_any() {
    let mut photographs = celeba::faces(7).map(without_face);
    let mut detectors = yunet_and_auto();
    let (mut random, mut sums, mut pictures) = (UnitRandom(77), [0, 0], 0);
    for _ in 0..120 {
        let mut scene = image::RgbImage::new(SIZE.0, SIZE.1);
        let mut count = 0;
        for (k, piece) in (0u32..).zip(photographs.by_ref().take(12)) {
            let zoom = 1.0 + 0.6 * random.next();
            let side = |length: u32| (length as f32 * zoom) as u32;
            let (width, height) = (side(piece.width()), side(piece.height()));
            let piece = image::imageops::thumbnail(&piece, width, height);
            let (x, y) = (k % 4 * SIZE.0 / 4, k / 4 * SIZE.1 / 3);
            image::imageops::replace(&mut scene, &piece, x.into(), y.into());
            count += 1;
        }
        if count < 12 {
            break;
        }
        let frame = Frame::from_rgb(SIZE.0, SIZE.1, scene.into_raw()).unwrap();
        let counts = looks(&mut detectors, &frame);
        sums.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
        pictures += 1;
    }
    let [first, second] = sums;
    writeln!(
        std::io::stderr(),
        "in {pictures} pictures without faces YuNet finds {first}, {second} after the second look"
    )
    .ok();
    assert!(
        100 * second <= 5 * pictures,
        "{second} in {pictures} pictures"
    );
}

/// A photograph whose face is filled with the colour of its first pixel.
fn without_face((mut picture, landmarks): (image::RgbImage, Landmarks)) -> image::RgbImage {
    let face = canonical::box_of_landmarks(&landmarks);
    let colour = *picture.get_pixel(0, 0);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (x, y) = (x as f32 - face.x, y as f32 - face.y);
        if (0.0..face.w).contains(&x) && (0.0..face.h).contains(&y) {
            *pixel = colour;
        }
    }
    picture
}

/// On photographs that are not in this repository: a table of the shares.
#[test]
fn celebas_faces_are_found() {
    let faces = celeba::faces(61).take(160);
    let cutouts: Vec<Cutout> = faces.filter_map(|(p, l)| Cutout::new(p, l)).collect();
    if cutouts.is_empty() {
        return;
    }
    let mut detector = embedded(&ANY).unwrap();
    let mut err = std::io::stderr();
    writeln!(
        err,
        "| side | found | error of the landmarks by the side | false |\n|---|---|---|---|"
    )
    .ok();
    for (side, least) in [
        (12, 0.4),
        (14, 0.65),
        (16, 0.75),
        (20, 0.9),
        (24, 0.95),
        (32, 0.97),
        (48, 0.97),
        (96, 0.97),
    ] {
        let mut tally = Tally::default();
        for seed in 0..8 {
            let mut random = UnitRandom(1000 * side + seed);
            let mut frame = natural(side + 100 * seed);
            let truth = paint(&mut frame, &cutouts, side as f32, &mut random);
            add_noise(&mut frame, &mut random);
            tally.add(&found(&mut detector, &frame), &truth);
        }
        let (share, error) = (
            100.0 * tally.share(),
            100.0 * tally.errors / tally.found as f32,
        );
        writeln!(
            err,
            "| {side} | {share:.1} % | {error:.1} % | {} |",
            tally.others
        )
        .ok();
        assert!(share >= 100.0 * least, "{side}: {share}");
    }
}
