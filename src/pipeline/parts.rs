//! What a pipeline is made of.

use std::time::Instant;

use crate::Result;
use crate::capture::Capture;
use crate::config::Settings;
use crate::display::SinkOptions;
use crate::host::button::{Button, ButtonOptions};
use crate::pipeline::{Meter, Output};
use face8x_core::detect::{self, Detector};
use face8x_core::restore::{self, Restorer};
use face8x_core::track::{self, Tracker};

/// The parts between which frames are handed on, each opened.
pub struct Parts {
    pub restorer: Box<dyn Restorer>,
    pub detector: Box<dyn Detector>,
    pub tracker: Tracker,
    pub output: Output,
    pub capture: Capture,
}

impl Parts {
    /// Opens the restorer, the detector, the sink and the source of `settings`, in this order, so
    /// that a camera does not run while a mistake in the settings is found.
    ///
    /// # Errors
    /// One of them could not be opened.
    pub fn open(settings: &Settings) -> Result<Parts> {
        let restorer = restore::open(
            &settings.restorer,
            settings.model.as_deref(),
            settings.threads,
        )?;
        let detector = detect::open(&settings.detector)?;
        let tracker = track::open_tracker(&settings.detector)?;
        match tracker.engine() {
            Some(engine) => log::info!("detector: {} by {engine}", detector.name()),
            None => log::info!("detector: {}", detector.name()),
        }
        let output = Output::open(&settings.sink, &SinkOptions::default())?;
        let start = match settings.wait {
            true => Capture::start_retrying,
            false => Capture::start,
        };
        Ok(Parts {
            restorer,
            detector,
            tracker,
            output,
            capture: start(&settings.source, &settings.source_options)?,
        })
    }
}

/// The button, where it can be had: a kiosk is worth something without it too.
pub(super) fn open_button(options: &ButtonOptions, meter: &mut Meter) -> Option<Button> {
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
