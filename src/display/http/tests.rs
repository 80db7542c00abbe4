use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use super::*;
use face8x_core::pixel::pack_rgb;

const WAIT: Duration = Duration::from_secs(20);

fn opened(argument: &str) -> Box<dyn Sink> {
    open(argument, &SinkOptions::default()).unwrap()
}

/// The port of `http:ADDRESS:PORT`.
fn port(sink: &dyn Sink) -> u16 {
    let line = sink.describe();
    line.rsplit_once(':').unwrap().1.parse().unwrap()
}

fn ask(port: u16, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    let text = format!("{request} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

fn whole(mut stream: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

fn text(stream: TcpStream) -> String {
    String::from_utf8(whole(stream)).unwrap()
}

/// A picture of one grey.
fn grey(level: u8) -> Picture {
    let mut picture = Picture::new(64, 48);
    picture.pixels.fill(pack_rgb(level, level, level));
    picture
}

/// Presents while `reads` reads.
fn presented<T: Send + 'static>(
    sink: &mut dyn Sink,
    reads: impl FnOnce() -> T + Send + 'static,
) -> T {
    let reader = std::thread::spawn(reads);
    let start = Instant::now();
    let mut level = 0;
    while !reader.is_finished() {
        assert!(start.elapsed() < WAIT, "it reads for ever");
        sink.present(&grey(level)).unwrap();
        level = (level + 40) % 200;
        std::thread::sleep(Duration::from_millis(5));
    }
    reader.join().unwrap()
}

#[test]
fn a_browser_gets_the_page_and_its_buttons_work() {
    let mut sink = opened("0");
    let port = port(sink.as_ref());
    let page = text(ask(port, "GET /"));
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("stream.mjpg") && page.contains("snapshot.jpg"));
    for (path, event) in [
        ("/view", UserEvent::NextView),
        ("/freeze", UserEvent::Freeze),
        ("/mirror", UserEvent::Mirror),
    ] {
        assert!(page.contains(&format!("data-press=\"{}\"", &path[1..])));
        let answer = text(ask(port, &format!("POST {path}")));
        assert!(answer.contains("200 OK"), "{answer}");
        assert_eq!(sink.poll_event(), Some(event));
        assert!(text(ask(port, &format!("GET {path}"))).contains("404 "));
    }
    let refused = text(ask(port, "POST /"));
    assert!(
        refused.contains("405 ") && refused.contains("Allow: GET, HEAD\r\n"),
        "{refused}"
    );
    assert!(text(ask(port, "GET /other")).contains("404 "));
    assert_eq!(sink.poll_event(), None);
}

#[test]
fn a_snapshot_is_the_picture() {
    let mut sink = opened("0");
    let port = port(sink.as_ref());
    let answer = presented(sink.as_mut(), move || whole(ask(port, "GET /snapshot.jpg")));
    let start = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&answer[..start]).into_owned();
    let length = format!("Content-Length: {}\r\n", answer.len() - start);
    assert!(
        head.contains("image/jpeg") && head.contains(&length),
        "{head}"
    );
    let picture = image::load_from_memory(&answer[start..])
        .unwrap()
        .into_rgb8();
    assert_eq!(picture.dimensions(), (64, 48));
    let level = picture.get_pixel(5, 5)[0];
    assert!(level % 40 < 3 || level % 40 > 37, "{level}");
}

/// Two clients, one of which does not read: the other's stream moves, and nobody waits.
#[test]
fn a_stream_moves_and_a_slow_client_holds_up_nobody() {
    let mut sink = opened("0");
    let port = port(sink.as_ref());
    let slow = ask(port, "GET /stream.mjpg");
    let pictures = presented(sink.as_mut(), move || {
        let mut stream = ask(port, "GET /stream.mjpg");
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
        let count = |bytes: &[u8]| {
            bytes
                .windows(3)
                .filter(|w| w == &[0xff, 0xd8, 0xff])
                .count()
        };
        while count(&bytes) < 5 {
            let read = stream.read(&mut chunk).unwrap();
            assert!(read > 0);
            bytes.extend_from_slice(&chunk[..read]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    });
    assert!(pictures.contains("multipart/x-mixed-replace; boundary=face8x-picture"));
    assert!(pictures.contains("--face8x-picture\r\nContent-Type: image/jpeg\r\nContent-Length: "));
    let start = Instant::now();
    for _ in 0..50 {
        sink.present(&grey(7)).unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(slow);
}

#[test]
fn nothing_is_copied_while_nobody_looks_and_a_ninth_waits() {
    let mut sink = opened("0");
    let port = port(sink.as_ref());
    let shared = Arc::new(StreamShared::default());
    assert!(!shared.put(&grey(1)));
    let viewers: Vec<_> = (0..MAX_VIEWERS).map(|_| shared.viewer().unwrap()).collect();
    assert!(shared.viewer().is_none() && shared.put(&grey(1)));
    drop(viewers);
    assert!(!shared.put(&grey(1)) && shared.viewer().is_some());
    let full: Vec<_> = (0..MAX_VIEWERS)
        .map(|_| ask(port, "GET /stream.mjpg"))
        .collect();
    let refused = presented(sink.as_mut(), move || {
        let start = Instant::now();
        loop {
            let mut begin = [0; 12];
            ask(port, "GET /stream.mjpg")
                .read_exact(&mut begin)
                .unwrap();
            if begin.ends_with(b"503") || start.elapsed() > WAIT {
                return begin;
            }
        }
    });
    assert!(refused.ends_with(b"503"), "{refused:?}");
    drop(full);
}

fn request(method: Method, query: &str, host: &str, origin: Option<&str>) -> Request {
    Request {
        method,
        path: "/".into(),
        query: query.into(),
        accept: String::new(),
        host: host.into(),
        origin: origin.map(str::to_owned),
    }
}

#[test]
fn other_machines_need_the_token() {
    let address = "0.0.0.0:80".parse().unwrap();
    let access = AccessRule::new(address, None).unwrap();
    let url = access.url(address);
    let token = url.split_once("?token=").unwrap().1;
    assert_eq!(token.len(), 16);
    assert!(
        !AccessRule::new(address, None)
            .unwrap()
            .url(address)
            .contains(token)
    );
    let status = |query: &str| {
        let request = request(Method::Get, query, "pi.lan", None);
        access.check(&request).err().map(|refusal| refusal.status)
    };
    assert_eq!(status(&format!("a=b&token={token}")), None);
    for query in ["", "token=", "token=0123456789abcdef", &token[1..]] {
        assert_eq!(status(query), Some("401 Unauthorized"), "{query}");
    }
    let kept = AccessRule::new(address, Some("abcdefgh1".into())).unwrap();
    assert!(kept.url(address).ends_with(":80/?token=abcdefgh1"));
}

/// Pages of other sites in a browser of this machine can neither look nor press.
#[test]
fn only_the_page_itself_may_ask() {
    let access = AccessRule::new("127.0.0.1:8080".parse().unwrap(), None).unwrap();
    let status = |host: &str, origin: Option<&str>| {
        let request = request(Method::Post, "", host, origin);
        access.check(&request).err().map(|refusal| refusal.status)
    };
    for host in [
        "localhost:8080",
        "127.0.0.1:8080",
        "[::1]:8080",
        "::1",
        "localhost",
        "",
    ] {
        assert_eq!(status(host, None), None, "{host}");
    }
    assert_eq!(
        status("localhost:8080", Some("http://localhost:8080")),
        None
    );
    for (host, origin) in [
        ("evil.example:8080", None),
        ("localhost.evil.example", None),
        ("localhost:8080", Some("http://evil.example")),
        ("localhost:8080", Some("null")),
    ] {
        assert_eq!(
            status(host, origin),
            Some("403 Forbidden"),
            "{host} {origin:?}"
        );
    }
}

#[test]
fn mistakes_are_named() {
    for argument in [
        "",
        "x",
        "99999",
        "1.2.3.4",
        "8080,token=",
        "8080,token=short",
        "8080,x=y",
    ] {
        let error = parse(argument).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{argument}");
        assert!(error.remedy_text().is_some());
    }
    let first = opened("0");
    let taken = open(&port(first.as_ref()).to_string(), &SinkOptions::default());
    let error = taken.err().unwrap();
    assert!(
        error.remedy_text().unwrap().contains("port taken"),
        "{error}"
    );
}
