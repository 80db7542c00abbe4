//! What a person does at the display or with the button.

use std::time::Instant;

use super::Pipeline;
use super::idle::REDRAW_INTERVAL;
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
            UserEvent::NextView => options.view = options.view.next(),
            UserEvent::Mirror => options.mirror = !options.mirror,
            UserEvent::Freeze => {
                self.frozen = match self.frozen {
                    Some(_) => None,
                    None => Some(Instant::now()),
                }
            }
            UserEvent::Save => match display::save_numbered(&self.picture) {
                Ok(path) => log::info!("saved {}", path.display()),
                Err(error) => log::warn!("{error}"),
            },
        }
        self.drawn -= REDRAW_INTERVAL;
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
