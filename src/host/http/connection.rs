//! One connection, from its request to its end, without ever waiting.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::head::{self, MAX_HEAD, RequestHead};
use super::{Body, Handler, PictureFeed, Response};

/// A request and its answer take no longer, nor a picture of a stream.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answered connection may still send what is not read. (Closed at once, the system
/// would drop the answer.)
const LINGER: Duration = Duration::from_secs(1);
/// What stands between the pictures of a stream.
const BOUNDARY: &str = "face8x-picture";

/// How far a connection has come.
enum RequestProgress {
    /// Its request so far.
    Reading(Vec<u8>),
    /// Its answer and how much of it was sent.
    Writing(Vec<u8>, usize),
    /// Pictures, as they come.
    Streaming(Box<Stream>),
    /// All is sent: it is read until the other side closes.
    Lingering,
    Closed,
}

/// Pictures on their way.
struct Stream {
    pictures: Box<dyn PictureFeed>,
    /// Whether there is no end.
    endless: bool,
    /// What is being sent: some text, a picture, and how much of both was sent.
    text: Vec<u8>,
    picture: Arc<Vec<u8>>,
    sent: usize,
}

pub(super) struct Connection {
    stream: TcpStream,
    progress: RequestProgress,
    deadline: Instant,
}

impl Connection {
    /// One that was accepted; where the server is `busy` it only gets that answer.
    pub(super) fn new(stream: TcpStream, busy: bool) -> Option<Connection> {
        stream.set_nonblocking(true).ok()?;
        // A picture's last packet does not wait for the client's word on the one before.
        stream.set_nodelay(true).ok()?;
        let progress = match busy {
            true => refuse("503 Service Unavailable"),
            false => RequestProgress::Reading(Vec::new()),
        };
        Some(Connection {
            stream,
            progress,
            deadline: Instant::now() + TIMEOUT,
        })
    }

    /// What it waits for.
    pub(super) fn poll_fd(&self) -> PollFd<'_> {
        let flags = match &self.progress {
            RequestProgress::Writing(..) => PollFlags::OUT,
            RequestProgress::Streaming(stream) if !stream.is_sent() => PollFlags::OUT,
            _ => PollFlags::IN,
        };
        PollFd::new(&self.stream, flags)
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.progress, RequestProgress::Closed)
    }

    /// Goes on as far as it can without waiting.
    pub(super) fn advance(&mut self, handler: &Handler) {
        loop {
            let next = match &mut self.progress {
                RequestProgress::Reading(request) => read(&mut self.stream, request, handler),
                RequestProgress::Writing(answer, sent) => write(&mut self.stream, answer, sent),
                RequestProgress::Streaming(stream) => {
                    if stream.is_sent() {
                        self.deadline = Instant::now() + TIMEOUT;
                    }
                    send(&mut self.stream, stream)
                }
                RequestProgress::Lingering => drain(&mut self.stream),
                RequestProgress::Closed => return,
            };
            let Some(next) = next else { break };
            if matches!(next, RequestProgress::Lingering) {
                self.deadline = Instant::now() + LINGER;
            }
            self.progress = next;
        }
        if Instant::now() >= self.deadline {
            self.progress = match self.progress {
                RequestProgress::Reading(_) => {
                    self.deadline = Instant::now() + LINGER;
                    refuse("408 Request Timeout")
                }
                _ => RequestProgress::Closed,
            };
        }
    }
}

fn refuse(status: &'static str) -> RequestProgress {
    answer(Response::error(status, ""), false)
}

/// The answer, without its body for `HEAD`.
fn answer(response: Response, head: bool) -> RequestProgress {
    let Response {
        status,
        content_type,
        body,
    } = response;
    let start = |content: &str| {
        let allow = match status.starts_with("405 ") {
            true => "Allow: GET, HEAD\r\n",
            false => "",
        };
        format!(
            "HTTP/1.1 {status}\r\n{content}{allow}Vary: Accept\r\nCache-Control: no-store\r\n\
             Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             Connection: close\r\n\r\n"
        )
    };
    match body {
        Body::Text(text) => {
            let length = text.len();
            let head_lines =
                format!("Content-Type: {content_type}\r\nContent-Length: {length}\r\n");
            let text = if head { "" } else { &text };
            RequestProgress::Writing((start(&head_lines) + text).into_bytes(), 0)
        }
        Body::Picture(_) | Body::Stream(_) if head => {
            let content = format!("Content-Type: {content_type}\r\n");
            RequestProgress::Writing(start(&content).into_bytes(), 0)
        }
        Body::Picture(pictures) => RequestProgress::Streaming(Box::new(Stream {
            pictures,
            endless: false,
            // The length follows with the picture.
            text: Vec::new(),
            picture: Arc::default(),
            sent: 0,
        })),
        Body::Stream(pictures) => {
            let content =
                format!("Content-Type: multipart/x-mixed-replace; boundary={BOUNDARY}\r\n");
            RequestProgress::Streaming(Box::new(Stream {
                pictures,
                endless: true,
                text: start(&content).into_bytes(),
                picture: Arc::default(),
                sent: 0,
            }))
        }
    }
}

impl Stream {
    fn is_sent(&self) -> bool {
        self.sent >= self.text.len() + self.picture.len()
    }

    /// Takes the newest picture; false where there is none.
    fn next(&mut self) -> bool {
        let Some(picture) = self.pictures.newer() else {
            return false;
        };
        let length = picture.len();
        self.text = match self.endless {
            true => format!(
                "\r\n--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n"
            ),
            false => format!(
                "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\
                 Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
            ),
        }
        .into_bytes();
        (self.picture, self.sent) = (picture, 0);
        true
    }
}

/// Sends what it can of the pictures: what follows, or `None` where it must wait. One picture a turn: where
/// making one takes as long as the pipeline's next, nobody else would get an answer.
fn send(stream: &mut TcpStream, pictures: &mut Stream) -> Option<RequestProgress> {
    if pictures.is_sent() && !pictures.next() {
        // Nothing to send: the client may have left.
        return drain(stream);
    }
    while !pictures.is_sent() {
        let behind_text = pictures.sent.checked_sub(pictures.text.len());
        let rest = match behind_text {
            Some(sent) => &pictures.picture[sent..],
            None => &pictures.text[pictures.sent..],
        };
        match stream.write(rest) {
            Ok(sent) => pictures.sent += sent,
            Err(error) => return failed(&error),
        }
    }
    (!pictures.endless).then(|| close_after_answer(stream))
}

/// Reads more of the request: what follows, or `None` where nothing came yet.
fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>, handler: &Handler) -> Option<RequestProgress> {
    let mut chunk = [0; 1024];
    let room = (MAX_HEAD - bytes.len()).min(chunk.len());
    match stream.read(&mut chunk[..room]) {
        Ok(0) => return Some(RequestProgress::Closed),
        Ok(n) => bytes.extend_from_slice(&chunk[..n]),
        Err(error) => return failed(&error),
    }
    Some(match head::parse(bytes) {
        RequestHead::Incomplete => RequestProgress::Reading(std::mem::take(bytes)),
        RequestHead::Refused(status) => refuse(status),
        RequestHead::Request { request, head } => answer(handler(&request), head),
    })
}

fn write(
    stream: &mut TcpStream,
    answer: &mut Vec<u8>,
    sent: &mut usize,
) -> Option<RequestProgress> {
    match stream.write(&answer[*sent..]) {
        Ok(n) if *sent + n == answer.len() => Some(close_after_answer(stream)),
        Ok(n) => Some(RequestProgress::Writing(std::mem::take(answer), *sent + n)),
        Err(error) => failed(&error),
    }
}

fn close_after_answer(stream: &TcpStream) -> RequestProgress {
    match stream.shutdown(Shutdown::Write) {
        Ok(()) => RequestProgress::Lingering,
        Err(_) => RequestProgress::Closed,
    }
}

/// Drops what still comes: one chunk a turn, so that nobody keeps the thread.
fn drain(stream: &mut TcpStream) -> Option<RequestProgress> {
    match stream.read(&mut [0; 4096]) {
        Ok(0) => Some(RequestProgress::Closed),
        Ok(_) => None,
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> Option<RequestProgress> {
    (!is_temporary(error)).then_some(RequestProgress::Closed)
}

/// Whether it may work in a moment.
pub(super) fn is_temporary(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
