//! Passwords of sources, which nobody shall read on a screen, in a log or in a report.

/// What is shown in place of a password.
const MASK: &str = "***";
/// Names of values that are passwords, as in `?user=me&pwd=...` or GStreamer's `user-pw=...`.
const NAMES: [&str; 8] = [
    "password", "passwd", "pwd", "pass", "psw", "pw", "token", "secret",
];

/// What stands before `USER:PASSWORD` in a command of curl's, besides `-u`.
const USER_OPTIONS: [&str; 2] = ["--user", "--proxy-user"];
/// The header of HTTP that holds a password or a token.
const HEADER: &str = "authorization:";

/// `text` without the passwords of the URLs and commands in it: `rtsp://me:***@host/`,
/// `?user=me&password=***`, `curl -u me:***`. Everything that shows a source, or a program's words
/// about it, goes through this.
pub(crate) fn mask_passwords(text: &str) -> String {
    mask_headers(&mask_options(&mask_values(&mask_user_infos(text))))
}

/// Masks what stands between the user's name and the host. A password that holds an `@` or a `/`
/// which should have been escaped is masked whole, so the last `@` counts.
fn mask_user_infos(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://").map(|at| at + 3) {
        let end = rest[start..]
            .find(ends_word)
            .map_or(rest.len(), |n| start + n);
        let url = &rest[start..end];
        masked.push_str(&rest[..start]);
        match url
            .rfind('@')
            .and_then(|at| Some((url[..at].find(':')?, at)))
        {
            Some((colon, at)) => {
                masked.push_str(&url[..=colon]);
                masked.push_str(MASK);
                masked.push_str(&url[at..]);
            }
            None => masked.push_str(url),
        }
        rest = &rest[end..];
    }
    masked + rest
}

/// Masks the values of [`NAMES`].
fn mask_values(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(equals) = rest.find('=') {
        let (name, value) = rest.split_at(equals + 1);
        masked.push_str(name);
        let end = value
            .find(|c| c == '&' || ends_word(c))
            .unwrap_or(value.len());
        rest = value;
        if end > 0 && is_password(&name[..equals]) {
            masked.push_str(MASK);
            rest = &value[end..];
        }
    }
    masked + rest
}

/// Masks the passwords of `USER:PASSWORD` behind curl's options.
fn mask_options(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(end) = rest.find([' ', '=']) {
        let (option, value) = rest.split_at(end + 1);
        masked.push_str(option);
        rest = value;
        let quote = value.chars().next().filter(|c| ['\'', '"'].contains(c));
        let start = quote.map_or(0, char::len_utf8);
        let ends = |c: char| quote.map_or(ends_word(c), |quote| c == quote);
        let end = value[start..].find(ends).map_or(value.len(), |n| start + n);
        if let Some(colon) = value[..end].find(':')
            && is_user_option(&option[..option.len() - 1])
        {
            masked.push_str(&value[..=colon]);
            masked.push_str(MASK);
            rest = &value[end..];
        }
    }
    masked + rest
}

/// Whether `word` is one of [`USER_OPTIONS`], or letters that end in curl's -u, such as `-su`.
fn is_user_option(word: &str) -> bool {
    let letters = word
        .strip_prefix('-')
        .and_then(|word| word.strip_suffix('u'));
    let is_short = letters.is_some_and(|word| word.bytes().all(|b| b.is_ascii_alphabetic()));
    is_short || USER_OPTIONS.contains(&word)
}

/// Masks the values of [`HEADER`] up to the quote or the line's end.
fn mask_headers(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = lower[at..].find(HEADER) {
        let value = at + found + HEADER.len();
        masked.push_str(&text[at..value]);
        masked.push(' ');
        masked.push_str(MASK);
        let rest = &text[value..];
        let end = rest.find(['\'', '"', '\r', '\n']);
        at = value + end.unwrap_or(rest.len());
    }
    masked.push_str(&text[at..]);
    masked
}

/// Whether the word at the end of `text` is one of [`NAMES`].
fn is_password(text: &str) -> bool {
    let word = text.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
    word.is_some_and(|word| NAMES.iter().any(|name| name.eq_ignore_ascii_case(word)))
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || ['\'', '"', '`'].contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_and_nothing_else() {
        for (text, masked) in [
            ("demo:", "demo:"),
            (
                "pipe:curl -su me:pw -u 'me:a b' --user=me:x -o a:b http://cam:80/ -u me",
                "pipe:curl -su me:*** -u 'me:***' --user=me:*** -o a:b http://cam:80/ -u me",
            ),
            (
                "curl -H 'Authorization: Basic aHVudGVyMg==' http://cam/",
                "curl -H 'Authorization: ***' http://cam/",
            ),
            ("v4l2:///dev/video0", "v4l2:///dev/video0"),
            ("rtsp://cam.lan:554/a?b=c", "rtsp://cam.lan:554/a?b=c"),
            ("http://me@host/", "http://me@host/"),
            ("rtsp://me:hunter2@host:554/s1", "rtsp://me:***@host:554/s1"),
            ("rtsp://:hunter2@host", "rtsp://:***@host"),
            ("rtsp://me:hun/ter:2@x@host/", "rtsp://me:***@host/"),
            ("rtsp://me:gehäuse@host/", "rtsp://me:***@host/"),
            (
                "pipe:ffmpeg -i 'rtsp://a:b@c/d' -i \"http://e:f@g\" -f mjpeg -",
                "pipe:ffmpeg -i 'rtsp://a:***@c/d' -i \"http://e:***@g\" -f mjpeg -",
            ),
            (
                "http://h/v.cgi?user=me&pwd=x1&n=2",
                "http://h/v.cgi?user=me&pwd=***&n=2",
            ),
            (
                "rtspsrc user-id=me user-pw=x1 ! a",
                "rtspsrc user-id=me user-pw=*** ! a",
            ),
            ("http://h/?Password=a=b", "http://h/?Password=***"),
            ("a password= in text", "a password= in text"),
            ("bypass=1 passes=2", "bypass=1 passes=2"),
        ] {
            assert_eq!(mask_passwords(text), masked);
        }
    }
}
