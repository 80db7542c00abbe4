use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use proptest::prelude::*;

use super::head::{MAX_HEAD, RequestHead, parse};
use super::*;

#[test]
fn heads_are_read_or_refused() {
    let request = |method, path: &str, query: &str, accept: &str, host: &str| Request {
        method,
        path: path.into(),
        query: query.into(),
        accept: accept.into(),
        host: host.into(),
        origin: None,
    };
    let page = |host: &str, accept: &str, head| RequestHead::Request {
        request: request(Method::Get, "/a", "", accept, host),
        head,
    };
    let with_query = RequestHead::Request {
        request: request(Method::Get, "/a", "x=1", "b", "x"),
        head: false,
    };
    let post = RequestHead::Request {
        request: Request {
            origin: Some("http://x".into()),
            ..request(Method::Post, "/a", "", "", "")
        },
        head: false,
    };
    let bad = || RequestHead::Refused("400 Bad Request");
    for (text, expected) in [
        ("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", page("x", "", false)),
        (
            "GET /a?x=1 HTTP/1.1\r\nhOST: x\r\nACCEPT: b\r\n\r\nbody",
            with_query,
        ),
        ("HEAD /a HTTP/1.0\r\n\r\n", page("", "", true)),
        ("GET /a HTTP/1.0\n\n", page("", "", false)),
        ("POST /a HTTP/1.0\r\nOrigin: http://x\r\n\r\n", post),
        ("GET /a HTTP/1.1\r\n\r\n", bad()),
        (
            "PUT /a HTTP/1.0\r\n\r\n",
            RequestHead::Refused("405 Method Not Allowed"),
        ),
        (
            "GET /a HTTP/2.0\r\n\r\n",
            RequestHead::Refused("505 HTTP Version Not Supported"),
        ),
        ("GET /a\r\n\r\n", bad()),
        ("GET  /a HTTP/1.1\r\n\r\n", bad()),
        ("GET /a HTTP/1.0\r\nno colon\r\n\r\n", bad()),
        ("GET /a HTTP/1.0\r\n folded: x\r\n\r\n", bad()),
        ("GET /a HTTP/1.1\r\nHost: x\r\n", RequestHead::Incomplete),
        ("", RequestHead::Incomplete),
    ] {
        assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
    }
    let large = RequestHead::Refused("431 Request Header Fields Too Large");
    assert_eq!(parse(&[b'a'; MAX_HEAD]), large);
    let many = format!("GET /a HTTP/1.0\r\n{}\r\n", "a: b\r\n".repeat(65));
    assert_eq!(parse(many.as_bytes()), large);
}

proptest! {
    /// Bytes of any kind are answered or waited for; what was answered stays so when more
    /// bytes come.
    #[test]
    fn any_bytes_have_one_answer(
        bytes in prop::collection::vec(prop::sample::select(b"GET /metrics HTTP/1.0\r\n:a".to_vec()), 0..80),
    ) {
        let answers = (0..=bytes.len()).map(|n| parse(&bytes[..n]));
        let first = answers.into_iter().find(|head| *head != RequestHead::Incomplete);
        prop_assert_eq!(first.unwrap_or(RequestHead::Incomplete), parse(&bytes));
    }
}

fn server() -> HttpServer {
    let handler = |request: &Request| match request.path.as_str() {
        "/page" => Response {
            status: "200 OK",
            content_type: "text/plain",
            body: Body::Text("the page".into()),
        },
        "/stream" => Response {
            status: "200 OK",
            content_type: "image/jpeg",
            body: Body::Stream(Box::new(Laborious)),
        },
        _ => Response::error("404 Not Found", "; try /page"),
    };
    let any = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    HttpServer::start("test", any, Box::new(handler)).unwrap()
}

/// Pictures of which the next is there whenever one has been made.
struct Laborious;

impl PictureFeed for Laborious {
    fn newer(&mut self) -> Option<Arc<Vec<u8>>> {
        std::thread::sleep(Duration::from_millis(20));
        Some(Arc::new(vec![0; 1000]))
    }
}

fn connect(server: &HttpServer) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
}

/// Sends `request` and gives the status line with the head, and the body.
fn ask(server: &HttpServer, request: &[u8]) -> (String, String) {
    let mut stream = connect(server);
    stream.write_all(request).unwrap();
    answer(stream)
}

fn answer(mut stream: TcpStream) -> (String, String) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    (head.to_owned(), body.to_owned())
}

const GET: &[u8] = b"GET /page HTTP/1.1\r\nHost: kiosk\r\nAccept: */*\r\n\r\n";

#[test]
fn pages_are_served_and_others_refused() {
    let server = server();
    let (head, body) = ask(&server, GET);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("Content-Type: text/plain\r\n"), "{head}");
    assert!(head.contains("Content-Length: 8\r\n"), "{head}");
    assert_eq!(body, "the page");
    let (head, body) = ask(&server, b"HEAD /page HTTP/1.0\r\n\r\n");
    assert!(head.contains("Content-Length: 8\r\n") && body.is_empty());
    let long = [
        b"GET /page HTTP/1.1\r\nHost: ",
        &[b'x'; 20_000][..],
        b"\r\n\r\n",
    ]
    .concat();
    for (request, status) in [
        (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], "404 Not Found"),
        (
            b"DELETE /page HTTP/1.1\r\nHost: x\r\n\r\n",
            "405 Method Not Allowed",
        ),
        (b"\x16\x03\x01 TLS, say\r\n\r\n", "400 Bad Request"),
        (
            b"GET /page HTTP/2\r\n\r\n",
            "505 HTTP Version Not Supported",
        ),
        (&long, "431 Request Header Fields Too Large"),
    ] {
        let (head, body) = ask(&server, request);
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{head}"
        );
        assert!(body.starts_with(status), "{body}");
        assert_eq!(head.contains("Allow: GET, HEAD"), status.starts_with("405"));
    }
}

/// Silent, slow and vanished callers: everybody else gets the page meanwhile.
#[test]
fn slow_callers_hold_up_nobody() {
    let server = server();
    let silent: Vec<_> = (0..5).map(|_| connect(&server)).collect();
    let mut slow = connect(&server);
    for byte in GET {
        slow.write_all(&[*byte]).unwrap();
        let vanished = connect(&server);
        drop(vanished);
        assert!(ask(&server, GET).0.contains(" 200 "));
    }
    assert!(answer(slow).0.contains(" 200 "));
    // Silent ones get an answer too, in the end.
    for stream in silent {
        assert!(answer(stream).0.starts_with("HTTP/1.1 408 "));
    }
}

/// Where pictures take longer to make than to come, they still leave everybody else a turn.
#[test]
fn a_stream_without_a_pause_holds_up_nobody() {
    let server = server();
    let mut stream = connect(&server);
    stream
        .write_all(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut first = [0; 2000];
    stream.read_exact(&mut first).unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
    for _ in 0..3 {
        assert!(ask(&server, GET).0.contains(" 200 "));
    }
    drop(server);
    let read = reader.join().unwrap().unwrap();
    assert!(read > 0);
}

/// More callers than there are places: they wait or are asked to come later, none is served
/// wrongly, and the page is there again when they have gone.
#[test]
fn a_crowd_is_turned_away() {
    let server = server();
    let crowd: Vec<_> = (0..24).map(|_| connect(&server)).collect();
    let mut turned_away = 0;
    for stream in crowd {
        let head = answer(stream).0;
        let busy = head.starts_with("HTTP/1.1 503 ");
        assert!(busy || head.starts_with("HTTP/1.1 408 "), "{head}");
        turned_away += usize::from(busy);
    }
    assert!(turned_away > 0);
    assert!(ask(&server, GET).0.contains(" 200 "));
}
