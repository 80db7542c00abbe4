use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::super::*;
use super::parser;

fn serve() -> (Server, Arc<Monitor>) {
    let monitor = Arc::new(Monitor::new(Identity::default()));
    let server = Server::start(address("0").unwrap(), Arc::clone(&monitor)).unwrap();
    (server, monitor)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
}

/// Sends `request` and gives the status line with the head, and the body.
fn ask(address: SocketAddr, request: &[u8]) -> (String, String) {
    let mut stream = connect(address);
    stream.write_all(request).unwrap();
    answer(stream)
}

fn answer(mut stream: TcpStream) -> (String, String) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    (head.to_owned(), body.to_owned())
}

const GET: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: kiosk\r\nAccept: */*\r\n\r\n";

#[test]
fn the_page_is_served_as_openmetrics() {
    let (server, monitor) = serve();
    monitor.update(Figures {
        frames: 321,
        ..Figures::new()
    });
    let (head, body) = ask(server.address(), GET);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let kind = "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n";
    assert!(head.contains(kind), "{head}");
    assert!(
        head.contains(&format!("Content-Length: {}\r\n", body.len())),
        "{head}"
    );
    parser::parse(&body).unwrap();
    assert!(body.contains("face8x_frames_total 321\n"), "{body}");
    let (head, body) = ask(server.address(), b"HEAD /metrics HTTP/1.0\r\n\r\n");
    assert!(
        head.starts_with("HTTP/1.1 200 ") && body.is_empty(),
        "{head}{body}"
    );
}

#[test]
fn other_requests_are_refused_by_their_number() {
    let (server, _monitor) = serve();
    let long = [
        b"GET /metrics HTTP/1.1\r\nHost: ",
        &[b'x'; 20_000][..],
        b"\r\n\r\n",
    ]
    .concat();
    for (request, status) in [
        (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], "404"),
        (b"DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
        (b"\x16\x03\x01 TLS, say\r\n\r\n", "400"),
        (b"GET /metrics HTTP/2\r\n\r\n", "505"),
        (&long, "431"),
    ] {
        let (head, body) = ask(server.address(), request);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert!(body.ends_with("the page is /metrics\n"), "{body}");
    }
}

/// Silent, slow and vanished callers: everybody else gets the page meanwhile.
#[test]
fn slow_callers_hold_up_nobody() {
    let (server, _monitor) = serve();
    let silent: Vec<_> = (0..5).map(|_| connect(server.address())).collect();
    let mut slow = connect(server.address());
    for byte in GET {
        slow.write_all(&[*byte]).unwrap();
        let vanished = connect(server.address());
        drop(vanished);
        assert!(ask(server.address(), GET).0.contains(" 200 "));
    }
    assert!(answer(slow).0.contains(" 200 "));
    // Who says nothing is told so and let go.
    for stream in silent {
        assert!(answer(stream).0.starts_with("HTTP/1.1 408 "));
    }
}

/// More callers than there are places: they wait or are told to come later, none is served wrongly,
/// and the page is there again when they have gone.
#[test]
fn a_crowd_is_turned_away() {
    let (server, _monitor) = serve();
    let crowd: Vec<_> = (0..24).map(|_| connect(server.address())).collect();
    let mut turned_away = 0;
    for stream in crowd {
        let head = answer(stream).0;
        let busy = head.starts_with("HTTP/1.1 503 ");
        assert!(busy || head.starts_with("HTTP/1.1 408 "), "{head}");
        turned_away += usize::from(busy);
    }
    assert!(turned_away > 0);
    assert!(ask(server.address(), GET).0.contains(" 200 "));
}

#[test]
fn a_taken_port_is_an_error_with_a_remedy() {
    let (server, monitor) = serve();
    let error = Server::start(server.address(), monitor).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("cannot serve metrics at 127.0.0.1:"),
        "{error}"
    );
    assert!(error.remedy_text().is_some());
}
