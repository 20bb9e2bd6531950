//! The bytes of a body, packed or not whatever its headers say, and the memory that bodies may take.
//!
//! A small body is read at once. Larger ones share the memory for what is still coming ([`Arrivals`]); one that becomes large when it
//! is unpacked or parsed takes its turn once it is all there: a few KB of gzip can be millions of objects. Nobody waits for the
//! network while he has what others wait for.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body as Incoming, Bytes};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::arrivals::{Arrivals, Place};
use super::error::{ApiError, ErrorKind};
use super::packing::Packing;
use crate::memory_store::weight;

/// Larger bodies are refused, packed or not: 50 documents of 64 KB are 3 MB, and escaped within JSON they may be twice that.
pub(super) const LARGEST: usize = 16 << 20;
/// Bodies up to this size need no memory that others share, and no turn.
const SMALL: usize = 256 << 10;
/// Bytes of larger bodies that are coming, or wait for their turn.
const ARRIVING: usize = 64 << 20;
/// So many that are large once they are unpacked.
const TURNS: usize = 4;
/// Bytes of memory, about, that a parsed body may take without asking.
const LIGHT: usize = 4 << 20;
/// The same for all the others together, and so for one of them.
const HEAVIEST: usize = 256 << 20;
/// What they ask for: KiB.
const UNIT: usize = 1 << 10;
/// A body that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads bodies.
#[derive(Debug, Clone)]
pub(super) struct Bodies {
    arrivals: Arrivals,
    turns: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
}

/// How large a body may be, as it comes and unpacked, and how much of it needs no place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) most: usize,
    pub(super) free: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { most: LARGEST, free: SMALL }
    }
}

/// A body, and what it has of the memory that others share as long as it is there.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Bytes,
    _place: Option<Place>,
    _turn: Option<OwnedSemaphorePermit>,
    _weight: Option<OwnedSemaphorePermit>,
}

impl Body {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same bytes, shared; what it has of the memory stays here.
    pub(super) fn share(&self) -> Bytes {
        self.bytes.clone()
    }

    /// What comes after so many bytes.
    pub(super) fn after(self, start: usize) -> Self {
        Self { bytes: self.bytes.slice(start..), ..self }
    }
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            arrivals: Arrivals::new(ARRIVING),
            turns: Arc::new(Semaphore::new(TURNS)),
            heavy: Arc::new(Semaphore::new(HEAVIEST / UNIT)),
        }
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
        let body = self.read_as_it_comes(body, Bounds::default()).await?;
        let body = self.unpack(body, LARGEST).await?;
        self.weigh(body, weight).await
    }

    /// A body as it comes, packed or not.
    pub(super) async fn read_as_it_comes(&self, body: Incoming, bounds: Bounds) -> Result<Body, ApiError> {
        // What is too large is not waited for.
        if body.size_hint().lower() > bounds.most as u64 {
            return Err(too_large(bounds.most));
        }
        let mut place = self.arrivals.place();
        let must_go = place.must_go();
        let bytes = tokio::select! {
            received = tokio::time::timeout(PATIENCE, receive(body, bounds, &mut place)) => {
                received.map_err(|_| too_slow())??
            }
            () = must_go => return Err(too_slow_for_others()),
        };
        place.stay();
        Ok(Body { bytes, _place: Some(place), _turn: None, _weight: None })
    }

    /// What a body holds, if it is packed.
    pub(super) async fn unpack(&self, body: Body, most: usize) -> Result<Body, ApiError> {
        let Some(packing) = Packing::of(&body.bytes) else { return Ok(body) };
        if let Some(unpacked) = packing.unpack(&body.bytes, SMALL)? {
            return Ok(Body { bytes: unpacked.into(), _place: None, ..body });
        }
        let turn = acquire(&self.turns, 1).await?;
        let unpacked = tokio::task::spawn_blocking(move || packing.unpack(&body.bytes, most)).await;
        let unpacked = unpacked.map_err(|panic| ApiError::internal(panic.to_string()))??;
        let bytes = unpacked.ok_or_else(|| too_large(most))?.into();
        Ok(Body { bytes, _place: None, _turn: Some(turn), _weight: None })
    }

    /// The body, once there is memory for what it will be.
    pub(super) async fn weigh(&self, body: Body, weight: fn(&[u8]) -> usize) -> Result<Body, ApiError> {
        let weight = weight(&body.bytes);
        if weight > HEAVIEST {
            return Err(too_heavy());
        }
        if weight <= LIGHT {
            return Ok(body);
        }
        let units = u32::try_from(weight.div_ceil(UNIT)).map_err(|_| too_heavy())?;
        Ok(Body { _weight: Some(acquire(&self.heavy, units).await?), ..body })
    }
}

/// The bytes as they come.
async fn receive(mut body: Incoming, bounds: Bounds, place: &mut Place) -> Result<Bytes, ApiError> {
    let Bounds { most, free } = bounds;
    let mut received = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| ApiError::invalid(format!("the body did not come whole: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        let (had, has) = (received.len(), received.len() + data.len());
        if has > most {
            return Err(too_large(most));
        }
        if has > free {
            place.grow(has - had.max(free)).await;
        }
        received.extend_from_slice(&data);
    }
    Ok(received.into())
}

async fn acquire(semaphore: &Arc<Semaphore>, count: u32) -> Result<OwnedSemaphorePermit, ApiError> {
    let permit = Arc::clone(semaphore).acquire_many_owned(count).await;
    permit.map_err(|closed| ApiError::internal(closed.to_string()))
}

fn too_large(most: usize) -> ApiError {
    let message = format!("the body is larger than {most} bytes; send fewer documents at once");
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

fn too_slow_for_others() -> ApiError {
    let message =
        "others need the memory that this body takes, and it has been coming for longest; send it again";
    ApiError::new(ErrorKind::Throttled, message)
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
