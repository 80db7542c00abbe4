//! Who may look: this machine alone, or whoever has the token.

use std::fmt::Write;
use std::fs::{self, File};
use std::io::Read;
use std::net::{IpAddr, SocketAddr};

use crate::host::http::{Method, Request, Response};
use crate::host::status;
use crate::{Error, Result};

/// Bytes of a token that is made here.
const TOKEN_BYTES: usize = 8;
/// A token of the user's has at least as many characters.
const SHORTEST_TOKEN: usize = 8;

/// Reads "[ADDRESS:]PORT[,token=TOKEN]"; without an address it is loopback.
///
/// # Errors
/// A usage error for anything else.
pub(super) fn parse(argument: &str) -> Result<(SocketAddr, Option<String>)> {
    let (address, token) = match argument.split_once(",token=") {
        Some((address, token)) => (address, Some(token)),
        None => (argument, None),
    };
    let read = status::address(address).map_err(|_| {
        Error::usage(format!("invalid address \"{address}\" of the sink http")).remedy(
            "write a port such as http:8080, for this machine alone, or an address such as \
             http:0.0.0.0:8080 or http:[::]:8080, for others",
        )
    })?;
    let is_fit = |token: &str| {
        token.len() >= SHORTEST_TOKEN && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    match token {
        Some(token) if !is_fit(token) => Err(Error::usage("invalid token of the sink http")
            .remedy(format!("write {SHORTEST_TOKEN} or more letters and digits"))),
        token => Ok((read, token.map(str::to_owned))),
    }
}

/// What a request must have.
#[derive(Clone)]
pub(super) struct AccessRule {
    /// `None` where only this machine asks.
    token: Option<String>,
}

impl AccessRule {
    /// For a server at `address`; makes a token where one is needed and none is named.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(super) fn new(address: SocketAddr, token: Option<String>) -> Result<AccessRule> {
        Ok(AccessRule {
            token: match token {
                None if !address.ip().is_loopback() => Some(new_token()?),
                token => token,
            },
        })
    }

    /// Whether other machines can look.
    pub(super) fn is_open_to_others(&self) -> bool {
        self.token.is_some()
    }

    /// What to write into a browser's address line.
    pub(super) fn url(&self, address: SocketAddr) -> String {
        let mut url = match address.ip().is_unspecified() {
            true => format!("http://{}:{}/", host_name(), address.port()),
            false => format!("http://{address}/"),
        };
        if let Some(token) = &self.token {
            url += "?token=";
            url += token;
        }
        url
    }

    /// Lets a request through, or says why not. Without a token only this machine can ask, but a page
    /// of somebody else's in its browser must not: such a request has another name of the host, or says
    /// where it comes from.
    pub(super) fn check(&self, request: &Request) -> std::result::Result<(), Response> {
        let is_right = match &self.token {
            Some(token) => {
                let given = request
                    .query
                    .split('&')
                    .find_map(|part| part.strip_prefix("token="));
                given.is_some_and(|given| is_equal(given, token))
            }
            None => true,
        };
        if !is_right {
            return Err(Response::error(
                "401 Unauthorized",
                "; face8x's log has the address with its token",
            ));
        }
        let is_own = match &request.origin {
            Some(origin) if request.method == Method::Post => {
                origin.strip_prefix("http://") == Some(&request.host)
            }
            _ => true,
        };
        if !is_own || self.token.is_none() && !is_this_machine(&request.host) {
            return Err(Response::error("403 Forbidden", "; open the page itself"));
        }
        Ok(())
    }
}

/// Compares without telling by its time how much of the token is right.
fn is_equal(given: &str, token: &str) -> bool {
    let differences = given.bytes().zip(token.bytes()).map(|(a, b)| a ^ b);
    given.len() == token.len() && differences.fold(0, |all, one| all | one) == 0
}

/// Whether the header `Host` names this machine as only this machine does. HTTP/1.0 has none.
fn is_this_machine(host: &str) -> bool {
    if host.is_empty() || host == "localhost" || host.starts_with("localhost:") {
        return true;
    }
    let address = host.parse::<SocketAddr>().map(|address| address.ip());
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.or_else(|_| bare.parse::<IpAddr>());
    address.is_ok_and(|address| address.is_loopback())
}

fn new_token() -> Result<String> {
    let mut bytes = [0; TOKEN_BYTES];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .map_err(|e| Error::io("cannot make a token from /dev/urandom", e))?;
    let mut token = String::new();
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(token, "{byte:02x}");
    }
    Ok(token)
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".into(),
        name => name.to_owned(),
    }
}
