//! Sends the segments that AWS itself would send.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use serde_json::Value;

use crate::document::Document;
use crate::store::TraceStore;

/// Where AWS's own segments go.
pub(super) enum Emitter {
    /// To a daemon or console, behind everything that the function sent there before.
    Daemon(UdpSocket, SocketAddr),
    Store(Arc<dyn TraceStore>),
    Nowhere,
}

impl Emitter {
    /// Sends a segment; a daemon that is absent is not noticed.
    pub(super) fn send(&self, segment: &Value) {
        match self {
            Self::Daemon(socket, daemon) => {
                let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{segment}");
                let _ = socket.send_to(datagram.as_bytes(), daemon);
            }
            Self::Store(store) => {
                if let Ok(document) = Document::parse(&segment.to_string()) {
                    let _ = store.record(document);
                }
            }
            Self::Nowhere => {}
        }
    }
}

impl std::fmt::Debug for Emitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Daemon(..) => "Daemon",
            Self::Store(_) => "Store",
            Self::Nowhere => "Nowhere",
        })
    }
}
