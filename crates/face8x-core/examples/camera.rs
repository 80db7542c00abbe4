//! A camera loop: follows the faces of a video and keeps the last picture of each, as
//! `face-1.png`, `face-2.png` and so on. The video is y4m on standard input:
//!
//! ```sh
//! ffmpeg -f v4l2 -video_size 640x480 -i /dev/video0 -pix_fmt yuv420p -f yuv4mpegpipe - |
//!     cargo run --release -p face8x-core --example camera
//! ```
//!
//! A search for faces takes longer than a frame. A program that shows pictures lets the detector
//! search on a thread of its own, and gives the tracker what it found whenever it is done.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::io::BufRead;
use std::path::Path;
use std::time::Duration;

use face8x_core::align::Aligner;
use face8x_core::backproject::{BackProjector, FaceHistory, NoiseEstimator};
use face8x_core::convert::Converter;
use face8x_core::detect::{self, SearchOptions};
use face8x_core::face::Detections;
use face8x_core::frame::{Frame, MAX_SIDE, PixelFormat};
use face8x_core::geometry::{HR_SIDE, LR_SIDE};
use face8x_core::pixel::unpack_rgb;
use face8x_core::{restore, track};

/// Frames from one search to the next.
const SEARCH_INTERVAL: u64 = 5;
/// Frames of a face that count for its picture.
const HISTORY: u32 = 16;

fn main() -> Result<(), Box<dyn Error>> {
    follow(&mut std::io::stdin().lock(), Path::new("."))
}

/// Follows the faces of a video and writes their pictures into `folder`.
pub(crate) fn follow(video: &mut dyn BufRead, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut detector = detect::open("auto", &SearchOptions::LIVE)?;
    let mut tracker = track::open_tracker("auto", &SearchOptions::LIVE)?;
    let mut restorer = restore::open("auto", None, 1)?;
    let (mut aligner, mut projector) = (Aligner::new(), BackProjector::new(None));
    let (mut converter, mut noise) = (Converter::new(), NoiseEstimator::default());
    let mut detections = Detections::default();
    let mut histories = HashMap::new();
    let mut lr = Box::new([0; LR_SIDE * LR_SIDE * 3]);
    let (mut sr, mut picture) = (
        Box::new([0; HR_SIDE * HR_SIDE]),
        Box::new([0; HR_SIDE * HR_SIDE]),
    );

    let mut frame = first_frame(video)?;
    while read_frame(video, &mut frame)? {
        let is_searched = frame.sequence % SEARCH_INTERVAL == 1;
        if is_searched {
            converter.downscale_luma(&frame, MAX_SIDE, MAX_SIDE, &mut detections.picture)?;
            detector.detect(&frame, &mut detections.found)?;
        }
        let level = noise.estimate(&frame)?;
        for face in tracker.update(frame.timestamp, &frame, is_searched.then_some(&detections)) {
            let Some(place) = face.detection.to_canonical() else {
                continue;
            };
            aligner.lr(&frame, &place, &mut lr)?;
            restorer.restore(&lr, &mut sr)?;
            let history = match histories.entry(face.id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    projector.learn_optics(&frame, &place, level, &sr)?;
                    new.insert(FaceHistory::new(HISTORY))
                }
            };
            history.update(&mut projector, &frame, &place, level, &sr, &mut picture)?;
            let rgb: Vec<u8> = picture.iter().copied().flat_map(unpack_rgb).collect();
            let file = folder.join(format!("face-{}.png", face.id));
            image::save_buffer(file, &rgb, 128, 128, image::ColorType::Rgb8)?;
        }
    }
    Ok(())
}

/// An empty frame of the size that the video's first line says: `YUV4MPEG2 W640 H480 ... C420jpeg`.
fn first_frame(video: &mut dyn BufRead) -> Result<Frame, Box<dyn Error>> {
    let mut line = String::new();
    video.read_line(&mut line)?;
    let field = |letter| {
        line.split_whitespace()
            .find_map(|word| word.strip_prefix(letter))
    };
    if !line.starts_with("YUV4MPEG2 ") || !field('C').is_none_or(|form| form.starts_with("420")) {
        return Err("the video is not y4m with 4:2:0 chroma".into());
    }
    let width: u32 = field('W').ok_or("no width")?.parse()?;
    let height: u32 = field('H').ok_or("no height")?.parse()?;
    let stride = PixelFormat::Yu12.min_stride(width);
    let bytes = vec![0; PixelFormat::Yu12.frame_len(stride, height)];
    let format = PixelFormat::Yu12;
    Ok(Frame {
        format,
        width,
        height,
        stride,
        bytes,
        ..Frame::empty()
    })
}

/// Reads the next frame; `false` at the end.
fn read_frame(video: &mut dyn BufRead, frame: &mut Frame) -> Result<bool, Box<dyn Error>> {
    let mut line = Vec::new();
    if video.read_until(b'\n', &mut line)? == 0 {
        return Ok(false);
    }
    if !line.starts_with(b"FRAME") {
        return Err("the video has no frame where one should begin".into());
    }
    video.read_exact(&mut frame.bytes)?;
    frame.sequence += 1;
    // A camera's driver gives the time; this is 30 frames a second.
    frame.timestamp = Duration::from_millis(frame.sequence * 1000 / 30);
    Ok(true)
}
