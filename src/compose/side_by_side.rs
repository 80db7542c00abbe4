//! The side-by-side view: the restored face large, and small beside it how it came about: the
//! camera's picture, the 16x16 pixels, and what the network makes of them alone.

use super::about::About;
use super::drawing::{Drawing, shape, whole_frame};
use super::layout::{self, Alone, Area, BlockParts, Hero, HeroRequest, Wording, Words};
use super::palette::{ACCENT, MUTED, TEXT};
use super::text::{self, FontSize};
use super::{NUMBERS, blit};
use face8x_core::frame::Frame;

/// Captions of the small pictures, each from the longest wording to the shortest; the first that
/// fits is shown.
const CAMERA: [&str; 1] = ["camera"];
const LR: [&str; 2] = ["16x16 pixels", "16x16"];
const NETWORK: [&str; 3] = ["network: a guess", "network's guess", "network"];

/// What the large picture is.
const GUESS: [&str; 2] = ["restored: a guess", "a guess"];
/// What all of them are where there are several.
const GUESSES: [&str; 2] = ["restored: guesses", "guesses"];
/// What a picture is of which nothing is restored.
const SEEN: [&str; 2] = ["camera pixels", "pixels"];

const NOBODY: &str = "Looking for a face";

/// Squares between the camera and the hero: the 16x16 pixels and the network's picture.
const SQUARES: usize = 2;
/// Other faces that are shown.
const MAX_OTHERS: usize = 7;

/// Sizes of the words about the hero.
#[derive(Clone, Copy)]
struct FontSizes {
    title: FontSize,
    text: FontSize,
}

impl FontSizes {
    /// What the words need in each wording.
    fn words(self, about: &About, guess: [&str; 2], gap: usize) -> [Words; 3] {
        let FontSizes { title, text } = self;
        let sure = if about.sure.is_empty() {
            0
        } else {
            text.height()
        };
        let columns = [
            title.width(&about.who),
            text.width(&about.sure),
            text.width(guess[0]),
        ];
        let short = title.width(&about.short).max(text.width(guess[1]));
        [
            Words {
                columns: columns.into_iter().max().unwrap_or(0),
                rows: title.height() + sure + text.height(),
            },
            Words {
                columns: short,
                rows: title.height() + text.height(),
            },
            Words {
                columns: title.width(&about.who) + 2 * gap + text.width(guess[1]),
                rows: title.height(),
            },
        ]
    }
}

impl Drawing<'_> {
    /// Draws the view.
    pub(crate) fn side_by_side(&mut self, below: Area, frame: &Frame) {
        let Some(first) = self.faces.first() else {
            return self.nobody(below, frame);
        };
        let mut about = std::mem::take(&mut self.brushes.about);
        let count = self.scene.followed.max(self.faces.len());
        about.write(self.rank(0) + 1, count, first.face.detection.confidence);
        match self.options.round {
            true => self.in_a_disc(below, frame, &about),
            false => self.hero(below, frame, &about),
        }
        self.brushes.about = about;
    }

    /// The hero on a screen with corners.
    fn hero(&mut self, below: Area, frame: &Frame, about: &About) {
        let gap = self.margin;
        let guess = self.guess();
        let sizes = FontSizes {
            title: self.title,
            text: self.text,
        };
        let others = self.faces.len().clamp(1, 1 + MAX_OTHERS) - 1;
        let request = |caption: usize| HeroRequest {
            parts: BlockParts {
                aspect: shape(frame),
                squares: SQUARES,
                gap,
                caption,
                weight: 1,
            },
            others,
            words: sizes.words(about, guess, gap),
        };
        let inside = below.shrunk(gap);
        let rows = self.small.height() + text::padding(self.small) / 2;
        let captioned = layout::hero(inside, &request(rows));
        let narrowest = self.small.width(NETWORK[NETWORK.len() - 1]);
        let captions = captioned.block.side() >= narrowest;
        let hero = match captions {
            true => captioned,
            false => layout::hero(inside, &request(0)),
        };
        self.pictures(&hero, others, frame);
        if captions {
            let block = &hero.block;
            self.caption(block.picture, &CAMERA);
            self.caption(block.square(0), &LR);
            self.caption(block.square(1), &NETWORK);
        }
        match hero.wording {
            Wording::OneLine => self.one_line(hero.words, about, guess),
            _ => self.several_lines(&hero, about, guess),
        }
        self.message(hero.face);
    }

    /// All pictures of the view, and what is around them.
    fn pictures(&mut self, hero: &Hero, others: usize, frame: &Frame) {
        let block = &hero.block;
        let mut areas = [Area::default(); 4 + MAX_OTHERS];
        let small = [block.picture, block.square(0), block.square(1), hero.face];
        areas[..4].copy_from_slice(&small);
        for (index, area) in areas[4..][..others].iter_mut().enumerate() {
            *area = hero.other(index);
        }
        self.background(&areas[..4 + others]);
        self.live(block.picture, frame);
        self.path([block.square(0), block.square(1)], frame);
        self.face(hero.face, &self.faces[0], frame);
        for (index, area) in areas[4..][..others].iter().enumerate() {
            let face = self.faces[1 + index];
            self.face(*area, &face, frame);
            self.number(NUMBERS[self.rank(1 + index)], *area);
        }
        if self.faces.len() > 1 {
            for index in 0..self.faces.len() {
                let face = self.shown_box(&self.faces[index], block.picture, whole_frame(frame));
                self.number_box(NUMBERS[self.rank(index)], block.picture, face);
            }
        }
    }

    /// The first face's 16x16 pixels, and what the network makes of them.
    fn path(&mut self, [lr, sr]: [Area; 2], frame: &Frame) {
        let first = &self.faces[0];
        blit::magnify(self.canvas, lr, first.lr, self.options.mirror);
        self.darken_outside(lr, first, frame);
        self.picture(sr, first.sr);
        self.darken_outside(sr, first, frame);
    }

    /// What the large pictures are: guesses, or the camera's pixels alone.
    fn guess(&self) -> [&'static str; 2] {
        let guesses = self.faces.iter().filter(|face| face.share > 0.0);
        match (guesses.count(), self.faces.len()) {
            (0, _) => SEEN,
            (_, 1) => GUESS,
            _ => GUESSES,
        }
    }

    /// The words below each other.
    fn several_lines(&mut self, hero: &Hero, about: &About, guess: [&str; 2]) {
        let Area { x, y, w, .. } = hero.words;
        let short = hero.wording == Wording::Short;
        let (who, guess) = match short {
            true => (&about.short, guess[1]),
            false => (&about.who, guess[0]),
        };
        let (title, text) = (self.title, self.text);
        text::write_cut(self.canvas, who, title, (x, y), w, TEXT);
        let mut y = y + title.height();
        if !short && !about.sure.is_empty() {
            let wordings = [about.surely.as_str(), &about.sure];
            let sure = text::first_fitting(&wordings, text, w).unwrap_or("");
            text::write(self.canvas, sure, text, (x, y), MUTED);
            y += text.height();
        }
        text::write(self.canvas, guess, text, (x, y), ACCENT);
    }

    /// The words beside each other: who left, the guess right, and between them how sure, where
    /// there is room.
    fn one_line(&mut self, area: Area, about: &About, guess: [&str; 2]) {
        let (title, text, gap) = (self.title, self.text, 2 * self.margin);
        let who = title.width(&about.who);
        text::write(self.canvas, &about.who, title, (area.x, area.y), TEXT);
        let room = area.w.saturating_sub(who + gap);
        let guess = text::first_fitting(&guess, text, room).unwrap_or("");
        // Letters of both sizes stand on one line.
        let y = area.y + (title.height() - text.height()) * 3 / 4;
        let x = area.right().saturating_sub(text.width(guess));
        text::write(self.canvas, guess, text, (x, y), ACCENT);
        let room = room.saturating_sub(text.width(guess) + gap);
        let sure = text::first_fitting(&[about.surely.as_str(), &about.sure], text, room);
        let left = area.x + who + gap;
        text::write(self.canvas, sure.unwrap_or(""), text, (left, y), MUTED);
    }

    /// The first of `wordings` that fits, above a picture.
    fn caption(&mut self, area: Area, wordings: &[&str]) {
        let rows = self.small.height() + text::padding(self.small) / 2;
        if let Some(caption) = text::first_fitting(wordings, self.small, area.w) {
            let at = (area.x, area.y.saturating_sub(rows));
            text::write(self.canvas, caption, self.small, at, MUTED);
        }
    }

    /// The hero on a round screen.
    fn in_a_disc(&mut self, below: Area, frame: &Frame, about: &About) {
        let guess = self.guess();
        let needed = |words: &str, size: FontSize| Words {
            columns: size.width(words),
            rows: size.height(),
        };
        let lines = [needed(&about.who, self.title), needed(guess[0], self.text)];
        let disc = layout::disc(below, shape(frame), self.margin, lines);
        let [lr, sr] = disc.squares;
        self.background(&[disc.camera, lr, sr, disc.face]);
        self.live(disc.camera, frame);
        self.path([lr, sr], frame);
        self.face(disc.face, &self.faces[0], frame);
        let written = [
            (about.who.as_str(), self.title, TEXT),
            (guess[0], self.text, ACCENT),
        ];
        for (line, (words, size, colour)) in disc.lines.into_iter().zip(written) {
            text::centred(self.canvas, line, words, size, colour);
        }
        self.message(disc.face);
    }

    /// The camera's picture, large, and a sentence that nobody is in it.
    pub(crate) fn nobody(&mut self, below: Area, frame: &Frame) {
        let size = self.title.narrowed(NOBODY, self.safe.w / 2);
        let words = Words {
            columns: size.width(NOBODY),
            rows: size.height(),
        };
        let inside = match self.options.round {
            true => self.safe,
            false => below.shrunk(self.margin),
        };
        let Alone { camera, sentence } = layout::alone(inside, shape(frame), self.margin, words);
        self.background(&[camera]);
        self.live(camera, frame);
        match (sentence, self.scene.message) {
            (Some(area), message) => {
                text::centred(self.canvas, area, NOBODY, size, TEXT);
                if let Some(message) = message {
                    text::chip(self.canvas, camera, message, self.text, TEXT);
                }
            }
            (None, message) => {
                text::chip(self.canvas, camera, message.unwrap_or(NOBODY), size, TEXT);
            }
        }
    }
}
