//! The server of all HTTP clients: in the main process, so that what it does is no client's cost.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;

use anyhow::Result;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime;

/// Where a worker finds its address.
const VARIABLE: &str = "PEERS_HTTP_SERVER";

pub(crate) const ANSWER: &[u8] = b"{\"id\":7,\"items\":[1,2,3],\"total\":42.0}";

static STARTED: OnceLock<SocketAddr> = OnceLock::new();

/// Tells a worker where the server is that this process has started, if it has.
pub(crate) fn name_to(command: &mut Command) {
    if let Some(address) = STARTED.get() {
        command.env(VARIABLE, address.to_string());
    }
}

/// The server's address: of the main process's server, or of one that is started here.
pub(crate) fn address() -> Result<SocketAddr> {
    match std::env::var(VARIABLE) {
        Ok(address) => Ok(address.parse()?),
        Err(_) => start(),
    }
}

/// Starts the server in a thread of its own.
pub(crate) fn start() -> Result<SocketAddr> {
    if let Some(address) = STARTED.get() {
        return Ok(*address);
    }
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("http server".to_owned()).spawn(move || {
        if let Err(error) = runtime.block_on(listen(listener)) {
            eprintln!("! the HTTP server ended: {error}");
        }
    })?;
    Ok(*STARTED.get_or_init(|| address))
}

async fn listen(listener: std::net::TcpListener) -> Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        // Its error is that a client went away.
        tokio::spawn(async move { drop(connection.await) });
    }
}

async fn answer(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(ANSWER))))
}
