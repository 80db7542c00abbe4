//! Pictures for the tests of faces: textured squares that move, and a portrait.

use crate::downscaled::Downscaled;
use crate::frame::Frame;
use crate::geometry::{HR_SIDE, Landmarks, Point, Similarity, canonical};
use crate::portrait::{PORTRAIT, PORTRAIT_LANDMARKS};
use crate::track::face_square::FaceSquare;

/// A hash of `i` as a grey level.
pub(crate) fn noise(i: usize) -> u8 {
    let mut h = (i as u32).wrapping_mul(0x9E37_79B9) ^ 0x5BD1_E995;
    h = (h ^ (h >> 15)).wrapping_mul(0x85EB_CA6B);
    h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    (h >> 24) as u8
}

/// A smooth texture of its own for each seed, of (u, v) in sides of a face box, 20 to 235.
struct Texture([[f32; 3]; 6]);

impl Texture {
    fn new(seed: usize) -> Self {
        let random = |k: usize| f32::from(noise(seed * 97 + k)) / 127.5 - 1.0;
        Texture(std::array::from_fn(|k| {
            [
                20.0 * random(3 * k),
                20.0 * random(3 * k + 1),
                3.0 * random(3 * k + 2),
            ]
        }))
    }

    fn grey(&self, u: f32, v: f32) -> f32 {
        let waves = self
            .0
            .iter()
            .map(|[fu, fv, phase]| (fu * u + fv * v + phase).sin());
        (127.5 + 40.0 * waves.sum::<f32>()).clamp(20.0, 235.0)
    }
}

/// Draws frames of squares, a little larger than their face boxes, on a textured ground, as reduced
/// luma: each pixel is the mean of 3x3 exact samples, so that the truth is known to fractions of a
/// pixel.
pub(crate) struct SquaresScene {
    picture: Downscaled,
    ground: Vec<u8>,
}

impl SquaresScene {
    pub(crate) fn new(frame_width: u32, frame_height: u32, factor: u32) -> Self {
        let (width, height) = (frame_width / factor, frame_height / factor);
        let texture = Texture::new(1000);
        let unit = factor as f32 / 100.0;
        let ground: Vec<u8> = (0..width * height)
            .map(|i| texture.grey((i % width) as f32 * unit, (i / width) as f32 * unit) as u8)
            .collect();
        let picture = reduced(ground.clone(), width, height, 1, factor);
        SquaresScene {
            picture: Downscaled {
                frame_width,
                frame_height,
                ..picture
            },
            ground,
        }
    }

    /// Frame `sequence`: each face is its texture's seed and where it is; later ones cover earlier.
    pub(crate) fn draw(&mut self, sequence: u64, faces: &[(usize, FaceSquare)]) -> &Downscaled {
        self.picture.sequence = sequence;
        self.picture.bytes.clone_from(&self.ground);
        for (seed, place) in faces {
            self.draw_face(&Texture::new(*seed), *place);
        }
        &self.picture
    }

    fn draw_face(&mut self, texture: &Texture, FaceSquare { centre, side }: FaceSquare) {
        let factor = self.picture.factor as f32;
        let range = |middle: f32, end: u32| {
            let first = ((middle - 0.6 * side) / factor).clamp(0.0, end as f32) as u32;
            first..((middle + 0.6 * side) / factor).clamp(0.0, end as f32) as u32
        };
        for row in range(centre.y, self.picture.height) {
            for column in range(centre.x, self.picture.width) {
                let mut sum = 0.0;
                for k in 0..9 {
                    let at = |p: u32, k: u32| (p as f32 + (k as f32 + 0.5) / 3.0) * factor;
                    let u = (at(column, k % 3) - centre.x) / side;
                    sum += texture.grey(u, (at(row, k / 3) - centre.y) / side);
                }
                self.picture.bytes[(row * self.picture.width + column) as usize] =
                    (sum / 9.0).round() as u8;
            }
        }
    }
}

/// Eileen Collins's face of NASA's portrait (public domain; 240x180 from (106, 34) of the 512x512
/// `astronaut.png`) in the middle of a grey `width` x `height` picture, as RGB and as its landmarks.
fn astronaut(width: u32, height: u32) -> (image::RgbImage, Landmarks) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/face/astronaut.jpg");
    let crop = image::open(path).unwrap().into_rgb8();
    let mut picture = image::RgbImage::from_pixel(width, height, image::Rgb([110; 3]));
    let (x, y) = ((width - crop.width()) / 2, (height - crop.height()) / 2);
    image::imageops::replace(&mut picture, &crop, x.into(), y.into());
    let landmarks = [(202, 102), (250, 101), (226, 124), (208, 143), (244, 143)]
        .map(|(lx, ly)| Point::new((lx - 106 + x) as f32, (ly - 34 + y) as f32));
    (picture, landmarks)
}

/// A picture, reduced by `factor`, of these pixels.
pub(crate) fn reduced(
    bytes: Vec<u8>,
    width: u32,
    height: u32,
    channels: usize,
    factor: u32,
) -> Downscaled {
    let (frame_width, frame_height) = (width * factor, height * factor);
    Downscaled {
        width,
        height,
        channels,
        factor,
        frame_width,
        frame_height,
        sequence: 0,
        bytes,
    }
}

/// A frame of luma with portraits in it, moved, turned and sized as wanted, and a camera's noise:
/// the landmarks are known to fractions of a pixel.
pub(crate) struct Portraits {
    portrait: image::GrayImage,
    landmarks: Landmarks,
    picture: Downscaled,
}

impl Portraits {
    /// Frames of `width` x `height`.
    pub(crate) fn new(width: u32, height: u32) -> Self {
        let (rgb, _) = astronaut(240, 180);
        Portraits {
            portrait: image::DynamicImage::from(rgb).into_luma8(),
            landmarks: PORTRAIT_LANDMARKS.map(|p| Point::new(p.x - 106.0, p.y - 34.0)),
            picture: reduced(Vec::new(), width, height, 1, 1),
        }
    }

    /// From the portrait to the frame: the middle of the eyes to `at`, the eyes `apart` pixels apart,
    /// turned by `angle`.
    pub(crate) fn placed(&self, at: Point, apart: f32, angle: f32) -> Similarity {
        let [left, right, ..] = self.landmarks;
        let middle = Point::new((left.x + right.x) / 2.0, (left.y + right.y) / 2.0);
        Similarity::about(middle, at, apart / (right.x - left.x), angle)
    }

    /// Where the landmarks are of a portrait that is placed so.
    pub(crate) fn landmarks(&self, placed: &Similarity) -> Landmarks {
        self.landmarks.map(|p| placed.apply(p))
    }

    /// Draws frame `sequence` on a grey wall; `hide` covers the middle of the first portrait.
    pub(crate) fn draw(&mut self, sequence: u64, placed: &[Similarity], hide: bool) -> &Downscaled {
        let (width, height) = (self.picture.width as usize, self.picture.height as usize);
        self.picture.sequence = sequence;
        let seed = sequence as usize * 7919;
        let level = |k: usize| 110 + noise(seed + k) / 32;
        self.picture.bytes.clear();
        self.picture.bytes.extend((0..width * height).map(level));
        for (number, placed) in placed.iter().enumerate() {
            let back = placed.invert();
            for (k, out) in self.picture.bytes.iter_mut().enumerate() {
                let (x, y) = ((k % width) as f32, (k / width) as f32);
                let samples = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
                let samples = samples.map(|(u, v)| back.apply(Point::new(x + u, y + v)));
                let Some(levels) = sample(&self.portrait, samples) else {
                    continue;
                };
                let covered = hide && number == 0 && (60.0..180.0).contains(&samples[0].x);
                let shown = if covered { 110.0 } else { levels };
                *out = (shown + f32::from(noise(seed + k) / 32)) as u8;
            }
        }
        &self.picture
    }
}

/// The mean of bilinear samples, where all lie in the picture.
fn sample(picture: &image::GrayImage, at: [Point; 4]) -> Option<f32> {
    let mut sum = 0.0;
    for p in at {
        let (x, y) = (p.x - 0.5, p.y - 0.5);
        let inside = x >= 0.0
            && y >= 0.0
            && x < picture.width() as f32 - 1.0
            && y < picture.height() as f32 - 1.0;
        if !inside {
            return None;
        }
        let (left, above) = (x as u32, y as u32);
        let (u, v) = (x - left as f32, y - above as f32);
        let level = |dx, dy| f32::from(picture.get_pixel(left + dx, above + dy)[0]);
        let row = |dy| level(0, dy) * (1.0 - u) + level(1, dy) * u;
        sum += row(0) * (1.0 - v) + row(1) * v;
    }
    Some(sum / at.len() as f32)
}

/// A frame in RGB with portraits on a smooth ground, each by the centre and the side of its crop in
/// pixels, and their landmarks.
pub(crate) fn portrait_frame(
    width: u32,
    height: u32,
    faces: &[(Point, f32)],
) -> (Frame, Vec<Landmarks>) {
    let textures: [Texture; 3] = std::array::from_fn(|c| Texture::new(500 + c));
    let ground = (0..width * height).flat_map(|i| {
        let (u, v) = ((i % width) as f32 / 400.0, (i / width) as f32 / 400.0);
        textures.each_ref().map(|texture| texture.grey(u, v) as u8)
    });
    let mut frame = Frame::from_rgb(width, height, ground.collect()).unwrap();
    let portrait = Cutout::portrait();
    let placed = faces.iter();
    let placed = placed.map(|&(centre, side)| portrait.paint(&mut frame, centre, side, 0.0));
    let landmarks = placed.collect();
    (frame, landmarks)
}

/// A picture of a face, to be painted on others.
pub(crate) struct Cutout {
    picture: image::RgbImage,
    landmarks: Landmarks,
    to_canonical: Similarity,
}

impl Cutout {
    pub(crate) fn new(picture: image::RgbImage, landmarks: Landmarks) -> Option<Cutout> {
        Some(Cutout {
            to_canonical: canonical::from_landmarks(&landmarks)?,
            picture,
            landmarks,
        })
    }

    /// NASA's portrait.
    pub(crate) fn portrait() -> Cutout {
        let picture = image::load_from_memory(PORTRAIT).unwrap().into_rgb8();
        Cutout::new(picture, PORTRAIT_LANDMARKS).unwrap()
    }

    /// Paints the face on a frame in RGB: the centre and the side of its crop in pixels, turned by
    /// `angle`. What surrounds it fades out. Gives its landmarks.
    pub(crate) fn paint(
        &self,
        frame: &mut Frame,
        centre: Point,
        side: f32,
        angle: f32,
    ) -> Landmarks {
        let middle = Point::new(HR_SIDE as f32 / 2.0, HR_SIDE as f32 / 2.0);
        let placed = Similarity::about(middle, centre, side / HR_SIDE as f32, angle);
        let placed = self.to_canonical.then(&placed);
        let back = placed.invert();
        let width = frame.width as usize;
        let rows = frame.bytes.chunks_exact_mut(3 * width);
        for (y, row) in rows.enumerate() {
            if (y as f32 - centre.y).abs() > side {
                continue;
            }
            for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let (x, y) = (x as f32, y as f32);
                let far = (x - centre.x).abs().max((y - centre.y).abs()) / side;
                let weight = ((1.0 - far) / 0.2).clamp(0.0, 1.0);
                if weight > 0.0
                    && let Some(levels) = mean_about(&self.picture, &back, x, y)
                {
                    let mixed = pixel.iter_mut().zip(levels);
                    mixed.for_each(|(o, v)| {
                        *o = (f32::from(*o) * (1.0 - weight) + v * weight) as u8
                    });
                }
            }
        }
        self.landmarks.map(|p| placed.apply(p))
    }
}

/// The mean colour of what a frame's pixel covers of a picture, where all of it lies in it.
fn mean_about(picture: &image::RgbImage, back: &Similarity, x: f32, y: f32) -> Option<[f32; 3]> {
    let n = (back.scale().ceil() as u32).clamp(2, 32);
    let mut sum = [0.0; 3];
    for k in 0..n * n {
        let at = |p: f32, k: u32| p + (k as f32 + 0.5) / n as f32;
        let p = back.apply(Point::new(at(x, k % n), at(y, k / n)));
        let inside = p.x >= 0.0 && p.y >= 0.0;
        let pixel = picture.get_pixel_checked(p.x as u32, p.y as u32);
        let levels = pixel.filter(|_| inside)?.0;
        sum.iter_mut()
            .zip(levels)
            .for_each(|(s, v)| *s += f32::from(v));
    }
    Some(sum.map(|s| s / (n * n) as f32))
}
