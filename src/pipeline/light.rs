//! How bright the displays are: by how long nobody was there, and what each sink is shown.

use std::time::{Duration, Instant};

use crate::Result;
use crate::display::{Brightness, Dimming, Sink};
use crate::picture::Picture;

/// When displays become darker: after these times without a face.
#[derive(Debug)]
pub(super) struct Night {
    dim_after: Option<Duration>,
    blank_after: Option<Duration>,
    /// When somebody was there.
    since: Instant,
}

impl Night {
    /// One that begins at the time `now`. The times are those of dimming and of switching off; without
    /// them displays stay bright.
    pub(super) fn new(
        (dim_after, blank_after): (Option<Duration>, Option<Duration>),
        now: Instant,
    ) -> Night {
        Night {
            dim_after,
            blank_after,
            since: now,
        }
    }

    /// How bright displays are at the time `now`, where `anybody` is there: a face, or a person who
    /// does something.
    pub(super) fn brightness(&mut self, now: Instant, anybody: bool) -> Brightness {
        if anybody {
            self.since = now;
        }
        let alone = now.saturating_duration_since(self.since);
        let is_over = |limit: Option<Duration>| limit.is_some_and(|limit| alone >= limit);
        match () {
            () if is_over(self.blank_after) => Brightness::Off,
            () if is_over(self.dim_after) => Brightness::Dim,
            () => Brightness::Full,
        }
    }
}

/// Shows a picture on a sink.
pub(super) type ShowFn = fn(&mut dyn Sink, &Picture) -> Result<()>;

/// The light of one sink.
pub(super) struct Light {
    wished: Brightness,
    now: Brightness,
    dimming: Dimming,
    /// Room for a darker picture.
    darker: Picture,
}

impl Default for Light {
    fn default() -> Light {
        Light {
            wished: Brightness::Full,
            now: Brightness::Full,
            dimming: Dimming::Done,
            darker: Picture::default(),
        }
    }
}

impl Light {
    /// Takes a wish for the next picture.
    pub(super) fn wish(&mut self, brightness: Brightness) {
        self.wished = brightness;
    }

    /// The sink was opened anew: it is bright.
    pub(super) fn opened(&mut self) {
        self.now = Brightness::Full;
    }

    /// Whether the sink shows nothing, whatever it is handed.
    pub(super) fn is_off(&self) -> bool {
        let is_off = (self.wished, self.now) == (Brightness::Off, Brightness::Off);
        is_off && self.dimming != Dimming::Never
    }

    /// Shows `picture` as bright as is wished.
    pub(super) fn show(
        &mut self,
        sink: &mut dyn Sink,
        picture: &Picture,
        show: ShowFn,
    ) -> Result<()> {
        if self.now != self.wished {
            self.dimming = sink.set_brightness(self.wished)?;
            self.now = self.wished;
            if self.dimming != Dimming::Never {
                let how = match self.now {
                    Brightness::Full => "bright again",
                    Brightness::Dim => "dimmed, as nobody is there",
                    Brightness::Off => "off, as nobody is there",
                };
                log::info!("{}: {how}", sink.describe());
            }
        }
        match (self.dimming, self.now) {
            (Dimming::Done, Brightness::Off) => Ok(()),
            (Dimming::Pictures, Brightness::Off) => {
                self.darker.resize(picture.width, picture.height);
                self.darker.pixels.fill(0);
                show(sink, &self.darker)
            }
            (Dimming::Pictures, Brightness::Dim) => {
                self.darker.copy_darkened(picture);
                show(sink, &self.darker)
            }
            _ => show(sink, picture),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_becomes_dark_without_a_face_and_bright_with_one() {
        let start = Instant::now();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let levels = |dim: Option<u64>, blank: Option<u64>, faces: &[u64]| {
            let mut night = Night::new((dim.map(minutes), blank.map(minutes)), start);
            let at = |minute| night.brightness(start + minutes(minute), faces.contains(&minute));
            (0..10).map(at).collect::<Vec<_>>()
        };
        use Brightness::{Dim, Full, Off};
        assert_eq!(levels(None, None, &[]), [Full; 10]);
        assert_eq!(
            levels(Some(2), Some(4), &[]),
            [Full, Full, Dim, Dim, Off, Off, Off, Off, Off, Off]
        );
        assert_eq!(
            levels(Some(2), Some(4), &[1, 7]),
            [Full, Full, Full, Dim, Dim, Off, Off, Full, Full, Dim]
        );
        assert_eq!(levels(Some(9), Some(3), &[])[2..4], [Full, Off]);
        assert_eq!(levels(Some(8), None, &[])[7..], [Full, Dim, Dim]);
    }

    /// A sink that keeps what it is shown, and what it is asked for.
    struct Screen {
        dimming: Dimming,
        seen: Vec<u32>,
        asked: Vec<Brightness>,
    }

    impl Sink for Screen {
        fn describe(&self) -> String {
            "screen".into()
        }

        fn size(&self) -> Option<(u32, u32)> {
            None
        }

        fn present(&mut self, picture: &Picture) -> Result<()> {
            self.seen.push(picture.pixels[0]);
            Ok(())
        }

        fn set_brightness(&mut self, brightness: Brightness) -> Result<Dimming> {
            self.asked.push(brightness);
            Ok(self.dimming)
        }
    }

    #[test]
    fn each_sink_is_shown_what_its_light_leaves_to_do() {
        let mut picture = Picture::new(2, 2);
        picture.pixels.fill(0x00ff_8041);
        for (dimming, dim, off) in [
            (Dimming::Done, Some(0x00ff_8041), None),
            (Dimming::Pictures, Some(0x007f_4020), Some(0)),
            (Dimming::Never, Some(0x00ff_8041), Some(0x00ff_8041)),
        ] {
            let mut screen = Screen {
                dimming,
                seen: Vec::new(),
                asked: Vec::new(),
            };
            let mut light = Light::default();
            let mut at = |brightness| {
                light.wish(brightness);
                let (screen, seen) = (&mut screen, |screen: &mut Screen| screen.seen.pop());
                for _ in 0..2 {
                    seen(screen);
                    light
                        .show(screen, &picture, |sink, picture| sink.present(picture))
                        .unwrap();
                }
                (seen(screen), light.is_off())
            };
            let full = (Some(0x00ff_8041), false);
            assert_eq!(at(Brightness::Full), full);
            assert_eq!(at(Brightness::Dim), (dim, false), "{dimming:?}");
            assert_eq!(at(Brightness::Off), (off, dimming != Dimming::Never));
            assert_eq!(at(Brightness::Full), full);
            let asked = [Brightness::Dim, Brightness::Off, Brightness::Full];
            assert_eq!(screen.asked, asked);
        }
    }
}
