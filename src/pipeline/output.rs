//! The sink, and how it comes back when it is lost.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Result;
use crate::display::{self, Audience, Sink, SinkOptions, UserEvent};
use crate::picture::Picture;

/// First and longest wait before a lost display is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Opens a sink, the first time and again after it was lost.
pub(super) type SinkOpener = Box<dyn FnMut() -> Result<Box<dyn Sink>>>;

/// A sink that is opened again when it is lost.
pub struct Output {
    opener: SinkOpener,
    sink: Option<Box<dyn Sink>>,
    line: String,
    preview: Option<PathBuf>,
    retry_at: Instant,
    wait: Duration,
    lost: u64,
    fault: Option<(Instant, Arc<str>)>,
}

impl Output {
    /// Opens the sink of `uri`.
    ///
    /// # Errors
    /// It could not be opened: a display that is not there at the start is the user's to name.
    pub fn open(uri: &str, options: &SinkOptions) -> Result<Output> {
        let options = options.clone();
        if uri != "auto" {
            let uri = uri.to_owned();
            return Output::of(Box::new(move || display::open(&uri, &options)));
        }
        let opened = display::open_auto(&options)?;
        let preview = match opened.sink.audience() {
            Audience::Nobody => opened.uri.strip_prefix("png:").map(PathBuf::from),
            _ => None,
        };
        let opener = Box::new(move || display::open(opened.uri, &options));
        Ok(Output {
            preview,
            ..Output::with(opened.sink, opener)
        })
    }

    /// Opens the sink that `opener` gives.
    ///
    /// # Errors
    /// It does not open.
    pub fn of(mut opener: SinkOpener) -> Result<Output> {
        let sink = opener()?;
        log::info!("sink: {}", sink.describe());
        Ok(Output::with(sink, opener))
    }

    fn with(sink: Box<dyn Sink>, opener: SinkOpener) -> Output {
        Output {
            opener,
            line: sink.describe(),
            sink: Some(sink),
            preview: None,
            retry_at: Instant::now(),
            wait: BACKOFF.0,
            lost: 0,
            fault: None,
        }
    }

    /// Which sink, which device, which size.
    pub fn describe(&self) -> &str {
        &self.line
    }

    /// Whether the picture goes to a file because no display was there.
    pub fn is_preview(&self) -> bool {
        self.preview.is_some()
    }

    /// The file of [`is_preview`](Output::is_preview).
    pub fn preview(&self) -> Option<PathBuf> {
        let file = self.preview.as_ref()?;
        Some(std::path::absolute(file).unwrap_or_else(|_| file.clone()))
    }

    /// Where a person looks and leaves by a key.
    pub fn is_interactive(&self) -> bool {
        self.sink
            .as_ref()
            .is_some_and(|sink| sink.audience() == Audience::Operator)
    }

    /// Whether somebody looks while the program runs.
    pub fn is_watched(&self) -> bool {
        let audience = self.sink.as_ref().map(|sink| sink.audience());
        audience != Some(Audience::Nobody)
    }

    /// Whether the display is there now.
    pub fn is_up(&self) -> bool {
        self.sink.is_some()
    }

    /// How often the display was lost.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Why the display was lost the last time, and when.
    pub fn fault(&self) -> Option<(Instant, Arc<str>)> {
        self.fault.clone()
    }

    /// The size that pictures must have, where the sink says one.
    pub fn size(&self) -> Option<(u32, u32)> {
        self.sink.as_ref().and_then(|sink| sink.size())
    }

    /// Shows `picture`. A sink that fails is dropped and opened again a little later, the wait
    /// doubling up to five seconds. Says whether the picture was shown.
    pub fn present(&mut self, picture: &Picture) -> bool {
        self.show(picture, |sink, picture| sink.present(picture))
    }

    /// As [`present`](Output::present), with a picture of no new frame: see [`Sink::redraw`].
    pub(super) fn redraw(&mut self, picture: &Picture) -> bool {
        self.show(picture, |sink, picture| sink.redraw(picture))
    }

    /// As [`present`](Output::present), with the last frame again: see [`Sink::amend`].
    pub(super) fn amend(&mut self, picture: &Picture) -> bool {
        self.show(picture, |sink, picture| sink.amend(picture))
    }

    fn show(&mut self, picture: &Picture, show: fn(&mut dyn Sink, &Picture) -> Result<()>) -> bool {
        if self.sink.is_none() {
            self.reopen();
        }
        let Some(sink) = &mut self.sink else {
            return false;
        };
        match show(sink.as_mut(), picture) {
            Ok(()) => {
                self.wait = BACKOFF.0;
                true
            }
            Err(error) => {
                self.lost += 1;
                self.sink = None;
                self.retry_at = Instant::now() + self.wait;
                let what = format!("display lost: {error}");
                match error.remedy_text() {
                    Some(remedy) => log::warn!("{what} ({remedy})"),
                    None => log::warn!("{what}"),
                }
                self.fault = Some((Instant::now(), what.into()));
                false
            }
        }
    }

    /// What a person did at the display since the last call.
    pub fn poll_event(&mut self) -> Option<UserEvent> {
        self.sink.as_mut()?.poll_event()
    }

    fn reopen(&mut self) {
        if Instant::now() < self.retry_at {
            return;
        }
        match (self.opener)() {
            Ok(sink) => {
                self.line = sink.describe();
                log::info!("display is back: {}", self.line);
                self.sink = Some(sink);
            }
            Err(error) => {
                log::debug!("display: {error}");
                self.wait = (self.wait * 2).min(BACKOFF.1);
                self.retry_at = Instant::now() + self.wait;
            }
        }
    }
}
