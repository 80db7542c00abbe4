//! Words of messages.

use std::fmt::{self, Display};

/// A number and what is counted, in the plural unless it is 1: "1 face", "2 faces". `noun` is a
/// regular noun in the singular. Writing it allocates nothing.
pub(crate) fn counted<N>(number: N, noun: &str) -> impl Display
where
    N: Display + PartialEq + From<u8>,
{
    fmt::from_fn(move |f| {
        let s = if number == N::from(1) { "" } else { "s" };
        write!(f, "{number} {noun}{s}")
    })
}

/// The words of `name` in lower case, with `separator` between them: letters and digits alone are left.
pub(crate) fn plain(name: &str, separator: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(separator).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_is_singular() {
        let texts = [0, 1, 2, 21_u64].map(|n| counted(n, "face").to_string());
        assert_eq!(texts, ["0 faces", "1 face", "2 faces", "21 faces"]);
    }
}
