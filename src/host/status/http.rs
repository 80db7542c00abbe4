//! As much of HTTP/1.1 (RFC 9110, RFC 9112) as one page needs: the request's line and head are
//! read, its body is not, and every connection is closed after one answer.

use super::CONTENT_TYPE;

/// A request's head is at most this long, in bytes.
pub const MAX_HEAD: usize = 8 << 10;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// The page; without its body for `HEAD`.
    Metrics { head: bool },
    /// Something that there is not, or not so.
    Refused(Refusal),
}

/// Why a request gets no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not HTTP, or no `Host` where HTTP/1.1 demands it.
    Bad,
    NotFound,
    Method,
    /// It did not come within the time.
    Timeout,
    TooLarge,
    /// Too many ask at once.
    Busy,
    /// Not HTTP/1.
    Version,
}

impl Refusal {
    fn status(self) -> &'static str {
        match self {
            Refusal::Bad => "400 Bad Request",
            Refusal::NotFound => "404 Not Found",
            Refusal::Method => "405 Method Not Allowed",
            Refusal::Timeout => "408 Request Timeout",
            Refusal::TooLarge => "431 Request Header Fields Too Large",
            Refusal::Busy => "503 Service Unavailable",
            Refusal::Version => "505 HTTP Version Not Supported",
        }
    }
}

/// Reads the head of a request; `None` where more bytes are needed.
pub fn parse(bytes: &[u8]) -> Option<Request> {
    let end = bytes
        .windows(2)
        .enumerate()
        .find(|(at, pair)| {
            *pair == b"\n\n" || (*pair == b"\n\r" && bytes.get(at + 2) == Some(&b'\n'))
        })
        .map(|(at, _)| at);
    let Some(end) = end else {
        return (bytes.len() >= MAX_HEAD).then_some(Request::Refused(Refusal::TooLarge));
    };
    let Ok(head) = std::str::from_utf8(&bytes[..=end]) else {
        return Some(Request::Refused(Refusal::Bad));
    };
    Some(request(head).unwrap_or_else(Request::Refused))
}

fn request(head: &str) -> Result<Request, Refusal> {
    let mut lines = head.lines();
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, version] = words[..] else {
        return Err(Refusal::Bad);
    };
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if !is_token(method) || !is_token(target) || !version.starts_with("HTTP/") {
        return Err(Refusal::Bad);
    }
    if !version.starts_with("HTTP/1.") {
        return Err(Refusal::Version);
    }
    let mut has_host = version == "HTTP/1.0";
    for line in lines {
        let (name, _) = line.split_once(':').ok_or(Refusal::Bad)?;
        if !is_token(name) {
            return Err(Refusal::Bad);
        }
        has_host |= name.eq_ignore_ascii_case("host");
    }
    if !has_host {
        return Err(Refusal::Bad);
    }
    if target.split('?').next() != Some("/metrics") {
        return Err(Refusal::NotFound);
    }
    match method {
        "GET" => Ok(Request::Metrics { head: false }),
        "HEAD" => Ok(Request::Metrics { head: true }),
        _ => Err(Refusal::Method),
    }
}

/// The answer with the page.
pub fn page(text: &str, head: bool) -> Vec<u8> {
    answer("200 OK", CONTENT_TYPE, "", text, head)
}

/// The answer without one.
pub fn refusal(why: Refusal) -> Vec<u8> {
    let more = match why {
        Refusal::Method => "Allow: GET, HEAD\r\n",
        _ => "",
    };
    let text = format!("{}; the page is /metrics\n", why.status());
    answer(
        why.status(),
        "text/plain; charset=utf-8",
        more,
        &text,
        false,
    )
}

fn answer(status: &str, kind: &str, more: &str, body: &str, head: bool) -> Vec<u8> {
    let length = body.len();
    let body = if head { "" } else { body };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         {more}Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::Refusal::*;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_are_told_apart() {
        let page = |head| Some(Request::Metrics { head });
        let no = |why| Some(Request::Refused(why));
        for (text, expected) in [
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", page(false)),
            (
                "GET /metrics?x=1 HTTP/1.1\r\nhOST: x\r\nA: b\r\n\r\nbody",
                page(false),
            ),
            ("HEAD /metrics HTTP/1.0\r\n\r\n", page(true)),
            ("GET /metrics HTTP/1.0\n\n", page(false)),
            ("GET /metrics HTTP/1.1\r\n\r\n", no(Bad)),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", no(NotFound)),
            ("GET /metricsx HTTP/1.0\r\n\r\n", no(NotFound)),
            ("POST /metrics HTTP/1.0\r\n\r\n", no(Method)),
            ("GET /metrics HTTP/2.0\r\n\r\n", no(Version)),
            ("GET /metrics\r\n\r\n", no(Bad)),
            ("GET  /metrics HTTP/1.1\r\n\r\n", no(Bad)),
            ("GET /metrics HTTP/1.0\r\nno colon\r\n\r\n", no(Bad)),
            ("GET /metrics HTTP/1.0\r\n folded: x\r\n\r\n", no(Bad)),
            ("\r\n\r\n", no(Bad)),
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n", None),
            ("", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(parse(&[b'a'; MAX_HEAD]), no(TooLarge));
        assert_eq!(parse(b"GET /\xff HTTP/1.0\r\n\r\n"), no(Bad));
    }

    proptest! {
        /// Bytes of any kind are answered or waited for; what was answered stays so when more
        /// bytes come.
        #[test]
        fn any_bytes_have_one_answer(
            bytes in prop::collection::vec(prop::sample::select(b"GET /metrics HTTP/1.0\r\n:a".to_vec()), 0..80),
        ) {
            let first = (0..=bytes.len()).find_map(|n| parse(&bytes[..n]));
            prop_assert_eq!(first, parse(&bytes));
        }
    }
}
