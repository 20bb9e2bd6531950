//! What a trace adds to service graphs, in a few bytes beside its shape.

use postcard::{take_from_bytes, to_extend};
use serde::Serialize;

use crate::compiled::{GraphSegment, Measurement, Outcome, Receipt, Sender, TraceGraph};
use crate::timestamp::Timestamp;
use crate::trace_id::{EntityId, TraceId};

/// Packs what is not in the shape. Times are told from `start`. How it is written is part of `derivation::VERSION`.
pub(super) fn pack(graph: &TraceGraph<'_>, start: Timestamp) -> Vec<u8> {
    let mut packing = Packing { bytes: Vec::with_capacity(8 * graph.segments.len() + 1), start };
    packing.put(&graph.segments.len());
    graph.segments.iter().for_each(|segment| packing.put_segment(segment));
    if !graph.senders.is_empty() || !graph.receipts.is_empty() {
        packing.put(&graph.senders.len());
        for Sender { id, service, measured } in &graph.senders {
            packing.put(&(*service, id.number().to_le_bytes()));
            packing.put_measured(measured);
        }
        for Receipt { segment, trace, id } in &graph.receipts {
            packing.put(&(*segment, trace.to_bytes(), id.number().to_le_bytes()));
        }
    }
    packing.bytes
}

/// How a segment's call is written.
const NO_CALL: usize = 0;
const CALL_AS_MEASURED: usize = 1;
const CALL: usize = 2;

struct Packing {
    bytes: Vec<u8>,
    start: Timestamp,
}

impl Packing {
    fn put(&mut self, value: &impl Serialize) {
        // Memory takes whatever is written.
        if let Ok(bytes) = to_extend(value, std::mem::take(&mut self.bytes)) {
            self.bytes = bytes;
        }
    }

    fn put_segment(&mut self, segment: &GraphSegment) {
        let kind = match segment.call {
            None => NO_CALL,
            Some((_, seen)) if seen == segment.measured => CALL_AS_MEASURED,
            Some(_) => CALL,
        };
        self.put(&(segment.service << 2 | kind));
        self.put_measured(&segment.measured);
        if let Some((call, seen)) = segment.call {
            self.put(&call);
            if kind == CALL {
                self.put_measured(&seen);
            }
        }
    }

    fn put_measured(&mut self, measured: &Measurement) {
        let Outcome { fault, error, throttle } = measured.outcome;
        let flags = [fault, error, throttle, measured.end.is_none()];
        let flags = flags.into_iter().enumerate().fold(0, |bits, (at, flag)| bits | u64::from(flag) << at);
        let length = measured.end.map_or(0, |end| end.micros().wrapping_sub(measured.start.micros()));
        self.put(&measured.start.micros().wrapping_sub(self.start.micros()));
        // Times end in the year 5138, so that this has room.
        self.put(&(zigzag(length) << 4 | flags));
    }
}

/// Small numbers of either sign as small ones.
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Unpacks into a graph that has the trace's id and shape; `None` where the file is damaged.
pub(super) fn unpack(bytes: &[u8], start: Timestamp, graph: &mut TraceGraph<'_>) -> Option<()> {
    graph.segments.clear();
    graph.senders.clear();
    graph.receipts.clear();
    let mut packed = Packed { bytes, start };
    let (services, calls) = (graph.shape.services.len(), graph.shape.calls.len());
    for _ in 0..packed.take::<usize>()? {
        let segment = packed.take_segment()?;
        if segment.service >= services || segment.call.is_some_and(|(call, _)| call >= calls) {
            return None;
        }
        graph.segments.push(segment);
    }
    if packed.bytes.is_empty() {
        return Some(());
    }
    for _ in 0..packed.take::<usize>()? {
        let (service, id): (usize, [u8; 8]) = packed.take()?;
        let (id, measured) = (EntityId::from_number(u64::from_le_bytes(id)), packed.take_measured()?);
        graph.senders.push(Sender {
            id,
            service: Some(service).filter(|service| *service < services)?,
            measured,
        });
    }
    while !packed.bytes.is_empty() {
        let (segment, trace, id): (usize, [u8; 16], [u8; 8]) = packed.take()?;
        let (trace, id) = (TraceId::from_bytes(trace), EntityId::from_number(u64::from_le_bytes(id)));
        graph.receipts.push(Receipt { segment, trace, id });
    }
    Some(())
}

struct Packed<'b> {
    bytes: &'b [u8],
    start: Timestamp,
}

impl<'b> Packed<'b> {
    fn take<T: serde::Deserialize<'b>>(&mut self) -> Option<T> {
        let (value, left) = take_from_bytes(self.bytes).ok()?;
        self.bytes = left;
        Some(value)
    }

    fn take_segment(&mut self) -> Option<GraphSegment> {
        let head: usize = self.take()?;
        let measured = self.take_measured()?;
        let call = match head & 3 {
            NO_CALL => None,
            CALL_AS_MEASURED => Some((self.take()?, measured)),
            _ => Some((self.take()?, self.take_measured()?)),
        };
        Some(GraphSegment { service: head >> 2, measured, call })
    }

    fn take_measured(&mut self) -> Option<Measurement> {
        let start = self.take::<i64>()?.wrapping_add(self.start.micros());
        let rest: u64 = self.take()?;
        let length = unzigzag(rest >> 4);
        let [fault, error, throttle, is_in_progress] = [1, 2, 4, 8].map(|bit| rest & bit != 0);
        let end = (!is_in_progress).then(|| Timestamp::from_micros(start.wrapping_add(length)));
        let outcome = Outcome { fault, error, throttle };
        Some(Measurement { start: Timestamp::from_micros(start), end, outcome })
    }
}

#[cfg(test)]
#[path = "packed_graph_tests.rs"]
mod tests;
