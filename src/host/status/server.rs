//! The page of metrics over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{MetricsFormat, Monitor, render};
use crate::host::http::{Body, HttpServer, Method, Request, Response};
use crate::{Error, Result};

/// Serves `/metrics` until it is dropped.
pub struct MetricsServer(HttpServer);

impl MetricsServer {
    /// Listens at `address` and begins the thread.
    ///
    /// # Errors
    /// The address is taken, not this machine's, or not this user's to take.
    pub fn start(address: SocketAddr, monitor: Arc<Monitor>) -> Result<MetricsServer> {
        let handler = move |request: &Request| page(request, &monitor);
        let server = HttpServer::start("metrics", address, Box::new(handler)).map_err(|error| {
            Error::io(format!("cannot serve metrics at {address}"), error)
                .remedy("is the port taken? Name another one with --metrics")
        })?;
        let address = server.address();
        log::info!("metrics: http://{address}/metrics");
        if !address.ip().is_loopback() {
            log::warn!("whoever reaches {address} can read the metrics");
        }
        Ok(MetricsServer(server))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

fn page(request: &Request, monitor: &Monitor) -> Response {
    if request.method != Method::Get {
        return Response::not_allowed();
    }
    if request.path != "/metrics" {
        return Response::error("404 Not Found", "; the page is /metrics");
    }
    let format = MetricsFormat::preferred(&request.accept);
    Response {
        status: "200 OK",
        content_type: format.content_type(),
        body: Body::Text(render(&monitor.status(), format)),
    }
}
