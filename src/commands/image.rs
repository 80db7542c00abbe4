//! `face8x image`: the faces of picture files.

use std::process::ExitCode;
use std::time::Duration;

use crate::Result;
use crate::still::{self, ImageForm, ImageJob, ImageOutcome, ImageProgress};
use crate::words::counted;
use face8x_core::detect::{self, Extent};
use face8x_core::{FaceRestorer, restore};
use indicatif::{ProgressBar, ProgressStyle};

use super::console::{self, Stdout};
use crate::cli::ImageArgs;

/// Restores every picture, prints a line for each, and exits 1 where one failed.
pub(super) fn image(arguments: ImageArgs) -> Result<ExitCode> {
    let restoration = &arguments.restoration;
    let model = restoration.model.as_deref();
    let detector = match &*arguments.detection.detector {
        // Aligned faces are not searched.
        _ if arguments.aligned => "centre",
        named => named,
    };
    let mut restorer = FaceRestorer::from_parts(
        detect::open(detector, &arguments.detection.search(Extent::Whole))?,
        restore::open(&restoration.restorer, model, restoration.threads)?,
    )
    .with_optics(restoration.optics);
    let job = ImageJob {
        inputs: &arguments.inputs,
        recursive: arguments.recursive,
        output: arguments.output.as_deref(),
        form: match (arguments.side_by_side, arguments.paste_back) {
            (true, _) => ImageForm::SideBySide,
            (_, true) => ImageForm::PasteBack,
            _ => ImageForm::Restored,
        },
        aligned: arguments.aligned,
        faces: arguments.detection.faces,
        mark: arguments.mark,
    };
    let bar = progress_bar();
    let mut stdout = Stdout::default();
    let mut faces = 0;
    let result = still::run(&job, &mut restorer, &mut |progress| {
        faces += progress.found.count();
        advance(&bar, &progress, faces);
        let line = match arguments.json {
            true => Some(json(&progress)),
            false => text(&progress),
        };
        if let Some(line) = line {
            bar.suspend(|| stdout.print(format_args!("{line}\n")));
        }
    });
    bar.finish_and_clear();
    let summary = result?;
    for failure in &summary.failed {
        console::eprint_error(failure.path.display(), &failure.error);
    }
    let mut counts = format!(
        "{} done, {} restored, {} without a face, {} failed",
        counted(summary.done, "picture"),
        counted(summary.faces, "face"),
        summary.without_face.len(),
        summary.failed.len()
    );
    if summary.passed_over > 0 {
        counts += &format!(", {} passed over", summary.passed_over);
    }
    console::eprint_line(counts);
    stdout.finish()?;
    Ok(ExitCode::from(summary.exit_code()))
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    bar.enable_steady_tick(Duration::from_millis(200));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {eta} left  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Moves the bar on, which counts the faces of all pictures so far.
fn advance(bar: &ProgressBar, progress: &ImageProgress<'_>, faces: usize) {
    bar.set_length(progress.total as u64);
    bar.set_position(progress.done as u64);
    bar.set_message(format!("{} found", counted(faces, "face")));
}

/// A picture's line; failures come together at the end.
fn text(progress: &ImageProgress<'_>) -> Option<String> {
    let line = match progress.outcome {
        ImageOutcome::Written { files, .. } => {
            let files: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
            files.join(", ")
        }
        ImageOutcome::NoFace => "no face".into(),
        ImageOutcome::Failed(_) => return None,
    };
    Some(format!("{}: {line}", progress.path.display()))
}

/// The same for other programs, failures too.
fn json(progress: &ImageProgress<'_>) -> String {
    let error = match progress.outcome {
        ImageOutcome::Failed(error) => Some(error),
        _ => None,
    };
    progress.found.to_json(progress.path, error)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_bar_counts_the_faces_of_all_pictures() {
        let portrait = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/still/portrait.jpg");
        let folder = tempfile::tempdir().unwrap();
        let inputs = ["a.jpg", "b.jpg"].map(|name| folder.path().join(name));
        for input in &inputs {
            std::fs::copy(&portrait, input).unwrap();
        }
        let job = ImageJob {
            inputs: &inputs,
            recursive: false,
            output: None,
            form: ImageForm::Restored,
            aligned: false,
            faces: 32,
            mark: true,
        };
        let mut restorer = FaceRestorer::new().unwrap();
        let (bar, mut faces, mut messages) = (ProgressBar::hidden(), 0, Vec::new());
        still::run(&job, &mut restorer, &mut |progress| {
            faces += progress.found.count();
            advance(&bar, &progress, faces);
            messages.push(bar.message());
        })
        .unwrap();
        assert_eq!(messages, ["1 face found", "2 faces found"]);
        assert_eq!((bar.position(), bar.length()), (2, Some(2)));
    }
}
