//! The button of a run.

use std::time::Instant;

use super::meter::Meter;
use crate::button::{Button, ButtonOptions};

/// The button, where it can be had: a kiosk is worth something without it too.
pub(super) fn open(options: &ButtonOptions, meter: &mut Meter) -> Option<Button> {
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
