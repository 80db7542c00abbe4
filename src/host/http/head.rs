//! The head of a request.

use super::{Method, Request};

/// A request's head is at most this long, in bytes.
pub(super) const MAX_HEAD: usize = 8 << 10;
/// And has at most this many headers.
const MAX_HEADERS: usize = 64;

/// What the bytes of a connection hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RequestHead {
    /// More bytes are needed.
    Incomplete,
    /// A page is asked for, without its body where `head`.
    Request { request: Request, head: bool },
    /// The status of the answer to what is not served.
    Refused(&'static str),
}

/// Reads the head that `bytes` begin with.
pub(super) fn parse(bytes: &[u8]) -> RequestHead {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return RequestHead::Incomplete,
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return RequestHead::Refused("431 Request Header Fields Too Large");
        }
        Err(httparse::Error::Version) => {
            return RequestHead::Refused("505 HTTP Version Not Supported");
        }
        Err(_) => return RequestHead::Refused("400 Bad Request"),
    }
    let value = |name: &str| {
        let mut headers = parsed.headers.iter();
        headers
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| String::from_utf8_lossy(header.value).into_owned())
    };
    // HTTP/1.1 demands a host.
    if parsed.version == Some(1) && value("host").is_none() {
        return RequestHead::Refused("400 Bad Request");
    }
    let (method, head) = match parsed.method {
        Some("GET") => (Method::Get, false),
        Some("HEAD") => (Method::Get, true),
        Some("POST") => (Method::Post, false),
        _ => return RequestHead::Refused("405 Method Not Allowed"),
    };
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        accept: value("accept").unwrap_or_default(),
        host: value("host").unwrap_or_default(),
        origin: value("origin"),
    };
    RequestHead::Request { request, head }
}
