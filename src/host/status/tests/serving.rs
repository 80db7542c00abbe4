use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use super::super::*;
use super::parser;

fn serve() -> (MetricsServer, Arc<Monitor>) {
    let monitor = Arc::new(Monitor::new(RunIdentity::default()));
    let server = MetricsServer::start(address("0").unwrap(), Arc::clone(&monitor)).unwrap();
    (server, monitor)
}

/// The head and the body of the answer to a request for `path`.
fn get(server: &MetricsServer, path: &str, accept: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: kiosk\r\nAccept: {accept}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[test]
fn the_page_is_served_as_openmetrics() {
    let (server, monitor) = serve();
    monitor.update(RunCounters {
        frames: 321,
        ..RunCounters::new()
    });
    let (head, body) = get(&server, "/metrics", "*/*");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let kind = "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n";
    assert!(head.contains(kind), "{head}");
    parser::parse(&body).unwrap();
    assert!(body.contains("face8x_frames_total 321\n"), "{body}");
    let (head, body) = get(&server, "/", "*/*");
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    assert!(body.ends_with("the page is /metrics\n"), "{body}");
}

/// The older text format has neither the type info nor an end mark.
#[test]
fn the_page_is_served_as_text_where_text_is_preferred() {
    let (server, _monitor) = serve();
    let (head, body) = get(&server, "/metrics", "text/plain");
    let kind = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n";
    assert!(head.contains(kind), "{head}");
    assert!(body.contains("# TYPE face8x_info gauge\n"), "{body}");
    assert!(!body.contains(" info\n") && !body.contains("EOF"), "{body}");
}

#[test]
fn a_taken_port_is_an_error_with_a_remedy() {
    let (server, monitor) = serve();
    let error = MetricsServer::start(server.address(), monitor)
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("cannot serve metrics at 127.0.0.1:"),
        "{error}"
    );
    assert!(error.remedy_text().is_some());
}
