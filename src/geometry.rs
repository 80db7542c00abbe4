//! Points, boxes and similarity transforms, and the canonical face that the networks are trained on.
//!
//! Coordinates are pixel edges: the centre of the top left pixel is (0.5, 0.5), and a picture of
//! width w spans 0 to w.

/// Side of the network's input in pixels.
pub const LR_SIDE: usize = 16;
/// Side of the network's output, and of the canonical face, in pixels.
pub const HR_SIDE: usize = 128;

/// A position in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

impl Point {
    /// The point (x, y).
    pub const fn new(x: f32, y: f32) -> Self {
        Point { x, y }
    }
}

/// Left eye, right eye, nose, left and right mouth corner, as they lie in the picture (the left
/// eye is the one further left).
pub type Landmarks = [Point; 5];

/// Where the five landmarks lie in the canonical 128x128 face: the square-178 centre crop of
/// CelebA's aligned 178x218 frame, resized to 128.
pub const CANONICAL_LANDMARKS: Landmarks = [
    Point::new(50.0, 65.0),
    Point::new(78.0, 65.0),
    Point::new(64.0, 83.0),
    Point::new(52.0, 95.0),
    Point::new(76.0, 95.0),
];

/// A rectangle in pixels; it may reach outside the picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

impl Rect {
    /// The rectangle with its top left corner at (x, y).
    pub const fn new(x: f32, y: f32, w: f32, h: f32) -> Self {
        Rect { x, y, w, h }
    }

    /// Its centre.
    pub fn centre(&self) -> Point {
        Point::new(self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Its area in square pixels.
    pub fn area(&self) -> f32 {
        self.w * self.h
    }

    /// Intersection over union with `other`, 0 to 1.
    pub fn iou(&self, other: &Rect) -> f32 {
        let w = (self.x + self.w).min(other.x + other.w) - self.x.max(other.x);
        let h = (self.y + self.h).min(other.y + other.h) - self.y.max(other.y);
        if w <= 0.0 || h <= 0.0 {
            return 0.0;
        }
        w * h / (self.area() + other.area() - w * h)
    }
}

/// A rotation, uniform scale and shift: x' = a x - b y + tx, y' = b x + a y + ty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    pub a: f32,
    pub b: f32,
    pub tx: f32,
    pub ty: f32,
}
