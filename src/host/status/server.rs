//! The thread that serves the metrics page.
//!
//! One thread, one `poll`, at most [`MOST`] connections: somebody who is slow, silent or many keeps
//! nobody from anything but the page, and the work thread from nothing at all.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::http::{self, MAX_HEAD, Refusal, Request};
use super::{Form, Monitor, render};
use crate::{Error, Result};

/// Connections at one time; one more is told to come later.
const MOST: usize = 16;
/// A request and its answer take no longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answered connection may still send what nobody reads. (Closed at once, the system
/// would drop the answer.)
const LINGER: Duration = Duration::from_secs(1);
/// How often the thread looks whether to stop.
const TICK: Duration = Duration::from_millis(200);

/// Serves `/metrics` until it is dropped.
pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens at `address` and begins the thread.
    ///
    /// # Errors
    /// The address is taken, not this machine's, or not this user's to take.
    pub fn start(address: SocketAddr, monitor: Arc<Monitor>) -> Result<Server> {
        let cannot = |e: std::io::Error| {
            Error::other(format!("cannot serve metrics at {address}: {e}"))
                .remedy("is the port taken? Name another one with --metrics")
        };
        let listener = TcpListener::bind(address).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let stop = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("metrics".into())
            .spawn(move || serve(&listener, &monitor, &theirs))
            .map_err(cannot)?;
        log::info!("metrics: http://{address}/metrics");
        if !address.ip().is_loopback() {
            log::warn!("whoever reaches {address} can read the metrics");
        }
        Ok(Server {
            address,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the metrics thread panicked");
        }
    }
}

/// How far a connection has come.
enum Stage {
    /// Its request so far.
    Reading(Vec<u8>),
    /// Its answer and how much of it was sent.
    Writing(Vec<u8>, usize),
    /// All is sent: it is read until the other side closes.
    Lingering,
    Over,
}

struct Connection {
    stream: TcpStream,
    stage: Stage,
    until: Instant,
}

impl Connection {
    fn new(stream: TcpStream, busy: bool) -> Option<Connection> {
        stream.set_nonblocking(true).ok()?;
        let stage = match busy {
            true => Stage::Writing(http::refusal(Refusal::Busy), 0),
            false => Stage::Reading(Vec::new()),
        };
        Some(Connection {
            stream,
            stage,
            until: Instant::now() + PATIENCE,
        })
    }

    fn wants(&self) -> PollFlags {
        match self.stage {
            Stage::Writing(..) => PollFlags::OUT,
            _ => PollFlags::IN,
        }
    }

    /// Goes on as far as it can without waiting.
    fn go_on(&mut self, monitor: &Monitor) {
        loop {
            let gone_on = match &mut self.stage {
                Stage::Reading(request) => read(&mut self.stream, request, monitor),
                Stage::Writing(answer, sent) => write(&mut self.stream, answer, sent),
                Stage::Lingering => drain(&mut self.stream),
                Stage::Over => return,
            };
            match gone_on {
                Some(stage) => {
                    if matches!(stage, Stage::Lingering) {
                        self.until = Instant::now() + LINGER;
                    }
                    self.stage = stage;
                }
                None => break,
            }
        }
        if Instant::now() >= self.until {
            self.stage = match self.stage {
                Stage::Reading(_) => {
                    self.until = Instant::now() + LINGER;
                    Stage::Writing(http::refusal(Refusal::Timeout), 0)
                }
                _ => Stage::Over,
            };
        }
    }
}

/// Reads more of the request: the next stage, or `None` where nothing came yet.
fn read(stream: &mut TcpStream, request: &mut Vec<u8>, monitor: &Monitor) -> Option<Stage> {
    let mut chunk = [0; 1024];
    let room = (MAX_HEAD - request.len()).min(chunk.len());
    match stream.read(&mut chunk[..room]) {
        Ok(0) => return Some(Stage::Over),
        Ok(n) => request.extend_from_slice(&chunk[..n]),
        Err(e) => return failed(&e),
    }
    let answer = match http::parse(request) {
        None => return Some(Stage::Reading(std::mem::take(request))),
        Some(Request::Refused(why)) => http::refusal(why),
        Some(Request::Metrics { head }) => {
            http::page(&render(&monitor.status(), Form::OpenMetrics), head)
        }
    };
    Some(Stage::Writing(answer, 0))
}

fn write(stream: &mut TcpStream, answer: &mut Vec<u8>, sent: &mut usize) -> Option<Stage> {
    match stream.write(&answer[*sent..]) {
        Ok(n) if *sent + n == answer.len() => match stream.shutdown(Shutdown::Write) {
            Ok(()) => Some(Stage::Lingering),
            Err(_) => Some(Stage::Over),
        },
        Ok(n) => Some(Stage::Writing(std::mem::take(answer), *sent + n)),
        Err(e) => failed(&e),
    }
}

/// Drops what still comes: one chunk a turn, so that nobody keeps the thread.
fn drain(stream: &mut TcpStream) -> Option<Stage> {
    match stream.read(&mut [0; 4096]) {
        Ok(0) => Some(Stage::Over),
        Ok(_) => None,
        Err(e) => failed(&e),
    }
}

fn failed(e: &std::io::Error) -> Option<Stage> {
    match e.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => None,
        _ => Some(Stage::Over),
    }
}

fn serve(listener: &TcpListener, monitor: &Monitor, stop: &AtomicBool) {
    let tick = Timespec {
        tv_sec: 0,
        tv_nsec: TICK.subsec_nanos().into(),
    };
    let mut connections: Vec<Connection> = Vec::with_capacity(MOST + 1);
    while !stop.load(Ordering::Relaxed) {
        // A full house leaves further callers in the system's queue.
        let accepts = connections.len() <= MOST;
        let mut fds: Vec<PollFd<'_>> = connections
            .iter()
            .map(|c| PollFd::new(&c.stream, c.wants()))
            .collect();
        if accepts {
            fds.push(PollFd::new(listener, PollFlags::IN));
        }
        if let Err(e) = poll(&mut fds, Some(&tick))
            && e != rustix::io::Errno::INTR
        {
            log::warn!("metrics: {e}");
            std::thread::sleep(TICK);
        }
        match accepts.then(|| listener.accept()) {
            Some(Ok((stream, _))) => {
                let busy = connections.len() >= MOST;
                connections.extend(Connection::new(stream, busy));
            }
            // Out of files, say: who waits makes `poll` return at once.
            Some(Err(e)) if failed(&e).is_some() => std::thread::sleep(TICK),
            _ => {}
        }
        for connection in &mut connections {
            connection.go_on(monitor);
        }
        connections.retain(|c| !matches!(c.stage, Stage::Over));
    }
}
