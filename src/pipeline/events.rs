//! What a person does at the display or with the button.

use std::time::Instant;

use super::idle::REDRAW_INTERVAL;
use super::{DrawReason, Pipeline};
use crate::display::{self, UserEvent};
use crate::host::button::ButtonAction;

impl Pipeline {
    pub(super) fn poll_event(&mut self) -> Option<UserEvent> {
        let at_the_display = self.output.poll_event();
        at_the_display.or_else(|| {
            Some(match self.button.as_ref()?.poll_action()? {
                ButtonAction::View => UserEvent::NextView,
                ButtonAction::Freeze => UserEvent::Freeze,
            })
        })
    }

    /// Does what the event asks for, and draws soon, also while the picture is frozen.
    pub(super) fn handle(&mut self, event: UserEvent) {
        self.night.brightness(Instant::now(), true);
        let options = &mut self.composer.options;
        match event {
            UserEvent::Quit => {}
            UserEvent::NextView => {
                options.view = options.view.next();
                self.notice.show(format!("view: {}", options.view));
            }
            UserEvent::Mirror => {
                options.mirror = !options.mirror;
                let not = if options.mirror { "" } else { "not " };
                self.notice.show(format!("{not}mirrored"));
            }
            UserEvent::Freeze => match self.frozen.take() {
                Some(_) => self.notice.show("released".to_owned()),
                None => {
                    self.notice.clear();
                    self.frozen = Some(Instant::now());
                }
            },
            UserEvent::Save => self.save(),
            UserEvent::Help => self.keys_shown = !self.keys_shown,
            UserEvent::Fullscreen(true) => {
                self.notice.show("full screen: F11 leaves it".to_owned())
            }
            UserEvent::Fullscreen(false) => self.notice.show("a window again".to_owned()),
        }
        self.drawn -= REDRAW_INTERVAL;
    }

    /// Saves the picture without what the keys have written on it, and says so on the screen.
    fn save(&mut self) {
        let written = self.notice.clear() | std::mem::take(&mut self.keys_shown);
        if written
            && self.meter.frames > 0
            && let Err(error) = self.show(DrawReason::Again)
        {
            log::debug!("{error}");
        }
        self.notice
            .show(match display::save_numbered(&self.picture) {
                Ok(path) => {
                    log::info!("saved {}", path.display());
                    format!("saved {}", path.display())
                }
                Err(error) => {
                    log::warn!("{error}");
                    format!("not saved: {error}")
                }
            });
    }

    /// Releases a picture that was held for as long as it may be: whoever froze a kiosk has left.
    pub(super) fn release_in_time(&mut self) {
        let longest = self.options.longest_freeze();
        if let (Some(since), Some(longest)) = (self.frozen, longest)
            && since.elapsed() >= longest
        {
            log::info!(
                "the picture was frozen for {} min: it goes on",
                longest.as_secs() / 60
            );
            self.frozen = None;
        }
    }
}
