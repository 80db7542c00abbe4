//! YUV4MPEG2 (y4m): raw frames that say their size and rate, as ffmpeg, mpv and x264 write them.
//!
//! A line of the stream, then each frame behind a line of its own. The format is that of MJPEG tools'
//! `yuv4mpeg(5)`, with the names of chroma that ffmpeg added.

use std::time::Duration;

use crate::capture::pace::Pace;
use crate::{Error, Result};
use face8x_core::ErrorKind;
use face8x_core::frame::{Frame, PixelFormat, check_size};

/// What a stream begins with.
pub(super) const START: &[u8] = b"YUV4MPEG2";
/// What each frame begins with.
const FRAME: &[u8] = b"FRAME";
/// A line has at most this many bytes: comments (`X...`) may be long.
const MAX_LINE: usize = 4096;
/// Rates outside of this are those of a damaged or a nameless stream.
const RATES: std::ops::RangeInclusive<f64> = 0.1..=1000.0;

/// A stream is read this much faster at most than it says: a live one whose clock runs a little faster
/// than ours is never held up.
const TOLERANCE: f64 = 0.005;

/// How many samples of colour there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Y4mChroma {
    Mono,
    /// One for 2x2 pixels.
    C420,
    /// One for two pixels of a row.
    C422,
    /// One a pixel.
    C444,
    /// As `C444`, and a plane of opacity, which is not read.
    C444Alpha,
}

/// A stream, from its first line on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Y4m {
    width: u32,
    height: u32,
    /// From frame to frame, where the stream says it.
    interval: Option<Duration>,
    chroma: Y4mChroma,
}

/// What stands at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// More bytes are needed.
    NeedMoreData,
    /// A whole frame, `.0` bytes behind its start, `.1` bytes long.
    Frame(usize, usize),
}

impl Y4m {
    /// Reads the first line; `None` where more bytes are needed. Gives the stream and the line's length.
    ///
    /// # Errors
    /// The line is damaged, or of a form that is not read.
    pub(super) fn begin(bytes: &[u8]) -> Result<Option<(Y4m, usize)>> {
        let Some(line) = line(bytes)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&line[START.len()..]);
        let mut stream = Y4m {
            width: 0,
            height: 0,
            interval: None,
            chroma: Y4mChroma::C420,
        };
        for parameter in text.split_ascii_whitespace() {
            let (name, value) =
                parameter.split_at(parameter.chars().next().map_or(0, char::len_utf8));
            match name {
                "W" => stream.width = value.parse().unwrap_or(0),
                "H" => stream.height = value.parse().unwrap_or(0),
                "F" => stream.interval = interval(value),
                "C" => stream.chroma = chroma(value)?,
                // Interlacing, the pixels' shape and comments change nothing here.
                _ => {}
            }
        }
        check_size(stream.width, stream.height).map_err(|e| e.context("YUV4MPEG2 (y4m)"))?;
        Ok(Some((stream, line.len() + 1)))
    }

    /// The rate at which it is played; that of `fps` where it says none, and none where that is 0.
    pub(super) fn pace(&self, fps: u32) -> Pace {
        match self.interval {
            Some(interval) if fps > 0 => Pace::every(interval.mul_f64(1.0 - TOLERANCE)),
            _ => Pace::new(fps),
        }
    }

    /// Where the next frame is.
    ///
    /// # Errors
    /// The bytes are no frame.
    pub(super) fn next(&self, bytes: &[u8]) -> Result<Next> {
        let known = bytes.len().min(FRAME.len());
        if bytes[..known] != FRAME[..known] {
            return Err(damaged("no frame where one should begin"));
        }
        let Some(line) = line(bytes)? else {
            return Ok(Next::NeedMoreData);
        };
        let (start, len) = (line.len() + 1, self.frame_len());
        match bytes.len() < start + len {
            true => Ok(Next::NeedMoreData),
            false => Ok(Next::Frame(start, len)),
        }
    }

    fn chroma_size(&self) -> (usize, usize) {
        let (w, h) = (self.width as usize, self.height as usize);
        match self.chroma {
            Y4mChroma::Mono => (0, 0),
            Y4mChroma::C420 => (w.div_ceil(2), h.div_ceil(2)),
            Y4mChroma::C422 => (w.div_ceil(2), h),
            Y4mChroma::C444 | Y4mChroma::C444Alpha => (w, h),
        }
    }

    fn frame_len(&self) -> usize {
        let (w, h) = self.chroma_size();
        let luma = self.width as usize * self.height as usize;
        let alpha = if self.chroma == Y4mChroma::C444Alpha {
            luma
        } else {
            0
        };
        luma + 2 * w * h + alpha
    }

    /// Puts the planes of a frame into `frame`, but for its time and number: as they are where the
    /// camera formats have such planes, and packed with one sample of colour for two pixels where not.
    pub(super) fn fill(&self, planes: &[u8], frame: &mut Frame) {
        let (w, h) = (self.width as usize, self.height as usize);
        frame.format = match self.chroma {
            Y4mChroma::Mono => PixelFormat::Grey,
            Y4mChroma::C420 => PixelFormat::Yu12,
            Y4mChroma::C422 | Y4mChroma::C444 | Y4mChroma::C444Alpha => PixelFormat::Yuyv,
        };
        (frame.width, frame.height) = (self.width, self.height);
        frame.stride = frame.format.min_stride(self.width);
        if frame.format != PixelFormat::Yuyv {
            frame.bytes.clear();
            frame.bytes.extend_from_slice(planes);
            return;
        }
        frame
            .bytes
            .resize(frame.format.frame_len(frame.stride, self.height), 0);
        let (luma, colours) = planes.split_at(w * h);
        let (columns, rows) = self.chroma_size();
        let (blue, red) = colours.split_at(columns * rows);
        let lines = luma.chunks_exact(w).zip(blue.chunks_exact(columns));
        let lines = lines.zip(red.chunks_exact(columns));
        for (out, ((luma, blue), red)) in frame.bytes.chunks_exact_mut(frame.stride).zip(lines) {
            let pairs = out.chunks_exact_mut(4).zip(luma.chunks(2)).enumerate();
            for (pair, (out, luma)) in pairs {
                let colour = |plane: &[u8]| match self.chroma {
                    Y4mChroma::C422 => plane[pair],
                    _ => {
                        let (left, right) = (2 * pair, (2 * pair + 1).min(w - 1));
                        (u16::from(plane[left]) + u16::from(plane[right])).div_ceil(2) as u8
                    }
                };
                let last = luma[luma.len() - 1];
                out.copy_from_slice(&[luma[0], colour(blue), last, colour(red)]);
            }
        }
    }
}

impl std::fmt::Display for Y4m {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let chroma = match self.chroma {
            Y4mChroma::Mono => "grey",
            Y4mChroma::C420 => "4:2:0",
            Y4mChroma::C422 => "4:2:2",
            Y4mChroma::C444 | Y4mChroma::C444Alpha => "4:4:4",
        };
        write!(f, "y4m {chroma} {}x{}", self.width, self.height)?;
        match self.interval {
            Some(interval) => write!(f, " {:.2} fps", 1.0 / interval.as_secs_f64()),
            None => Ok(()),
        }
    }
}

/// The first line without its end; `None` where more bytes are needed.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>> {
    let start = &bytes[..bytes.len().min(MAX_LINE)];
    match start.iter().position(|byte| *byte == b'\n') {
        Some(end) => Ok(Some(&bytes[..end])),
        None if bytes.len() < MAX_LINE => Ok(None),
        None => Err(damaged("a line without an end")),
    }
}

fn damaged(what: &str) -> Error {
    Error::new(
        ErrorKind::Picture,
        format!("the y4m stream is damaged: {what}"),
    )
    .remedy("write it again: ffmpeg -i FILE -f yuv4mpegpipe -pix_fmt yuv420p OUT.y4m")
}

/// The time from frame to frame of a rate such as 30000:1001; `0:0` says nothing.
fn interval(rate: &str) -> Option<Duration> {
    let (frames, seconds) = rate.split_once(':')?;
    let rate = frames.parse::<f64>().ok()? / seconds.parse::<f64>().ok()?;
    RATES
        .contains(&rate)
        .then(|| Duration::from_secs_f64(1.0 / rate))
}

fn chroma(name: &str) -> Result<Y4mChroma> {
    match name {
        // They differ by where the samples of colour lie, by half a pixel.
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => Ok(Y4mChroma::C420),
        "422" => Ok(Y4mChroma::C422),
        "444" => Ok(Y4mChroma::C444),
        "444alpha" => Ok(Y4mChroma::C444Alpha),
        "mono" => Ok(Y4mChroma::Mono),
        _ => Err(Error::new(
            ErrorKind::Picture,
            format!(
                "unsupported y4m pixels \"C{name}\": 420, 422, 444 and mono of 8 bits are read"
            ),
        )
        .remedy("convert it: COMMAND | ffmpeg -i - -f yuv4mpegpipe -pix_fmt yuv420p -")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn began(line: &str) -> Y4m {
        let bytes = format!("{line}\nFRAME\n");
        let (stream, used) = Y4m::begin(bytes.as_bytes()).unwrap().unwrap();
        assert_eq!(used, line.len() + 1);
        stream
    }

    fn filled(line: &str, planes: &[u8]) -> Frame {
        let stream = began(line);
        let bytes = [b"FRAME Ip XTEST\n", planes].concat();
        let Next::Frame(start, len) = stream.next(&bytes).unwrap() else {
            panic!("{line}")
        };
        assert_eq!((start, len), (15, planes.len()), "{line}");
        assert_eq!(
            stream.next(&bytes[..bytes.len() - 1]),
            Ok(Next::NeedMoreData)
        );
        let mut frame = Frame::empty();
        stream.fill(&bytes[start..], &mut frame);
        frame.validate().unwrap();
        frame
    }

    #[test]
    fn planes_of_every_kind_are_read() {
        let luma = [1, 2, 3, 4, 5, 6];
        for chroma in ["", " C420", " C420jpeg", " C420mpeg2", " C420paldv"] {
            let planes = [&luma[..], &[10, 20], &[30, 40]].concat();
            let frame = filled(&format!("YUV4MPEG2 W3 H2 F25:1 Ip A1:1{chroma}"), &planes);
            assert_eq!((frame.format, frame.stride), (PixelFormat::Yu12, 3));
            assert_eq!(frame.bytes, planes);
        }
        let frame = filled("YUV4MPEG2 W3 H2 Cmono", &luma);
        assert_eq!(
            (frame.format, &frame.bytes[..]),
            (PixelFormat::Grey, &luma[..])
        );

        let planes = [&luma[..], &[10, 20, 11, 21], &[30, 40, 31, 41]].concat();
        let frame = filled("YUV4MPEG2 H2 W3 C422", &planes);
        assert_eq!(frame.format, PixelFormat::Yuyv);
        let packed = [1, 10, 2, 30, 3, 20, 3, 40, 4, 11, 5, 31, 6, 21, 6, 41];
        assert_eq!(frame.bytes, packed);

        let colours = [[10, 12, 20, 11, 13, 21], [30, 30, 40, 31, 33, 41]].concat();
        let packed = [1, 11, 2, 30, 3, 20, 3, 40, 4, 12, 5, 32, 6, 21, 6, 41];
        let planes = [&luma[..], &colours].concat();
        assert_eq!(filled("YUV4MPEG2 W3 H2 C444", &planes).bytes, packed);
        let planes = [&planes[..], &[255; 6]].concat();
        assert_eq!(filled("YUV4MPEG2 W3 H2 C444alpha", &planes).bytes, packed);
    }

    #[test]
    fn rates_are_those_of_the_first_line() {
        let rate = |rate| began(&format!("YUV4MPEG2 W4 H4 F{rate}")).interval;
        assert_eq!(rate("25:1"), Some(Duration::from_millis(40)));
        let ntsc = rate("30000:1001").unwrap().as_secs_f64();
        assert!((ntsc - 1001.0 / 30000.0).abs() < 1e-6);
        for nothing in ["0:0", "0:1", "1:0", "x:1", "30", "1:99999", "-1:1"] {
            assert_eq!(rate(nothing), None, "{nothing}");
        }
        let shown = began("YUV4MPEG2 W640 H480 F30:1").to_string();
        assert_eq!(shown, "y4m 4:2:0 640x480 30.00 fps");
    }

    #[test]
    fn other_pixels_and_damage_are_named() {
        let said = |bytes: &[u8]| {
            let error = Y4m::begin(bytes).unwrap_err();
            assert!(error.remedy_text().is_some(), "{error}");
            error.to_string()
        };
        assert!(said(b"YUV4MPEG2 W4 H4 C420p10\n").contains("\"C420p10\""));
        assert!(said(b"YUV4MPEG2 W4 H4 C411\n").contains("\"C411\""));
        assert!(said(b"YUV4MPEG2 W0 H4\n").contains("0x4"));
        assert!(said(b"YUV4MPEG2 W99999 H99999\n").contains("99999x99999"));
        assert!(said(&[&b"YUV4MPEG2 X"[..], &[b'x'; MAX_LINE]].concat()).contains("damaged"));
        assert_eq!(Y4m::begin(b"YUV4MPEG2 W4"), Ok(None));
        let stream = began("YUV4MPEG2 W4 H4");
        assert_eq!(stream.next(b"FRA"), Ok(Next::NeedMoreData));
        assert!(stream.next(b"FRAMX").is_err());
    }
}
