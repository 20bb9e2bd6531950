//! The bytes of a body, compressed or not whatever its headers say, and the memory that bodies may take.
//!
//! A small body is read at once. One that is large, or that becomes large when it is unpacked or parsed, takes its turn with
//! the others of that kind: a few KB of gzip can be millions of objects.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body as Incoming, Bytes};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{ApiError, ErrorKind};
use crate::memory_store::weight;

/// Larger bodies are refused, compressed or not: 50 documents of 64 KB are 3 MB, and escaped within JSON they may be twice that.
pub(super) const LARGEST: usize = 16 << 20;
/// Bodies up to this size need no turn.
const SMALL: usize = 256 << 10;
/// Bytes of memory, about, that a parsed body may take without a turn, and at all.
const LIGHT: usize = 4 << 20;
const HEAVIEST: usize = 256 << 20;
/// So many others at a time.
const TURNS: usize = 4;
/// A body that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// How every gzip stream begins, and neither JSON nor OTLP's protobuf does. Headers are not asked: senders announce gzip over plain bodies.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads bodies.
#[derive(Debug, Clone)]
pub(super) struct Bodies {
    turns: Arc<Semaphore>,
}

/// A body, and the turn that it has as long as it is there.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Bytes,
    turn: Option<OwnedSemaphorePermit>,
}

impl Body {
    /// One that came another way, without a turn.
    pub(super) fn of(bytes: Bytes) -> Self {
        Self { bytes, turn: None }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same bytes, shared; the turn stays here.
    pub(super) fn share(&self) -> Bytes {
        self.bytes.clone()
    }
}

impl Default for Bodies {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(TURNS)) }
    }
}

impl Bodies {
    /// A body of JSON, unpacked.
    pub(super) async fn read(&self, body: Incoming) -> Result<Body, ApiError> {
        self.read_weighed(body, weight).await
    }

    /// A body, unpacked, with what it will weigh in memory.
    pub(super) async fn read_weighed(
        &self,
        body: Incoming,
        weight: fn(&[u8]) -> usize,
    ) -> Result<Body, ApiError> {
        let received = tokio::time::timeout(PATIENCE, self.receive(body)).await;
        let (mut bytes, mut turn) = received.map_err(|_| too_slow())??;
        if bytes.starts_with(&GZIP) {
            bytes = match unpack(&bytes, SMALL)? {
                Some(unpacked) => unpacked.into(),
                None => {
                    turn = Some(self.turn(turn).await?);
                    let unpacked = tokio::task::spawn_blocking(move || unpack(&bytes, LARGEST)).await;
                    let unpacked = unpacked.map_err(|panic| ApiError::internal(panic.to_string()))??;
                    unpacked.ok_or_else(too_large)?.into()
                }
            };
        }
        self.weigh(Body { bytes, turn }, weight).await
    }

    /// The body, with a turn where it will be heavy in memory.
    pub(super) async fn weigh(&self, body: Body, weight: fn(&[u8]) -> usize) -> Result<Body, ApiError> {
        let Body { bytes, mut turn } = body;
        let weight = weight(&bytes);
        if weight > HEAVIEST {
            return Err(too_heavy());
        }
        if weight > LIGHT {
            turn = Some(self.turn(turn).await?);
        }
        Ok(Body { bytes, turn })
    }

    /// A body as it comes, packed or not.
    pub(super) async fn read_as_it_comes(&self, body: Incoming) -> Result<Body, ApiError> {
        let received = tokio::time::timeout(PATIENCE, self.receive(body)).await;
        let (bytes, turn) = received.map_err(|_| too_slow())??;
        Ok(Body { bytes, turn })
    }

    /// The bytes as they came.
    async fn receive(&self, mut body: Incoming) -> Result<(Bytes, Option<OwnedSemaphorePermit>), ApiError> {
        let (mut received, mut turn) = (Vec::new(), None);
        // What is too large is not waited for.
        if body.size_hint().lower() > LARGEST as u64 {
            return Err(too_large());
        }
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|error| ApiError::invalid(format!("the body did not come whole: {error}")))?;
            let Ok(data) = frame.into_data() else { continue };
            let len = received.len() + data.len();
            if len > LARGEST {
                return Err(too_large());
            }
            if len > SMALL {
                turn = Some(self.turn(turn).await?);
            }
            received.extend_from_slice(&data);
        }
        Ok((received.into(), turn))
    }

    /// The turn that a body has already, or the next one.
    async fn turn(&self, turn: Option<OwnedSemaphorePermit>) -> Result<OwnedSemaphorePermit, ApiError> {
        match turn {
            Some(turn) => Ok(turn),
            None => Arc::clone(&self.turns)
                .acquire_owned()
                .await
                .map_err(|closed| ApiError::internal(closed.to_string())),
        }
    }
}

/// What a gzip stream holds; `None` where that is more than `most` bytes.
fn unpack(body: &[u8], most: usize) -> Result<Option<Vec<u8>>, ApiError> {
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(body).take(most as u64 + 1);
    reader
        .read_to_end(&mut unpacked)
        .map_err(|error| ApiError::invalid(format!("the body is not valid gzip: {error}")))?;
    Ok((unpacked.len() <= most).then_some(unpacked))
}

fn too_large() -> ApiError {
    let message = format!("the body is larger than {LARGEST} bytes; send fewer documents at once");
    ApiError::new(ErrorKind::RequestEntityTooLarge, message)
}

fn too_heavy() -> ApiError {
    let message = "the body has too many objects and members; send fewer documents at once";
    ApiError::new(ErrorKind::RequestEntityTooLarge, message)
}

fn too_slow() -> ApiError {
    let message = format!("the body did not come within {} s", PATIENCE.as_secs());
    ApiError::new(ErrorKind::RequestTimeout, message)
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
