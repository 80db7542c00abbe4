//! The sink, and how it comes back when it is lost.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::light::{Light, ShowFn};
use crate::Result;
use crate::display::{self, Audience, Brightness, Sink, SinkOptions, UserEvent};
use crate::losses::Losses;
use crate::picture::Picture;

/// First and longest wait before a display that does not open is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Opens a sink, the first time and again after it was lost.
pub(super) type SinkOpener = Box<dyn FnMut() -> Result<Box<dyn Sink>>>;

/// A sink that is opened again when it is lost, and others that get the same pictures.
pub struct Output {
    opener: SinkOpener,
    sink: Option<Box<dyn Sink>>,
    line: String,
    preview: Option<PathBuf>,
    opened: Instant,
    pub(super) retry_at: Instant,
    wait: Duration,
    lost: u64,
    losses: Losses,
    fault: Option<(Instant, Arc<str>)>,
    light: Light,
    /// Others that get the same pictures.
    others: Vec<Output>,
    /// What all of them say.
    lines: String,
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
            let output = Output::of(Box::new(move || display::open(&uri, &options)))?;
            return Ok(output.patient());
        }
        let opened = display::open_auto(&options)?;
        let preview = match opened.sink.audience() {
            Audience::Nobody => opened.uri.strip_prefix("png:").map(PathBuf::from),
            _ => None,
        };
        let opener = Box::new(move || display::open(opened.uri, &options));
        Ok(Output {
            preview,
            ..Output::with(opened.sink, opener).patient()
        })
    }

    /// Opens the sink that `opener` gives, and again soon after it was lost: what is lost on purpose,
    /// and often, is not waited for as a real display would be.
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
            lines: sink.describe(),
            others: Vec::new(),
            sink: Some(sink),
            preview: None,
            opened: Instant::now(),
            retry_at: Instant::now(),
            wait: BACKOFF.0,
            lost: 0,
            losses: Losses::new(Some(BACKOFF.0)),
            fault: None,
            light: Light::default(),
        }
    }

    /// This output, with growing pauses where it is lost again and again.
    fn patient(self) -> Output {
        Output {
            losses: Losses::new(None),
            ..self
        }
    }

    /// This output, and another one that gets the same pictures.
    #[must_use]
    pub fn and(mut self, other: Output) -> Output {
        self.others.push(other);
        self.describe_all();
        self
    }

    fn describe_all(&mut self) {
        let others = self.others.iter().map(|other| other.line.as_str());
        let lines: Vec<&str> = std::iter::once(self.line.as_str()).chain(others).collect();
        self.lines = lines.join(" and ");
    }

    /// Which sinks, which devices, which sizes.
    pub fn describe(&self) -> &str {
        &self.lines
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
        let own = self.sink.as_ref();
        own.is_some_and(|sink| sink.audience() == Audience::Operator)
            || self.others.iter().any(Output::is_interactive)
    }

    /// Whether somebody looks while the program runs.
    pub fn is_watched(&self) -> bool {
        let audience = self.sink.as_ref().map(|sink| sink.audience());
        audience != Some(Audience::Nobody) || self.others.iter().any(Output::is_watched)
    }

    /// Whether the display is there now.
    pub fn is_up(&self) -> bool {
        self.sink.is_some() && self.others.iter().all(Output::is_up)
    }

    /// How often the display was lost.
    pub fn lost(&self) -> u64 {
        self.lost + self.others.iter().map(Output::lost).sum::<u64>()
    }

    /// Why the display was lost the last time, and when.
    pub fn fault(&self) -> Option<(Instant, Arc<str>)> {
        let others = self.others.iter().filter_map(Output::fault);
        others
            .chain(self.fault.clone())
            .max_by_key(|(when, _)| *when)
    }

    /// The size that pictures must have, where a sink says one; others show them in their middle.
    pub fn size(&self) -> Option<(u32, u32)> {
        let own = self.sink.as_ref().and_then(|sink| sink.size());
        own.or_else(|| self.others.iter().find_map(Output::size))
    }

    /// Whether the sink that says the [`size`](Output::size) is round.
    pub(super) fn is_round(&self) -> bool {
        match self.sink.as_ref().filter(|sink| sink.size().is_some()) {
            Some(sink) => sink.is_round(),
            None => {
                let mut others = self.others.iter();
                let sized = others.find(|other| other.size().is_some());
                sized.is_some_and(Output::is_round)
            }
        }
    }

    /// Shows `picture`. A sink that fails is dropped and opened again after a growing pause. Says whether
    /// the picture was shown.
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

    fn show(&mut self, picture: &Picture, show: ShowFn) -> bool {
        for other in &mut self.others {
            other.show(picture, show);
        }
        if self.sink.is_none() {
            self.reopen();
        }
        let Some(sink) = &mut self.sink else {
            return false;
        };
        match self.light.show(sink.as_mut(), picture, show) {
            Ok(()) => {
                self.wait = BACKOFF.0;
                true
            }
            Err(error) => {
                self.lost += 1;
                self.sink = None;
                self.losses.add(self.opened.elapsed());
                self.retry_at = Instant::now() + self.losses.pause();
                let what = format!("display lost: {error}");
                let remedy = error.remedy_text().map(|remedy| format!(" ({remedy})"));
                let remedy = remedy.unwrap_or_default();
                match self.losses.count() {
                    1 => log::warn!("{what}{remedy}"),
                    count if self.losses.is_worth_a_line() => log::warn!(
                        "{what}{remedy}: {count} times in a row, trying again in {:.1} s",
                        self.losses.pause().as_secs_f64()
                    ),
                    _ => log::debug!("{what}"),
                }
                self.fault = Some((Instant::now(), what.into()));
                false
            }
        }
    }

    /// See [`Sink::previous_scan_out`]; that of the first sink.
    pub(super) fn previous_scan_out(&self) -> Option<Duration> {
        self.sink.as_ref()?.previous_scan_out()
    }

    /// Makes displays darker, or bright again, with the next picture.
    pub(super) fn set_brightness(&mut self, brightness: Brightness) {
        self.light.wish(brightness);
        for other in &mut self.others {
            other.set_brightness(brightness);
        }
    }

    /// Whether all sinks show nothing, whatever they are handed.
    pub(super) fn is_off(&self) -> bool {
        self.light.is_off() && self.others.iter().all(Output::is_off)
    }

    /// What a person did at the display since the last call.
    pub fn poll_event(&mut self) -> Option<UserEvent> {
        let own = self.sink.as_mut().and_then(|sink| sink.poll_event());
        own.or_else(|| self.others.iter_mut().find_map(Output::poll_event))
    }

    fn reopen(&mut self) {
        if Instant::now() < self.retry_at {
            return;
        }
        match (self.opener)() {
            Ok(sink) => {
                self.line = sink.describe();
                self.describe_all();
                match self.losses.is_worth_a_line() {
                    true => log::info!("display is back: {}", self.line),
                    false => log::debug!("display is back: {}", self.line),
                }
                self.opened = Instant::now();
                self.light.opened();
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
