//! The words about a face.

use std::fmt::Write;

/// What is said about the hero.
#[derive(Default)]
pub(crate) struct About {
    /// Which of how many.
    pub who: String,
    /// The same in fewer words.
    pub short: String,
    /// How sure the detector is; empty where it always is.
    pub sure: String,
    /// The same in more words.
    pub surely: String,
}

impl About {
    /// Face number `rank` of `count`, which is one with this confidence.
    pub(crate) fn write(&mut self, rank: usize, count: usize, confidence: f32) {
        let About {
            who,
            short,
            sure,
            surely,
        } = self;
        for text in [&mut *who, short, sure, surely] {
            text.clear();
            text.reserve(40);
        }
        // Writing to a String cannot fail.
        let _ = match count {
            0 | 1 => write!(who, "One face").and(write!(short, "One face")),
            _ => write!(who, "Face {rank} of {count}").and(write!(short, "{rank} of {count}")),
        };
        if (0.0..1.0).contains(&confidence) {
            let percent = ((100.0 * confidence).round() as u32).min(99);
            let _ = write!(sure, "{percent} % sure")
                .and(write!(surely, "{percent} % sure it is a face"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_who_and_how_sure() {
        let mut about = About::default();
        for (rank, count, confidence, words) in [
            (1, 1, 1.0, ["One face", "One face", "", ""]),
            (
                2,
                3,
                0.934,
                [
                    "Face 2 of 3",
                    "2 of 3",
                    "93 % sure",
                    "93 % sure it is a face",
                ],
            ),
            (
                1,
                2,
                0.999,
                [
                    "Face 1 of 2",
                    "1 of 2",
                    "99 % sure",
                    "99 % sure it is a face",
                ],
            ),
            (1, 0, f32::NAN, ["One face", "One face", "", ""]),
        ] {
            about.write(rank, count, confidence);
            assert_eq!(
                [&about.who, &about.short, &about.sure, &about.surely],
                words
            );
        }
    }
}
