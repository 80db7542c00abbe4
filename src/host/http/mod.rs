//! A small HTTP/1 server for pages and pictures (RFC 9110, RFC 9112). It knows nothing of what it
//! serves.
//!
//! One thread, one `poll`, at most [`MAX_CONNECTIONS`] connections: clients that are slow,
//! silent or many can hold up the pages and nothing else. A request's line and head are read, its body is
//! not, and every connection is closed after one answer. An answer may be pictures without an end, of
//! which a slow client misses some.
//!
//! Heads are parsed by `httparse`. The connections are face8x's own because the small servers
//! there are do not protect a board that runs for months from whoever reaches the port. `tiny_http`
//! 0.12 reads heads of any length, waits for them without end, starts a thread for every connection,
//! and stops serving for good after one connection could not be accepted (too many open files).

mod connection;
mod head;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use connection::Connection;

use crate::thread::StoppableThread;

/// Connections at one time; one more is asked to come later.
const MAX_CONNECTIONS: usize = 16;
/// How often the thread looks whether to stop.
const TICK: Duration = Duration::from_millis(200);
/// How long the end waits for the thread: a tick and a page.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// What is done with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// `GET` or `HEAD`.
    Get,
    /// `POST`, whose body is not read.
    Post,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path, and the query behind it.
    pub(crate) path: String,
    pub(crate) query: String,
    /// The headers `Accept` and `Host`; empty where there is none.
    pub(crate) accept: String,
    pub(crate) host: String,
    /// Whose page asks, where a browser says so.
    pub(crate) origin: Option<String>,
}

/// An answer.
pub(crate) struct Response {
    /// The status code with its phrase.
    pub(crate) status: &'static str,
    /// The media type of the body.
    pub(crate) content_type: &'static str,
    pub(crate) body: Body,
}

/// What an answer holds.
pub(crate) enum Body {
    /// A text; a request with `HEAD` gets its length alone.
    Text(String),
    /// The next picture.
    Picture(Box<dyn PictureFeed>),
    /// One picture after the other until the client leaves.
    Stream(Box<dyn PictureFeed>),
}

/// Pictures for one client, asked for on the server's thread.
pub(crate) trait PictureFeed: Send {
    /// The newest picture, unless this client had it before.
    fn newer(&mut self) -> Option<Arc<Vec<u8>>>;
}

impl Response {
    /// One that says in a line of text why there is no page.
    pub(crate) fn error(status: &'static str, text: &str) -> Response {
        Response {
            status,
            content_type: "text/plain; charset=utf-8",
            body: Body::Text(format!("{status}{text}\n")),
        }
    }

    /// The answer to a `POST` where there is only something to read.
    pub(crate) fn not_allowed() -> Response {
        Response::error("405 Method Not Allowed", "")
    }
}

/// Makes the pages.
pub(crate) type Handler = Box<dyn Fn(&Request) -> Response + Send>;

/// Serves pages until it is dropped.
pub(crate) struct HttpServer {
    address: SocketAddr,
    wake: Arc<OwnedFd>,
    _thread: StoppableThread,
}

impl HttpServer {
    /// Listens at `address` and begins a thread of that name, which calls `handler`.
    ///
    /// # Errors
    /// The address is taken, not this machine's, or not this user's to take.
    pub(crate) fn start(
        name: &'static str,
        address: SocketAddr,
        handler: Handler,
    ) -> io::Result<HttpServer> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
        let wake = Arc::new(eventfd(0, flags)?);
        let woken = Arc::clone(&wake);
        let thread = StoppableThread::spawn(name, STOP_TIMEOUT, move |stop| {
            serve(&listener, &handler, stop, &woken);
        })?;
        Ok(HttpServer {
            address,
            wake,
            _thread: thread,
        })
    }

    /// Says that there is a new picture.
    pub(crate) fn wake(&self) {
        // It fails where the thread was woken 2^64 times and has not come back.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn serve(listener: &TcpListener, handler: &Handler, stop: &AtomicBool, wake: &OwnedFd) {
    let tick = Timespec {
        tv_sec: 0,
        tv_nsec: TICK.subsec_nanos().into(),
    };
    let mut connections: Vec<Connection> = Vec::with_capacity(MAX_CONNECTIONS + 1);
    while !stop.load(Ordering::Relaxed) {
        // A full house leaves further callers in the system's queue.
        let accepts = connections.len() <= MAX_CONNECTIONS;
        let mut fds: Vec<PollFd<'_>> = connections.iter().map(Connection::poll_fd).collect();
        fds.push(PollFd::new(wake, PollFlags::IN));
        if accepts {
            fds.push(PollFd::new(listener, PollFlags::IN));
        }
        if let Err(error) = poll(&mut fds, Some(&tick))
            && error != rustix::io::Errno::INTR
        {
            log::warn!("http: {error}");
            std::thread::sleep(TICK);
        }
        // Read only to be empty again.
        let _ = rustix::io::read(wake, &mut [0; 8]);
        match accepts.then(|| listener.accept()) {
            Some(Ok((stream, _))) => {
                let busy = connections.len() >= MAX_CONNECTIONS;
                connections.extend(Connection::new(stream, busy));
            }
            // Out of files, say: who waits makes `poll` return at once.
            Some(Err(error)) if !connection::is_temporary(&error) => std::thread::sleep(TICK),
            _ => {}
        }
        for connection in &mut connections {
            connection.advance(handler);
        }
        connections.retain(|connection| !connection.is_closed());
    }
}
