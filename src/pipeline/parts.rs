//! What a pipeline is made of.

use std::time::Instant;

use crate::Result;
use crate::button::{Button, ButtonOptions};
use crate::capture::Capture;
use crate::config::Settings;
use crate::display::SinkOptions;
use crate::face::{self, Locator, Tracker};
use crate::pipeline::{Meter, Output};
use crate::restore::{self, Restorer};

/// The parts between which frames are handed on, each opened.
pub struct Parts {
    pub restorer: Box<dyn Restorer>,
    pub locator: Box<dyn Locator>,
    pub tracker: Tracker,
    pub output: Output,
    pub capture: Capture,
}

impl Parts {
    /// Opens the restorer, the locator, the sink and the source of `settings`, in this order, so
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
        let locator = face::open(&settings.locator)?;
        let tracker = face::open_tracker(&settings.locator)?;
        match tracker.engine() {
            Some(engine) => log::info!("locator: {} by {engine}", locator.name()),
            None => log::info!("locator: {}", locator.name()),
        }
        let output = Output::open(&settings.sink, &SinkOptions::default())?;
        let start = match settings.wait {
            true => Capture::start_retrying,
            false => Capture::start,
        };
        Ok(Parts {
            restorer,
            locator,
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
