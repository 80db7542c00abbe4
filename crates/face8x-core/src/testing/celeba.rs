//! Faces of CelebA, whose pictures are not in this repository.

use std::io::Write as _;
use std::path::Path;

use crate::geometry::{Landmarks, Point};

/// Every `step`th picture of CelebA's folder with its landmarks; none, and a line that says so, where
/// the folder is not there.
pub(crate) fn faces(step: usize) -> impl Iterator<Item = (image::RgbImage, Landmarks)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/celeba");
    let list = std::fs::read_to_string(folder.join("list_landmarks_celeba.txt"));
    let list = list.unwrap_or_else(|_| {
        writeln!(
            std::io::stderr(),
            "skipped: there is no {}",
            folder.display()
        )
        .ok();
        String::new()
    });
    let lines: Vec<String> = list
        .lines()
        .skip(2)
        .step_by(step)
        .map(str::to_owned)
        .collect();
    lines.into_iter().filter_map(move |line| {
        let mut words = line.split_whitespace();
        let picture = image::open(folder.join("img").join(words.next()?)).ok()?;
        let numbers: Vec<f32> = words.filter_map(|word| word.parse().ok()).collect();
        let points = <&[f32; 10]>::try_from(&numbers[..]).ok()?;
        let landmarks = std::array::from_fn(|k| Point::new(points[2 * k], points[2 * k + 1]));
        Some((picture.into_rgb8(), landmarks))
    })
}
