//! A face that a camera sees small: a portrait before a smooth background, with the pixels' own
//! integration, optics that blur a little, and noise.

use crate::frame::{Frame, PixelFormat};
use crate::geometry::{CANONICAL_LANDMARKS, HR_SIDE, Landmarks, Point, Similarity, canonical};
use crate::portrait::{PORTRAIT, PORTRAIT_LANDMARKS};
use crate::testing::scene::noise;

/// How far a pixel integrates, in pixels: itself, and the blur of the optics.
const APERTURE: f32 = 1.4;
/// Centre and half axes of the head in the canonical face; outside it the background is seen.
const HEAD: (Point, f32, f32) = (Point::new(64.0, 66.0), 50.0, 66.0);

/// A value of mean 0 and standard deviation 1 that looks random: the sum of four even ones.
pub(crate) fn gaussian(i: usize) -> f32 {
    let sum: f32 = (0..4).map(|k| f32::from(noise(4 * i + k))).sum();
    (sum - 510.0) / 147.8
}

/// Frames of luma with a portrait in them.
pub(crate) struct Walk {
    portrait: image::GrayImage,
    landmarks: Landmarks,
    /// From the canonical face to the portrait.
    to_portrait: Similarity,
    /// Standard deviation of the camera's noise in grey levels.
    noise: f32,
    frame: Frame,
}

impl Walk {
    /// One with NASA's portrait.
    pub(crate) fn new(width: u32, height: u32, noise: f32) -> Self {
        let portrait = image::load_from_memory(PORTRAIT).unwrap().into_rgb8();
        Walk::of(&portrait, PORTRAIT_LANDMARKS, (width, height), noise)
    }

    /// One with the face of another picture.
    pub(crate) fn of(
        portrait: &image::RgbImage,
        landmarks: Landmarks,
        (width, height): (u32, u32),
        noise: f32,
    ) -> Self {
        let to_canonical = canonical::from_landmarks(&landmarks).unwrap();
        Walk {
            portrait: image::imageops::grayscale(portrait),
            landmarks,
            to_portrait: to_canonical.invert(),
            noise,
            frame: Frame {
                format: PixelFormat::Grey,
                width,
                height,
                stride: width as usize,
                ..Frame::empty()
            },
        }
    }

    /// From the canonical face to the frame: its middle at `centre`, `side` pixels large, turned by
    /// `angle`.
    pub(crate) fn placed(centre: Point, side: f32, angle: f32) -> Similarity {
        let (hr, middle) = (HR_SIDE as f32, HR_SIDE as f32 / 2.0);
        Similarity::about(Point::new(middle, middle), centre, side / hr, angle)
    }

    /// Where the landmarks of the portrait are that is placed so.
    pub(crate) fn landmarks(&self, placed: &Similarity) -> Landmarks {
        let to_canonical = self.to_portrait.invert();
        self.landmarks.map(|p| placed.apply(to_canonical.apply(p)))
    }

    /// Draws frame `sequence` with the portrait at each place.
    pub(crate) fn draw(&mut self, sequence: u64, placed: &[Similarity]) -> &Frame {
        let (width, height) = (self.frame.width as usize, self.frame.height as usize);
        let mut levels: Vec<f32> = (0..width * height)
            .map(|k| background((k % width) as f32, (k / width) as f32))
            .collect();
        for placed in placed {
            let back = placed.invert();
            let side = canonical::side_of(&back);
            let centre = placed.apply(HEAD.0);
            let range = |at: f32, end: usize| {
                let first = (at - 0.7 * side - 1.0).clamp(0.0, end as f32) as usize;
                first..(at + 0.7 * side + 2.0).clamp(0.0, end as f32) as usize
            };
            for y in range(centre.y, height) {
                for x in range(centre.x, width) {
                    let level = &mut levels[y * width + x];
                    *level = self.integrate(&back, x as f32, y as f32, *level);
                }
            }
        }
        let seed = sequence as usize * 7_919_003;
        let shown = |(k, level): (usize, &f32)| (level + self.noise * gaussian(seed + k)) as u8;
        let bytes = levels.iter().enumerate().map(shown).collect();
        (self.frame.bytes, self.frame.sequence) = (bytes, sequence);
        &self.frame
    }

    /// What a pixel sees of the face, before `background`.
    fn integrate(&self, back: &Similarity, x: f32, y: f32, background: f32) -> f32 {
        let pitch = back.scale() * self.to_portrait.scale();
        let n = (APERTURE * pitch).ceil().clamp(2.0, 20.0) as usize;
        let offset = |k: usize| 0.5 + APERTURE * ((k as f32 + 0.5) / n as f32 - 0.5);
        let mut sum = 0.0;
        for k in 0..n * n {
            let at = back.apply(Point::new(x + offset(k % n), y + offset(k / n)));
            let (u, v) = ((at.x - HEAD.0.x) / HEAD.1, (at.y - HEAD.0.y) / HEAD.2);
            let cover = ((1.0 - u.hypot(v)) * 8.0 + 0.5).clamp(0.0, 1.0);
            let face = if cover > 0.0 {
                self.level(self.to_portrait.apply(at))
            } else {
                0.0
            };
            sum += background + cover * (face - background);
        }
        sum / (n * n) as f32
    }

    /// The portrait's grey level at `p`.
    fn level(&self, p: Point) -> f32 {
        let (width, height) = self.portrait.dimensions();
        let within = |v: f32, length: u32| (v - 0.5).clamp(0.0, (length - 2) as f32);
        let (x, y) = (within(p.x, width), within(p.y, height));
        let (left, above) = (x as u32, y as u32);
        let (u, v) = (x - left as f32, y - above as f32);
        let at = |dx, dy| f32::from(self.portrait.get_pixel(left + dx, above + dy)[0]);
        let row = |dy| at(0, dy) * (1.0 - u) + at(1, dy) * u;
        row(0) * (1.0 - v) + row(1) * v
    }
}

/// A wall with soft shades.
fn background(x: f32, y: f32) -> f32 {
    120.0 + 25.0 * (x / 47.0).sin() + 20.0 * (y / 31.0 + x / 90.0).cos()
}

/// What a detector says of a face: its landmarks with a mean error of `error` of the side, half of
/// it common to all five.
pub(crate) fn jittered(truth: &Landmarks, error: f32, seed: usize) -> Landmarks {
    let side = canonical::side_of(&canonical::from_landmarks(truth).unwrap());
    // The length of two components of deviation 1 is 1.25 on average.
    let deviation = error * side / 1.25 / std::f32::consts::SQRT_2;
    let moved = |k: usize| deviation * (gaussian(16 * seed) + gaussian(16 * seed + 1 + k));
    let moved_y = |k: usize| deviation * (gaussian(16 * seed + 6) + gaussian(16 * seed + 7 + k));
    std::array::from_fn(|k| Point::new(truth[k].x + moved(k), truth[k].y + moved_y(k)))
}

/// How far an alignment is off: of the crop's centre in its sides, and its size as a factor.
pub(crate) fn alignment_error(shown: &Similarity, truth: &Similarity) -> (Point, f32) {
    let side = canonical::side_of(truth);
    let middle = CANONICAL_LANDMARKS[2];
    let (a, b) = (shown.invert().apply(middle), truth.invert().apply(middle));
    let factor = canonical::side_of(shown) / side;
    (Point::new((a.x - b.x) / side, (a.y - b.y) / side), factor)
}
