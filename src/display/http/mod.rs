//! A picture for browsers: a page, an MJPEG stream and single pictures over HTTP.
//!
//! Pictures are compressed on the server's thread, and only while somebody looks. The pipeline copies a
//! picture and goes on: a slow client misses pictures, and holds up nobody.

mod access;
mod shared;

use std::net::SocketAddr;
use std::sync::Arc;

use self::access::{AccessRule, parse};
use self::shared::{MAX_VIEWERS, StreamShared};
use super::{Sink, SinkOptions, UserEvent};
use crate::host::http::{Body, HttpServer, Method, Request, Response};
use crate::picture::Picture;
use crate::{Error, Result};

/// The page, which asks for everything else by relative names.
const PAGE: &str = include_str!("page.html");

/// A sink that browsers look at.
struct Http {
    server: HttpServer,
    address: SocketAddr,
    shared: Arc<StreamShared>,
    size: Option<(u32, u32)>,
}

/// `argument` is "[ADDRESS:]PORT", with ",token=TOKEN" behind it where that is to stay the same.
pub(super) fn open(argument: &str, options: &SinkOptions) -> Result<Box<dyn Sink>> {
    let (address, token) = parse(argument)?;
    let access = AccessRule::new(address, token)?;
    let shared = Arc::new(StreamShared::default());
    let pages = Arc::clone(&shared);
    let url = access.clone();
    let handler = move |request: &Request| answer(request, &access, &pages);
    let server = HttpServer::start("http", address, Box::new(handler)).map_err(|error| {
        Error::io(format!("cannot serve pictures at {address}"), error)
            .remedy("is the port taken? Name another one, such as --sink http:8081")
    })?;
    let address = server.address();
    log::info!("open {} in a browser", url.url(address));
    if url.is_open_to_others() {
        log::warn!("whoever has this address can see the pictures");
    }
    Ok(Box::new(Http {
        server,
        address,
        shared,
        size: options.size,
    }))
}

/// The page that is asked for.
fn answer(request: &Request, access: &AccessRule, shared: &Arc<StreamShared>) -> Response {
    if let Err(refusal) = access.check(request) {
        return refusal;
    }
    let text = |content_type, text: &str| Response {
        status: "200 OK",
        content_type,
        body: Body::Text(text.into()),
    };
    let pictures = |body: fn(_) -> Body| match shared.viewer() {
        Some(viewer) => Response {
            status: "200 OK",
            content_type: "image/jpeg",
            body: body(Box::new(viewer)),
        },
        None => Response::error(
            "503 Service Unavailable",
            &format!("; {MAX_VIEWERS} look already"),
        ),
    };
    let press = |event| {
        shared.press(event);
        text("text/plain; charset=utf-8", "done\n")
    };
    match (request.method, request.path.as_str()) {
        (Method::Get, "/") => text("text/html; charset=utf-8", PAGE),
        (Method::Get, "/stream.mjpg") => pictures(|viewer| Body::Stream(viewer)),
        (Method::Get, "/snapshot.jpg") => pictures(|viewer| Body::Picture(viewer)),
        (Method::Post, "/view") => press(UserEvent::NextView),
        (Method::Post, "/freeze") => press(UserEvent::Freeze),
        (Method::Post, "/mirror") => press(UserEvent::Mirror),
        (Method::Post, "/" | "/stream.mjpg" | "/snapshot.jpg") => Response::not_allowed(),
        _ => Response::error("404 Not Found", "; the page is /"),
    }
}

impl Sink for Http {
    fn describe(&self) -> String {
        format!("http:{}", self.address)
    }

    fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        if self.shared.put(picture) {
            self.server.wake();
        }
        Ok(())
    }

    fn poll_event(&mut self) -> Option<UserEvent> {
        self.shared.next_event()
    }
}

#[cfg(test)]
mod tests;
