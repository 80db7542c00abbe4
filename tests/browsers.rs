//! `--sink http:PORT` and its callers: browsers, their mistakes, and those who mean ill.

mod common;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use common::command;

const WAIT: Duration = Duration::from_secs(30);

/// A run that is ended with the test.
struct HttpRun {
    child: Child,
    address: SocketAddr,
}

impl Drop for HttpRun {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The demo for browsers of this machine, without an end.
fn start(folder: &Path, sink: &str) -> HttpRun {
    let mut command = command(folder);
    command.args(["--source", "demo:", "--size", "160x120", "--sink", sink]);
    command.args(["--detector", "centre", "--restorer", "bicubic"]);
    command.args(["--status-file", "status.json"]);
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = log.find_map(|line| {
        let line = line.unwrap();
        let rest = line.split_once("open http://")?.1;
        Some(rest.split_once('/')?.0.to_owned())
    });
    std::thread::spawn(move || log.for_each(drop));
    let address = address.expect("the log names the address").parse().unwrap();
    HttpRun { child, address }
}

/// A client that has asked for a page.
fn ask(run: &HttpRun, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(run.address).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// The whole answer.
fn answer(run: &HttpRun, path: &str) -> Vec<u8> {
    let mut answer = Vec::new();
    ask(run, path).read_to_end(&mut answer).unwrap();
    answer
}

/// Reads a stream until another picture has begun.
fn next_picture(stream: &mut TcpStream) {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    while !bytes.windows(3).any(|part| part == [0xff, 0xd8, 0xff]) {
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "the stream has ended");
        bytes.extend_from_slice(&chunk[..read]);
    }
}

/// Pictures that the run has shown.
fn frames(folder: &Path) -> u64 {
    let status = std::fs::read_to_string(folder.join("status.json")).unwrap_or_default();
    let status: Option<serde_json::Value> = serde_json::from_str(&status).ok();
    status
        .and_then(|status| status["frames"].as_u64())
        .unwrap_or(0)
}

/// The run shows more pictures.
fn goes_on(folder: &Path) {
    let (before, start) = (frames(folder), Instant::now());
    while frames(folder) <= before {
        assert!(start.elapsed() < WAIT, "no more than {before} pictures");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn without_the_token_nothing_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let run = start(folder.path(), "http:127.0.0.1:0,token=letmelook1");
    for path in [
        "/",
        "/snapshot.jpg",
        "/stream.mjpg",
        "/snapshot.jpg?token=letmelook2",
    ] {
        let answer = answer(&run, path);
        assert!(answer.starts_with(b"HTTP/1.1 401 "), "{path}");
        assert!(
            !answer.windows(2).any(|part| part == [0xff, 0xd8]),
            "{path}"
        );
    }
    let answer = answer(&run, "/snapshot.jpg?token=letmelook1");
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    assert!(answer.windows(2).any(|part| part == [0xff, 0xd8]));
}

/// Browsers come and go in the middle of a picture, more than can look at one time.
#[test]
fn a_browser_that_closes_makes_room_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let run = start(folder.path(), "http:0");
    for _ in 0..20 {
        let start = Instant::now();
        loop {
            let mut stream = ask(&run, "/stream.mjpg");
            let mut begin = [0; 15];
            stream.read_exact(&mut begin).unwrap();
            if begin[9..12] == *b"200" {
                next_picture(&mut stream);
                break;
            }
            assert!(
                start.elapsed() < WAIT,
                "{}",
                String::from_utf8_lossy(&begin)
            );
        }
    }
    goes_on(folder.path());
}

/// A thousand callers, who send their request a byte at a time or nothing at all: who looks already
/// goes on looking, the display too, and when they have gone the page is there again.
#[test]
fn a_thousand_slow_callers_hold_up_nobody_who_looks() {
    let folder = tempfile::tempdir().unwrap();
    let run = start(folder.path(), "http:0");
    let mut looking = ask(&run, "/stream.mjpg");
    next_picture(&mut looking);
    let mut callers: Vec<TcpStream> = Vec::new();
    for number in 0..1000 {
        // Those for whom the system's queue has no place are turned away by it.
        let caller = TcpStream::connect_timeout(&run.address, Duration::from_millis(2));
        let Ok(mut caller) = caller else { continue };
        caller.set_nonblocking(true).unwrap();
        match caller.write(&b"GET / HTTP/1.1\r\n"[..number % 16]) {
            Ok(_) => callers.push(caller),
            Err(error) => assert_ne!(error.kind(), ErrorKind::InvalidInput),
        }
        if number % 100 == 0 {
            next_picture(&mut looking);
        }
    }
    assert!(callers.len() > 50, "{}", callers.len());
    goes_on(folder.path());
    next_picture(&mut looking);
    drop(callers);
    let page = answer(&run, "/");
    assert!(
        page.starts_with(b"HTTP/1.1 200 "),
        "{}",
        String::from_utf8_lossy(&page)
    );
    next_picture(&mut looking);
}

#[test]
fn a_port_that_is_taken_is_named_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let sink = format!("http:{}", taken.local_addr().unwrap().port());
    let mut command = command(folder.path());
    command.args(["--source", "demo:", "--sink", &sink]);
    common::finish(command).expect(1, &["cannot serve pictures at", "is the port taken?"]);
}
