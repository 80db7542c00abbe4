//! Whom a picture looks like, by a face descriptor; for measuring only.

use face8x_core::align::Aligner;
use face8x_core::frame::Frame;
use face8x_core::geometry::{HR_SIDE, Point, Similarity};
use face8x_core::{Error, Result};
use rayon::prelude::*;

use super::Case;
use crate::runner::{Runner, values};

/// Side of the descriptor's input in pixels.
const SIDE: usize = 150;
/// What it sees of the canonical face: the square of this side around this centre. With it the eyes
/// lie where the descriptor's own alignment puts them: 56 of 150 pixels apart, at two sevenths of the
/// height (`get_face_chip` of dlib, with its padding of 0.25).
const SPAN: f32 = 75.0;
const CENTRE: Point = Point::new(64.0, 81.0);

/// A descriptor and the faces that it knows.
pub struct Identity {
    network: Runner,
    faces: Vec<Vec<f32>>,
}

impl Identity {
    /// The descriptor in an ONNX file, 1x3x150x150 levels of RGB to a row of numbers, which has seen the
    /// faces of `cases`.
    ///
    /// # Errors
    /// It is no such file, or tract failed.
    pub fn new(file: &[u8], cases: &[Case]) -> Result<Self> {
        let network = Runner::sized(file, None, (SIDE, SIDE))?;
        if network.input() != (3, SIDE) {
            return Err(Error::usage(
                "the face descriptor does not take 1x3x150x150 levels",
            ));
        }
        let mut identity = Identity {
            network,
            faces: Vec::new(),
        };
        let pictures: Vec<&[u8]> = cases.iter().map(|case| case.hr.as_slice()).collect();
        identity.faces = identity.describe(&pictures)?;
        Ok(identity)
    }

    /// The mean distance of pictures to their own faces, which come in the order of the cases, and the
    /// share of those that no other face is nearer to.
    ///
    /// # Errors
    /// tract failed.
    pub fn recognise(&self, pictures: &[&[u8]]) -> Result<(f64, f64)> {
        let (mut sum, mut own) = (0.0, 0);
        for (k, found) in self.describe(pictures)?.iter().enumerate() {
            let away = |face: &Vec<f32>| distance(face, found);
            let distances: Vec<f64> = self.faces.iter().map(away).collect();
            sum += distances[k];
            own += usize::from(distances.iter().all(|&d| d >= distances[k]));
        }
        let n = pictures.len().max(1) as f64;
        Ok((sum / n, own as f64 / n))
    }

    fn describe(&self, pictures: &[&[u8]]) -> Result<Vec<Vec<f32>>> {
        let describe = |aligner: &mut Aligner, picture: &&[u8]| {
            let side = HR_SIDE as u32;
            let frame = Frame::from_rgb(side, side, picture.to_vec())?;
            let middle = Point::new(SIDE as f32 / 2.0, SIDE as f32 / 2.0);
            let to_chip = Similarity::about(CENTRE, middle, SIDE as f32 / SPAN, 0.0);
            let mut chip = vec![0; SIDE * SIDE * 3];
            aligner.crop(&frame, &to_chip, SIDE, &mut chip)?;
            values::<f32>(&self.network.run(&chip)?[0])
        };
        let described = pictures.par_iter().map_init(Aligner::new, describe);
        described.collect()
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
    a.iter().zip(b).map(square).sum::<f64>().sqrt()
}
