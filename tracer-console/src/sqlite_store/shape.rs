//! Shapes: what traces that look alike have in common, so that it is kept and looked for once for all of them.

use std::sync::Arc;

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::error::SqliteError;
use super::marks::Marks;
use crate::compiled::{CompiledTrace, GraphShape, Identity, Segment, Service, places};
use crate::filter::Mark;
use crate::trace_outcome::cold_and_warm_starts;

/// The shape of a trace. How it is written is part of `derivation::VERSION`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Shape {
    /// Of the trace, and of any segment.
    pub(super) flags: Marks,
    any_marks: Marks,
    /// Bits of [`TEXTS`].
    texts: u8,
    pub(super) has_cold_start: bool,
    pub(super) has_warm_start: bool,
    /// Of the root's HTTP block.
    pub(super) http_status: Option<u64>,
    method: Option<String>,
    /// Keys of annotations that have another value than false, in order.
    keys: Vec<String>,
    services: Vec<ShapeService>,
    calls: Vec<ShapeCall>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ShapeService {
    /// The one by which it is known, and the others.
    name: String,
    others: Vec<String>,
    kind: Option<String>,
    account: Option<String>,
    is_active: bool,
    is_entry: bool,
    /// Of any of its segments.
    marks: Marks,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ShapeCall {
    caller: usize,
    callee: usize,
    /// That any caller saw.
    marks: Marks,
}

/// What the table `texts` knows of segments, by its keys.
pub(super) const TEXTS: [&str; 4] = ["user", "resource.arn", "instance.id", "availabilityzone"];

/// The texts of a segment, in the order of [`TEXTS`].
pub(super) fn texts_of<'t>(segment: &Segment<'t>) -> [Option<&'t str>; 4] {
    [segment.user(), segment.resource_arn(), segment.instance_id(), segment.availability_zone()]
}

impl Shape {
    pub(super) fn of(trace: &CompiledTrace<'_>, graph: &GraphShape<'_>) -> Self {
        let segments = trace.segments();
        let texts = |bits, segment| {
            let found = texts_of(segment).into_iter().enumerate().filter(|(_, text)| text.is_some());
            found.fold(bits, |bits, (at, _)| bits | 1 << at)
        };
        let (has_cold_start, has_warm_start) = cold_and_warm_starts(trace);
        let mut shape = Self {
            flags: Marks::of_trace(trace),
            any_marks: segments.iter().map(Marks::of_segment).collect(),
            texts: segments.iter().fold(0, texts),
            has_cold_start,
            has_warm_start,
            http_status: trace.http_status(),
            method: trace.http_request("method").map(str::to_owned),
            keys: keys(trace),
            services: graph.services.iter().map(ShapeService::of).collect(),
            calls: graph.calls.iter().map(ShapeCall::of).collect(),
        };
        shape.mark(trace, graph);
        shape
    }

    fn mark(&mut self, trace: &CompiledTrace<'_>, graph: &GraphShape<'_>) {
        let places = places(trace.services());
        for segment in trace.segments() {
            if let Some(service) = segment.service() {
                self.services[places[service.position()]].marks.add(Marks::of_segment(segment));
            }
        }
        for call in trace.calls() {
            let pair = (places[call.caller().position()], places[call.callee().position()]);
            let is_inferred = trace.segments().get(call.callee_segment()).is_some_and(Segment::is_inferred);
            if let Ok(at) = graph.calls.binary_search(&pair) {
                self.calls[at].marks.add(Marks::of_call(call));
                if is_inferred {
                    self.calls[at].marks.add(Mark::Inferred.into());
                }
            }
        }
    }

    /// Text and numbers of any size can be written.
    pub(super) fn to_bytes(&self) -> Arc<[u8]> {
        postcard::to_allocvec(self).unwrap_or_default().into()
    }

    /// `None` for what no shape was written as.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let shape: Self = postcard::from_bytes(bytes).ok()?;
        // A graph looks its services up by their places.
        let services = shape.services.len();
        shape.calls.iter().all(|call| call.caller < services && call.callee < services).then_some(shape)
    }

    /// Its services and who calls whom.
    pub(super) fn graph(&self) -> GraphShape<'static> {
        GraphShape {
            services: self.services.iter().map(ShapeService::to_service).collect(),
            calls: self.calls.iter().map(|call| (call.caller, call.callee)).collect(),
        }
    }

    /// Writes a new shape, which no trace has yet; returns its number.
    #[allow(clippy::cast_precision_loss, reason = "filters compare so, too")]
    pub(super) fn write(&self, connection: &Connection, hash: i64, bytes: &[u8]) -> Result<i64, SqliteError> {
        let insert = "INSERT INTO shapes (hash, traces, flags, any_marks, texts, status, method, bytes) \
                      VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)";
        let status = self.http_status.map(|status| status as f64);
        let values = params![hash, self.flags, self.any_marks, self.texts, status, self.method, bytes];
        connection.prepare_cached(insert)?.execute(values)?;
        let shape = connection.last_insert_rowid();
        let insert = "INSERT OR IGNORE INTO services (shape, service, name, kind, account, marks) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut insert_service = connection.prepare_cached(insert)?;
        for (at, service) in (0_i64..).zip(&self.services) {
            for name in std::iter::once(&service.name).chain(&service.others) {
                let ShapeService { kind, account, marks, .. } = service;
                insert_service.execute(params![shape, at, name, kind, account, marks])?;
            }
        }
        let insert = "INSERT INTO calls (shape, caller, callee, marks) VALUES (?1, ?2, ?3, ?4)";
        let mut insert_call = connection.prepare_cached(insert)?;
        for ShapeCall { caller, callee, marks } in &self.calls {
            insert_call.execute(params![shape, number(*caller), number(*callee), marks])?;
        }
        let mut insert_key = connection.prepare_cached("INSERT INTO keys (shape, key) VALUES (?1, ?2)")?;
        for key in &self.keys {
            insert_key.execute(params![shape, key])?;
        }
        Ok(shape)
    }

    /// Forgets a shape that no trace has any more.
    pub(super) fn forget(connection: &Connection, shape: i64) -> Result<(), SqliteError> {
        for table in ["shapes", "services", "calls", "keys"] {
            connection.prepare_cached(&format!("DELETE FROM {table} WHERE shape = ?1"))?.execute([shape])?;
        }
        Ok(())
    }
}

fn number(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// Keys of annotations with a value that is not false, in order.
fn keys(trace: &CompiledTrace<'_>) -> Vec<String> {
    let annotations = trace.annotations().iter();
    let is_present = |entry: &crate::compiled::AnnotationEntry<'_>| {
        entry.value != crate::compiled::AnnotationValue::Boolean(false)
    };
    let mut keys: Vec<String> = annotations
        .filter(|(_, entries)| entries.iter().any(is_present))
        .map(|(key, _)| key.to_owned())
        .collect();
    keys.sort_unstable();
    keys
}

impl ShapeService {
    fn of(service: &Service<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            name: service.name().to_owned(),
            others: service.names().iter().skip(1).map(|name| name.clone().into_owned()).collect(),
            kind: owned(service.kind()),
            account: owned(service.account()),
            is_active: service.is_active(),
            is_entry: service.is_entry(),
            marks: Marks::default(),
        }
    }

    fn to_service(&self) -> Service<'static> {
        let owned = |text: &Option<String>| text.clone().map(Into::into);
        let identity = Identity {
            name: self.name.clone().into(),
            kind: owned(&self.kind),
            account: owned(&self.account),
        };
        let others = self.others.iter().map(|name| name.clone().into()).collect();
        Service::known(identity, others, self.is_active, self.is_entry)
    }
}

impl ShapeCall {
    fn of(&(caller, callee): &(usize, usize)) -> Self {
        Self { caller, callee, marks: Marks::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_shape_whose_calls_are_between_no_services_is_none() {
        let mut shape = Shape::default();
        assert_eq!(Shape::read(&shape.to_bytes()), Some(shape.clone()));
        shape.calls.push(ShapeCall::of(&(0, 1)));
        assert_eq!(Shape::read(&shape.to_bytes()), None);
    }
}
