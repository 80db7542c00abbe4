//! `evaluate` and `evaluate-landmarks`.

use face8x_core::Result;
use face8x_train::dataset::{Alignment, Dataset, Split, SplitPictures};
use face8x_train::degrade::Degrade;
use face8x_train::landmarks::{self, Jitter, Through};
use face8x_train::runner::{Runner, values};
use face8x_train::{evaluate, files, heatmap};
use rayon::prelude::*;

use crate::cli::{EvaluateArgs, EvaluateLandmarksArgs};
use crate::console::print_line;

/// Sides of the small faces by which a landmark network is measured and quantised, in camera pixels,
/// and their noise in levels.
pub(super) const LANDMARK_SIDES: [f32; 8] = [10.0, 12.0, 16.0, 20.0, 24.0, 32.0, 48.0, 60.0];
pub(super) const LANDMARK_NOISE: f32 = 3.0;

pub(super) fn evaluate(a: &EvaluateArgs) -> Result<()> {
    let dataset = Dataset::open(&a.dataset)?;
    let split = Split::from(a.split);
    let section = dataset.section(split)?;
    let crop = section.crop_by(Alignment::from(a.alignment))?;
    let mut cases = evaluate::cases(&section, crop, a.limit)?;
    let heatmaps = a.heatmaps.clone();
    let heatmaps = heatmaps.or_else(|| Some(a.dataset.join(heatmap::FILE)).filter(|p| p.exists()));
    if let Some(path) = heatmaps {
        let heatmaps = heatmap::Heatmaps::open(&path, &dataset)?;
        evaluate::mark_features(&mut cases, &heatmaps, split, crop)?;
    }
    if let Some(third) = a.skin {
        cases = evaluate::groups::by_skin(cases, third.into());
    }
    if let Some(third) = a.pose {
        cases = evaluate::groups::by_pose(cases, third.into());
    }
    if a.camera {
        return evaluate_camera(a, &cases);
    }
    if a.degrade {
        cases = evaluate::damaged(&cases, &Degrade::default())?;
    }
    let mut rows = vec![evaluate::score_bicubic(&cases)?];
    for path in a.against.iter().chain([&a.model]) {
        let bytes = files::read(path)?;
        let runner = Runner::load(&bytes).map_err(|error| error.context(path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        rows.push(evaluate::score_network(&name, &cases, &runner)?);
    }
    if let Some(path) = &a.csv {
        evaluate::write_csv(path, &cases, &rows)?;
    }
    if let (Some(path), Some(row)) = (&a.worst, rows.last()) {
        evaluate::worst_sheet(path, &cases, row)?;
    }
    let table = evaluate::table(&rows, Some(a.against.is_some().into()));
    let count = cases.len();
    print_line(format_args!("{count} pictures\n{}", table.trim_end()))
}

fn evaluate_camera(a: &EvaluateArgs, cases: &[evaluate::Case]) -> Result<()> {
    let bytes = files::read(&a.model)?;
    let runner = Runner::load(&bytes).map_err(|error| error.context(a.model.display()))?;
    let identity = match &a.identity {
        Some(path) => {
            let file = files::read(path)?;
            let identity = evaluate::Identity::new(&file, cases);
            Some(identity.map_err(|error| error.context(path.display()))?)
        }
        None => None,
    };
    let landmarks = match &a.landmarks {
        Some(path) => {
            let network = Runner::with_outputs(&files::read(path)?, None);
            Some(network.map_err(|error| error.context(path.display()))?)
        }
        None => None,
    };
    let by = evaluate::By {
        restorer: &runner,
        landmarks: landmarks.as_ref(),
        identity: identity.as_ref(),
    };
    let frames = a.frames;
    let mut figures = vec!["PSNR", "SSIM", "sharpness"];
    figures.extend((frames > 1).then_some("flicker"));
    figures.extend(identity.iter().flat_map(|_| ["distance", "recognised"]));
    print_line(format_args!(
        "{} pictures; {}; the final picture is made of {frames} frame{}",
        cases.len(),
        figures.join(" / "),
        if frames == 1 { "" } else { "s" },
    ))?;
    print_line(evaluate::camera_head())?;
    for &side in &a.sides {
        for &noise in &a.noises {
            let view = evaluate::CameraView {
                side,
                noise,
                misalignment: 0.0,
                frames,
                processed: a.processed,
                blur: a.blur,
                optics: a.optics,
            };
            print_line(evaluate::camera_row(cases, &by, &view)?)?;
        }
    }
    Ok(())
}

pub(super) fn evaluate_landmarks(a: &EvaluateLandmarksArgs) -> Result<()> {
    let dataset = Dataset::open(&a.dataset)?;
    let section = dataset.section(a.split.into())?;
    let bytes = files::read(&a.model)?;
    let runner =
        Runner::with_outputs(&bytes, None).map_err(|error| error.context(a.model.display()))?;
    print_line(format_args!(
        "{} crops; errors by the eye distance, in per cent",
        section.len()
    ))?;
    print_line(
        "crops cut as by     mean  median  over 10  faces seen  others called faces  mean by side  shift by side",
    )?;
    let large = [
        ("the last landmarks", Jitter::FOLLOWED),
        ("a detector's box", Jitter::DETECTOR),
        ("a box in training", Jitter::TRAINING),
    ];
    for (name, jitter) in large {
        print_landmarks(&runner, &section, name, jitter, &Through::Nothing)?;
    }
    print_line(format_args!(
        "faces of so many camera pixels, noise of {LANDMARK_NOISE} levels, by YuNet's landmarks"
    ))?;
    for side in LANDMARK_SIDES {
        let through = Through::Plain {
            side,
            noise: LANDMARK_NOISE,
        };
        let jitter = Jitter::of_detector(side);
        print_landmarks(&runner, &section, &side.to_string(), jitter, &through)?;
    }
    Ok(())
}

/// A line of `evaluate-landmarks`.
fn print_landmarks(
    runner: &Runner,
    section: &SplitPictures,
    name: &str,
    jitter: Jitter,
    through: &Through,
) -> Result<()> {
    let samples = landmarks::fixed_samples(section, jitter, through, usize::MAX)?;
    let found = samples
        .par_iter()
        .map(|sample| values::<f32>(&runner.run(&sample.levels)?[0]));
    let found = found.collect::<Result<Vec<_>>>()?;
    let f = landmarks::figures(&samples, &found);
    print_line(format_args!(
        "{name:18} {:5.2} {:7.2} {:8.1} {:11.1} {:20.1} {:13.2} {:14.2}",
        f.mean, f.median, f.over_tenth, f.faces_seen, f.others_seen, f.by_side, f.shift
    ))
}
