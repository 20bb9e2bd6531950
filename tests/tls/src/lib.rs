//! A TLS server with an issuer of its own, before a server that speaks in plain text.

#[cfg(feature = "server")]
mod issuer;
#[cfg(feature = "server")]
mod server;

#[cfg(feature = "server")]
pub use issuer::Issuer;
#[cfg(feature = "server")]
pub use server::TlsServer;
