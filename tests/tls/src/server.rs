//! What takes TLS, and passes on what is said within.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

use crate::Issuer;

/// A TLS server on loopback; it ends when it is dropped.
///
/// ```
/// use tracer_tests_tls::{Issuer, TlsServer};
///
/// let plain = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let server = TlsServer::before(plain.local_addr()?, &Issuer::named("one's own"), &["127.0.0.1"]);
/// println!("https://{}", server.address());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TlsServer {
    address: SocketAddr,
    /// `None` once it is being dropped.
    runtime: Option<Runtime>,
}

impl TlsServer {
    /// One of these names, before a server that speaks in plain text.
    ///
    /// # Panics
    /// If there is no port for it.
    #[must_use]
    pub fn before(plain: SocketAddr, issuer: &Issuer, names: &[&str]) -> Self {
        let (certificate, key) = issuer.issue(names);
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a certificate with its key");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        runtime.spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), plain));
        Self { address, runtime: Some(runtime) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, plain: SocketAddr) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // Whoever does not trust the certificate ends it here.
            let mut within = acceptor.accept(stream).await?;
            let mut plain = TcpStream::connect(plain).await?;
            copy_bidirectional(&mut within, &mut plain).await
        });
    }
}
