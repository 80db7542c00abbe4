//! Video files and network streams, through ffmpeg, which writes them as y4m into a pipe.

use std::ffi::OsString;
use std::path::Path;

use super::child::{Producer, find_installed};
use super::mask_passwords;
use super::pipe::{Input, PipeSource};
use super::{Source, SourceOptions};
use crate::Result;
use crate::files::has_extension;

/// Names of files that ffmpeg reads.
const VIDEOS: [&str; 19] = [
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "h264", "264", "h265", "265", "hevc", "ts", "mts",
    "m2ts", "mpg", "mpeg", "flv", "wmv", "3gp",
];
/// What the picture is made, behind the input.
const AS_Y4M: [&str; 6] = ["-an", "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "-"];

/// Whether the name is that of a video.
pub(super) fn is_video_name(path: &Path) -> bool {
    has_extension(path, &VIDEOS)
}

/// A video file, from its first frame to its last, at its own rate.
pub(super) fn open_file(path: &Path, options: &SourceOptions) -> Result<Box<dyn Source>> {
    let name = format!("file:{}", path.display());
    let mut input = OsString::from("file:");
    input.push(path);
    let source = run(&name, file_args(options), input, options.clone())?;
    Ok(Box::new(source.with_end()))
}

/// `rtsp://...`: a network camera.
pub(super) fn open_rtsp(rest: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    open_url(format!("rtsp://{rest}"), options)
}

/// `http://...`: a network camera, or a video.
pub(super) fn open_http(rest: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    open_url(format!("http://{rest}"), options)
}

/// `https://...`.
pub(super) fn open_https(rest: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    open_url(format!("https://{rest}"), options)
}

fn open_url(url: String, options: &SourceOptions) -> Result<Box<dyn Source>> {
    // The stream has its own clock.
    let unpaced = SourceOptions {
        fps: 0,
        ..options.clone()
    };
    let args = url_args(&url);
    let source = run(&url, args, OsString::from(&url), unpaced)?;
    Ok(Box::new(source))
}

fn file_args(options: &SourceOptions) -> Vec<&'static str> {
    match options.looped {
        true => vec!["-stream_loop", "-1"],
        false => vec![],
    }
}

/// Over TCP: lost packets of UDP tear pictures.
fn url_args(url: &str) -> Vec<&'static str> {
    let low_delay = ["-fflags", "nobuffer", "-flags", "low_delay"];
    match url.starts_with("rtsp") {
        true => [&["-rtsp_transport", "tcp"][..], &low_delay].concat(),
        false => low_delay.to_vec(),
    }
}

/// Runs ffmpeg on `input`, with `args` in front of it.
fn run(name: &str, args: Vec<&str>, input: OsString, options: SourceOptions) -> Result<PipeSource> {
    let shown = mask_passwords(name);
    let program = find_installed(&shown, &["ffmpeg"], "ffmpeg")?;
    let before = ["-nostdin", "-v", "error"].into_iter().chain(args);
    let mut arguments: Vec<OsString> = before.map(OsString::from).collect();
    arguments.extend([OsString::from("-i"), input]);
    arguments.extend(AS_Y4M.map(OsString::from));
    let text: Vec<_> = arguments.iter().map(|arg| arg.to_string_lossy()).collect();
    log::debug!("running ffmpeg {}", mask_passwords(&text.join(" ")));
    let producer = Producer::start("ffmpeg", program.as_os_str(), &arguments)?;
    let options = SourceOptions {
        format: None,
        ..options
    };
    PipeSource::new(name.to_owned(), Input::Child(producer), &options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn videos_are_known_by_their_names() {
        for name in ["a.mp4", "A.MKV", "b.h264"] {
            assert!(is_video_name(Path::new(name)), "{name}");
        }
        for name in ["a.jpg", "mp4", "a.mjpg", "a.y4m", ""] {
            assert!(!is_video_name(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn arguments_stand_before_the_input() {
        assert!(file_args(&SourceOptions::default()).is_empty());
        let looped = SourceOptions {
            looped: true,
            ..SourceOptions::default()
        };
        assert_eq!(file_args(&looped), ["-stream_loop", "-1"]);
        assert_eq!(url_args("rtsp://cam/")[..2], ["-rtsp_transport", "tcp"]);
        assert_eq!(url_args("http://cam/")[0], "-fflags");
    }
}
