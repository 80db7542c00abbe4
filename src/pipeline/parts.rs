//! What a pipeline is made of.

use std::time::Instant;

use crate::Result;
use crate::capture::{self, Capture, CaptureState, mask_passwords};
use crate::compose::{ComposeOptions, Composer};
use crate::config::RunOptions;
use crate::display::SinkOptions;
use crate::host::button::{Button, ButtonOptions};
use crate::picture::Picture;
use crate::pipeline::camera_pixels::CameraPixels;
use crate::pipeline::camera_watch::CameraWatch;
use crate::pipeline::cooling::Cooling;
use crate::pipeline::crop::Cropper;
use crate::pipeline::light::Night;
use crate::pipeline::notice::Notice;
use crate::pipeline::tracks::Tracks;
use crate::pipeline::{FaceStage, Meter, Output, Pipeline, Timings};
use face8x_core::convert::JpegDecoder;
use face8x_core::convert::orient::Orienter;
use face8x_core::detect::{self, Detector, Extent};
use face8x_core::frame::Frame;
use face8x_core::restore::{self, Restorer};
use face8x_core::track::{self, Tracker};

/// The parts between which frames are handed on, each opened.
pub struct Parts {
    /// 16x16 to 128x128 pixels.
    pub restorer: Box<dyn Restorer>,
    /// Runs on a thread of its own.
    pub detector: Box<dyn Detector>,
    /// Follows what the detector finds.
    pub tracker: Tracker,
    /// The sink.
    pub output: Output,
    /// The source, running.
    pub capture: Capture,
}

impl Parts {
    /// Opens the restorer, the detector, the sink and the source of `options`, in this order, so
    /// that a camera does not run while a mistake in the settings is found.
    ///
    /// # Errors
    /// One of them could not be opened.
    pub fn open(options: &RunOptions) -> Result<Parts> {
        let restoration = &options.restoration;
        let restorer = restore::open(
            &restoration.restorer,
            restoration.model.as_deref(),
            restoration.threads,
        )?;
        let search = options.detection.search(Extent::InTurn);
        let detector = detect::open(&options.detection.detector, &search)?;
        let tracker = track::open_tracker(&options.detection.detector, &search)?;
        match tracker.engine() {
            Some(engine) => log::info!("detector: {} by {engine}", detector.name()),
            None => log::info!("detector: {}", detector.name()),
        }
        let sink = SinkOptions {
            fps: options.fps,
            segment: options.segment(),
            keep: options.keep(),
            ..SinkOptions::default()
        };
        let mut output = Output::open(options.sink(), &sink)?;
        for uri in options.more_sinks() {
            output = output.and(Output::open(uri, &sink)?);
        }
        let start = match options.wait {
            true => Capture::start_retrying,
            false => Capture::start,
        };
        let mut source = options.source_options();
        // Nobody looks, so that no frame has to make room for a newer one.
        source.on_demand |=
            !output.is_watched() && capture::is_finite(&options.source, source.looped)?;
        Ok(Parts {
            restorer,
            detector,
            tracker,
            output,
            capture: start(&options.source, &source)?,
        })
    }
}

impl Pipeline {
    /// Opens the parts that `options` names: see [`Parts::open`].
    ///
    /// # Errors
    /// One of them could not be opened.
    pub fn new(options: &RunOptions) -> Result<Pipeline> {
        Pipeline::from_parts(options, Parts::open(options)?)
    }

    /// Puts `parts` together; what `options` says about opening them is ignored.
    ///
    /// # Errors
    /// The detector's thread cannot be started, or the file of `--tracks` not be opened.
    pub fn from_parts(options: &RunOptions, parts: Parts) -> Result<Pipeline> {
        let Parts {
            restorer,
            detector,
            mut tracker,
            output,
            capture,
        } = parts;
        // The file has the landmarks of all.
        if options.tracks.is_none() {
            tracker.follow_closely(options.detection.faces);
        }
        let source = match capture.state() {
            CaptureState::Running(line) => line,
            CaptureState::Lost(_) => mask_passwords(&options.source).into(),
        };
        let compose_options = ComposeOptions {
            view: options.view,
            rotation: options.rotate,
            mirror: options.mirror,
            round: output.is_round(),
            info: options.info_text.clone(),
            mark: options.mark,
        };
        let camera_pixels = CameraPixels::new(
            options.detection.faces,
            options.history,
            options.restoration.optics,
        );
        let mut meter = Meter::new(source)?;
        let button = options
            .button
            .as_ref()
            .and_then(|button| open_button(button, &mut meter));
        Ok(Pipeline {
            options: options.clone(),
            capture,
            frame: Frame::empty(),
            jpeg: JpegDecoder::new(),
            cropper: Cropper::new(options.roi),
            orienter: Orienter::new(options.camera_orientation()),
            faces: FaceStage::new(detector, tracker, restorer, camera_pixels)?,
            composer: Composer::new(compose_options),
            picture: Picture::default(),
            output,
            tracks: options.tracks.as_deref().map(Tracks::start).transpose()?,
            button,
            meter,
            timings: Timings::new()?,
            presented: None,
            cooling: Cooling::new(options.max_temperature),
            watch: (!capture::is_played(&options.source)?).then(CameraWatch::new),
            night: Night::new(options.dark_after(), Instant::now()),
            asked: None,
            frozen: None,
            notice: Notice::default(),
            keys_shown: false,
            drawn: Instant::now(),
            ended: None,
            refused: None,
            monitor: None,
        })
    }
}

/// The button, if it opens: a kiosk is of use without it too.
fn open_button(options: &ButtonOptions, meter: &mut Meter) -> Option<Button> {
    match Button::open(options) {
        Ok(button) => Some(button),
        Err(error) => {
            let what = format!("no button: {error}");
            match error.remedy_text() {
                Some(remedy) => log::error!("{what} ({remedy})"),
                None => log::error!("{what}"),
            }
            meter.note(Instant::now(), what.into());
            None
        }
    }
}
