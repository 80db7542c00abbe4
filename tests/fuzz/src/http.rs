//! Whoever reaches the port of the metrics.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};

use face8x::internals::host::{MetricsServer, Monitor, RunIdentity};

/// Whatever is sent, the server closes the connection, and what it answers is HTTP.
pub fn http(data: &[u8]) {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    let address = ADDRESS.get_or_init(|| {
        let any = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let monitor = Arc::new(Monitor::new(RunIdentity::default()));
        let server = MetricsServer::start(any, monitor).expect("a port is free");
        let address = server.address();
        // It serves until the process ends.
        std::mem::forget(server);
        address
    });
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let mut answer = Vec::new();
    // A server that has answered already reads no more: these may fail.
    let sent = stream
        .write_all(data)
        .and_then(|()| stream.shutdown(Shutdown::Write));
    if stream.read_to_end(&mut answer).is_ok() && sent.is_ok() {
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "));
    }
}
