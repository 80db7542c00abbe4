//! The overlay text: a template with values that change every frame.

use std::fmt::Write;
use std::str::FromStr;
use std::time::Duration;

use crate::Error;
use crate::words::counted;

/// What the overlay text and the captions show of the run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct InfoValues<'a> {
    /// Pictures shown a second.
    pub fps: f32,
    /// From the driver's timestamp to the display, of the last picture.
    pub latency: Duration,
    /// Frames skipped so far because newer ones were there.
    pub skipped: u64,
    /// Which model restores by which engine (`Restorer::describe`).
    pub restorer: &'a str,
    /// Where frames come from (`Source::describe`, or shorter).
    pub source: &'a str,
    /// Where pictures go (`Sink::describe`, or shorter).
    pub sink: &'a str,
    /// The board's temperature in degrees Celsius, where it has a sensor.
    pub temperature: Option<f32>,
    /// How long the app has run.
    pub running: Duration,
}

/// A value that a template names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InfoWord {
    Fps,
    Latency,
    Skipped,
    Faces,
    Restorer,
    Source,
    Sink,
    Temp,
    Time,
}

/// The words of a template, and what they stand for.
const WORDS: [(&str, InfoWord); 9] = [
    ("%fps", InfoWord::Fps),
    ("%latency", InfoWord::Latency),
    ("%skipped", InfoWord::Skipped),
    ("%faces", InfoWord::Faces),
    ("%restorer", InfoWord::Restorer),
    ("%source", InfoWord::Source),
    ("%sink", InfoWord::Sink),
    ("%temp", InfoWord::Temp),
    ("%time", InfoWord::Time),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    InfoWord(InfoWord),
}

/// A template of overlay text, as in `--info-text "%fps %latency %skipped"`.
///
/// | word | becomes |
/// |---|---|
/// | `%fps` | `29.9 fps` |
/// | `%latency` | `41 ms` |
/// | `%skipped` | `3 skipped` |
/// | `%faces` | `1 face` |
/// | `%restorer` | the restorer's line |
/// | `%source` | the source's line |
/// | `%sink` | the sink's line |
/// | `%temp` | `48 °C`, or `- °C` without a sensor |
/// | `%time` | how long the app has run, `0:12:34` |
/// | `%%` | `%` |
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InfoText {
    pieces: Vec<Piece>,
}

impl FromStr for InfoText {
    type Err = Error;

    /// Reads a template; empty is no overlay. An unknown word is a usage error that names the
    /// nearest.
    fn from_str(template: &str) -> Result<Self, Error> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find('%') {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("%%") {
                text.push('%');
                rest = after;
                continue;
            }
            let end = rest[1..]
                .find(|c: char| !c.is_ascii_alphabetic())
                .map_or(rest.len(), |letters| letters + 1);
            let (word, after) = rest.split_at(end);
            let value = WORDS
                .iter()
                .find(|(known, _)| *known == word)
                .ok_or_else(|| unknown(word))?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::InfoWord(value.1));
            rest = after;
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(InfoText { pieces })
    }
}

fn unknown(word: &str) -> Error {
    let names = WORDS.map(|(name, _)| name);
    Error::unknown("info text value", word, &[&names[..], &["%%"]].concat())
}

impl InfoText {
    /// Whether nothing is to be shown.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Writes the text with the values of `status` and the number of `faces` into `line`, in
    /// place of what was there.
    pub fn write(&self, status: &InfoValues<'_>, faces: usize, line: &mut String) {
        line.clear();
        for piece in &self.pieces {
            // Writing to a String cannot fail.
            let _ = match piece {
                Piece::Text(text) => line.write_str(text),
                Piece::InfoWord(value) => write_value(*value, status, faces, line),
            };
        }
    }
}

fn write_value(
    value: InfoWord,
    status: &InfoValues<'_>,
    faces: usize,
    line: &mut String,
) -> std::fmt::Result {
    match value {
        InfoWord::Fps => write!(line, "{:.1} fps", status.fps),
        InfoWord::Latency => write!(line, "{} ms", status.latency.as_millis()),
        InfoWord::Skipped => write!(line, "{} skipped", status.skipped),
        InfoWord::Faces => write!(line, "{}", counted(faces, "face")),
        InfoWord::Restorer => line.write_str(status.restorer),
        InfoWord::Source => line.write_str(status.source),
        InfoWord::Sink => line.write_str(status.sink),
        InfoWord::Temp => match status.temperature {
            Some(celsius) => write!(line, "{celsius:.0} °C"),
            None => line.write_str("- °C"),
        },
        InfoWord::Time => {
            let seconds = status.running.as_secs();
            write!(
                line,
                "{}:{:02}:{:02}",
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(template: &str, status: &InfoValues<'_>, faces: usize) -> String {
        let mut line = String::from("what was there");
        template
            .parse::<InfoText>()
            .unwrap()
            .write(status, faces, &mut line);
        line
    }

    #[test]
    fn every_word_becomes_its_value() {
        let status = InfoValues {
            fps: 29.94,
            latency: Duration::from_micros(41_900),
            skipped: 3,
            restorer: "bicubic",
            source: "demo",
            sink: "window",
            temperature: Some(47.6),
            running: Duration::from_secs(3 * 3600 + 4 * 60 + 5),
        };
        let all = "%fps|%latency|%skipped|%faces|%restorer|%source|%sink|%temp|%time|100%%";
        assert_eq!(
            written(all, &status, 2),
            "29.9 fps|41 ms|3 skipped|2 faces|bicubic|demo|window|48 °C|3:04:05|100%"
        );
        assert_eq!(
            written("%faces, %temp", &InfoValues::default(), 1),
            "1 face, - °C"
        );
    }

    #[test]
    fn text_without_words_stays_as_it_is() {
        for text in ["", "plain", "a %% b", "%%fps", "ünïcode °"] {
            assert_eq!(
                written(text, &InfoValues::default(), 0),
                text.replace("%%", "%")
            );
        }
        assert!("".parse::<InfoText>().unwrap().is_empty());
        assert!(!" ".parse::<InfoText>().unwrap().is_empty());
    }

    #[test]
    fn an_unknown_word_names_the_known_ones() {
        for (bad, word) in [
            ("%fsp", "%fsp"),
            ("x %latencyms", "%latencyms"),
            ("50%", "%"),
            ("% fps", "%"),
        ] {
            let error = bad.parse::<InfoText>().unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert_eq!(
                error.to_string(),
                format!("unknown info text value \"{word}\"")
            );
            let remedy = error.remedy_text().unwrap();
            for (known, _) in WORDS {
                assert!(remedy.contains(known), "{remedy}");
            }
            assert!(remedy.contains("%%"), "{remedy}");
        }
        let error = "%fsp".parse::<InfoText>().unwrap_err();
        assert!(
            error
                .remedy_text()
                .unwrap()
                .starts_with("did you mean \"%fps\"?")
        );
    }
}
