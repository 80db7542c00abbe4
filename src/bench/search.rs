//! How long the searches for faces take, on the thread that asks for them.

use std::time::{Duration, Instant};

use super::series::{Series, nanoseconds};
use crate::config::DetectorOptions;
use face8x_core::Result;
use face8x_core::detect::{self, Extent, SearchOptions};
use face8x_core::frame::{Frame, PixelFormat};

/// Searches of a kind, after one that is not timed, as far as they can be had in this time.
const SEARCHES: usize = 50;
const TIME: Duration = Duration::from_secs(2);
/// From this size of the smallest face on, a picture is not enlarged.
const AS_IT_IS: u32 = 24;

/// The times of searches of `frame`: one of a live picture (`search-live`), all of it as it is
/// (`search-whole`), and all of it enlarged twice, too (`search-enlarged`). None where the detector
/// does not look at pixels, or the frame is a JPEG.
pub(super) fn series(detection: &DetectorOptions, frame: &Frame) -> Result<Vec<Series>> {
    let live = detection.search(Extent::InTurn);
    let whole = |min_face| SearchOptions {
        min_face,
        extent: Extent::Whole,
    };
    let kinds = [
        ("search-live", live),
        ("search-whole", whole(live.min_face.max(AS_IT_IS))),
        ("search-enlarged", whole(live.min_face)),
    ];
    let mut series = Vec::new();
    for (stage, options) in kinds {
        let mut detector = detect::open(&detection.detector, &options)?;
        if !detector.needs_pixels() || frame.format == PixelFormat::Mjpg {
            break;
        }
        let mut found = Vec::new();
        detector.detect(frame, &mut found)?;
        let mut times = Vec::with_capacity(SEARCHES);
        let began = Instant::now();
        while times.len() < SEARCHES && (times.is_empty() || began.elapsed() < TIME) {
            let start = Instant::now();
            detector.detect(frame, &mut found)?;
            times.push(nanoseconds(start.elapsed()));
        }
        series.push(Series {
            stage: stage.to_owned(),
            times,
        });
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_searches_of_a_detector_that_looks_at_pixels_are_timed() {
        let mut detection = DetectorOptions {
            detector: "auto".into(),
            faces: 1,
            min_face: 12,
        };
        let frame = Frame::from_rgb(64, 64, vec![90; 3 * 64 * 64]).unwrap();
        let found = series(&detection, &frame).unwrap();
        let stages: Vec<_> = found.iter().map(|series| &*series.stage).collect();
        assert_eq!(stages, ["search-live", "search-whole", "search-enlarged"]);
        assert!(found.iter().all(|series| !series.times.is_empty()));
        detection.detector = "centre".into();
        assert!(series(&detection, &frame).unwrap().is_empty());
    }
}
