//! What the last key did, on the picture for a moment.

use std::time::{Duration, Instant};

/// How long it is shown.
const SHOWN_FOR: Duration = Duration::from_millis(2500);

/// A sentence that is shown for a moment.
#[derive(Default)]
pub(super) struct Notice(Option<(String, Instant)>);

impl Notice {
    /// Shows `text` from now on, in place of what was shown.
    pub(super) fn show(&mut self, text: String) {
        self.0 = Some((text, Instant::now()));
    }

    /// Shows nothing any more; whether something was shown.
    pub(super) fn clear(&mut self) -> bool {
        let shown = self.text(Instant::now()).is_some();
        self.0 = None;
        shown
    }

    /// The text, as long as it is shown.
    pub(super) fn text(&self, now: Instant) -> Option<&str> {
        let (text, since) = self.0.as_ref()?;
        (now.saturating_duration_since(*since) < SHOWN_FOR).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_shown_for_a_moment() {
        let mut notice = Notice::default();
        assert!(!notice.clear());
        notice.show("view: strip".into());
        let now = Instant::now();
        assert_eq!(notice.text(now), Some("view: strip"));
        assert_eq!(notice.text(now + SHOWN_FOR), None);
        assert!(notice.clear() && !notice.clear());
    }
}
