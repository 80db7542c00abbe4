//! Where metrics are served.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::{Error, Result};

/// Reads the value of `--metrics`: a port, which is served on loopback alone, or an address with a
/// port. Port 0 takes any free one.
///
/// # Errors
/// A usage error for anything else. Names are not looked up: a board may have no network yet.
pub(crate) fn address(text: &str) -> Result<SocketAddr> {
    let loopback = |port: &str| {
        let port = port.parse().ok()?;
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    };
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let read = match port.bytes().all(|b| b.is_ascii_digit()) {
        true => loopback(port),
        false => text.parse().ok(),
    };
    read.ok_or_else(|| {
        Error::usage(format!("invalid metrics address \"{text}\"")).remedy(
            "write a port such as 9100, served to this machine alone, or an address such as \
             0.0.0.0:9100 or [::]:9100",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_loopback_and_an_address_is_itself() {
        for (text, expected) in [
            ("0", "127.0.0.1:0"),
            ("65535", "127.0.0.1:65535"),
            ("localhost:80", "127.0.0.1:80"),
            ("[::1]:9100", "[::1]:9100"),
            ("192.168.1.7:9100", "192.168.1.7:9100"),
        ] {
            assert_eq!(address(text).unwrap().to_string(), expected);
        }
        for text in [
            "",
            "65536",
            ":9100",
            "9100x",
            "1.2.3.4",
            "localhost",
            "-1",
            "host:1",
        ] {
            let error = address(text).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{text}");
            assert!(error.remedy_text().is_some(), "{text}");
        }
    }
}
