//! One connection, from its request to its end, without ever waiting.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::head::{self, Head, MAX_HEAD};
use super::{Handler, Response};

/// A request and its answer take no longer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answered connection may still send what is not read. (Closed at once, the system
/// would drop the answer.)
const LINGER: Duration = Duration::from_secs(1);

/// How far a connection has come.
enum Progress {
    /// Its request so far.
    Reading(Vec<u8>),
    /// Its answer and how much of it was sent.
    Writing(Vec<u8>, usize),
    /// All is sent: it is read until the other side closes.
    Lingering,
    Closed,
}

pub(super) struct Connection {
    stream: TcpStream,
    progress: Progress,
    deadline: Instant,
}

impl Connection {
    /// One that was accepted; where the server is `busy` it only gets that answer.
    pub(super) fn new(stream: TcpStream, busy: bool) -> Option<Connection> {
        stream.set_nonblocking(true).ok()?;
        let progress = match busy {
            true => refuse("503 Service Unavailable"),
            false => Progress::Reading(Vec::new()),
        };
        Some(Connection {
            stream,
            progress,
            deadline: Instant::now() + TIMEOUT,
        })
    }

    /// What it waits for.
    pub(super) fn poll_fd(&self) -> PollFd<'_> {
        let flags = match self.progress {
            Progress::Writing(..) => PollFlags::OUT,
            _ => PollFlags::IN,
        };
        PollFd::new(&self.stream, flags)
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.progress, Progress::Closed)
    }

    /// Goes on as far as it can without waiting.
    pub(super) fn advance(&mut self, handler: &Handler) {
        loop {
            let next = match &mut self.progress {
                Progress::Reading(request) => read(&mut self.stream, request, handler),
                Progress::Writing(answer, sent) => write(&mut self.stream, answer, sent),
                Progress::Lingering => drain(&mut self.stream),
                Progress::Closed => return,
            };
            let Some(next) = next else { break };
            if matches!(next, Progress::Lingering) {
                self.deadline = Instant::now() + LINGER;
            }
            self.progress = next;
        }
        if Instant::now() >= self.deadline {
            self.progress = match self.progress {
                Progress::Reading(_) => {
                    self.deadline = Instant::now() + LINGER;
                    refuse("408 Request Timeout")
                }
                _ => Progress::Closed,
            };
        }
    }
}

fn refuse(status: &'static str) -> Progress {
    Progress::Writing(answer(&Response::error(status, ""), false), 0)
}

/// The answer in bytes, without its body for `HEAD`.
fn answer(response: &Response, head: bool) -> Vec<u8> {
    let Response {
        status,
        content_type,
        body,
    } = response;
    let length = body.len();
    let allow = match status.starts_with("405 ") {
        true => "Allow: GET, HEAD\r\n",
        false => "",
    };
    let body = if head { "" } else { body };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         {allow}Vary: Accept\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Reads more of the request: what follows, or `None` where nothing came yet.
fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>, handler: &Handler) -> Option<Progress> {
    let mut chunk = [0; 1024];
    let room = (MAX_HEAD - bytes.len()).min(chunk.len());
    match stream.read(&mut chunk[..room]) {
        Ok(0) => return Some(Progress::Closed),
        Ok(n) => bytes.extend_from_slice(&chunk[..n]),
        Err(error) => return failed(&error),
    }
    Some(match head::parse(bytes) {
        Head::Incomplete => Progress::Reading(std::mem::take(bytes)),
        Head::Refused(status) => refuse(status),
        Head::Request { request, head } => Progress::Writing(answer(&handler(&request), head), 0),
    })
}

fn write(stream: &mut TcpStream, answer: &mut Vec<u8>, sent: &mut usize) -> Option<Progress> {
    match stream.write(&answer[*sent..]) {
        Ok(n) if *sent + n == answer.len() => match stream.shutdown(Shutdown::Write) {
            Ok(()) => Some(Progress::Lingering),
            Err(_) => Some(Progress::Closed),
        },
        Ok(n) => Some(Progress::Writing(std::mem::take(answer), *sent + n)),
        Err(error) => failed(&error),
    }
}

/// Drops what still comes: one chunk a turn, so that nobody keeps the thread.
fn drain(stream: &mut TcpStream) -> Option<Progress> {
    match stream.read(&mut [0; 4096]) {
        Ok(0) => Some(Progress::Closed),
        Ok(_) => None,
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> Option<Progress> {
    (!is_temporary(error)).then_some(Progress::Closed)
}

/// Whether it may work in a moment.
pub(super) fn is_temporary(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
