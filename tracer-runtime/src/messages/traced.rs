//! What opens the subsegment of a message and the segment of a consumer, and what their ends record.

use std::borrow::Borrow;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde::ser::SerializeMap as _;

use super::consumer::{Consumer, Settings};
use super::outcome::Outcome;
use super::record::{Envelope, MessageRecord};
use crate::recording::context::{self, Here};
use crate::recording::open::Open;
use crate::recording::opening::Opening;
use crate::recording::scope::Scope;
use crate::recording::segment::{NewSegment, tracer_here};
use crate::recording::source::Using;
use crate::{Sampling, SegmentId, TraceHeader, TraceId, put_annotation, put_metadata};

/// A longer header is none: servers refuse requests with long headers, and calls would pass it on.
const LONGEST_HEADER: usize = 1_024;
/// So many linked traces X-Ray keeps of a segment (facts 1.10).
const MOST_LINKS: usize = 20;

pub(super) fn in_record<M, F, Kind>(record: &M, work: F) -> impl Future<Output = F::Output>
where
    M: MessageRecord + ?Sized,
    F: Future,
    F::Output: Outcome<Kind>,
{
    Opening::new(|| open_record(record), work, end)
}

pub(super) fn in_senders_trace<F, Kind>(
    consumer: impl Borrow<Consumer>,
    header: Option<&str>,
    work: F,
) -> impl Future<Output = F::Output>
where
    F: Future,
    F::Output: Outcome<Kind>,
{
    let open = move || {
        let settings = &consumer.borrow().settings;
        Scope::enter(header.and_then(|header| open_in_senders_trace(settings, header)))
    };
    Opening::new(open, work, end)
}

pub(super) fn in_trace_of_its_own<H, F, Kind>(
    consumer: impl Borrow<Consumer>,
    headers: H,
    work: F,
) -> impl Future<Output = F::Output>
where
    H: IntoIterator<Item: AsRef<str>>,
    F: Future,
    F::Output: Outcome<Kind>,
{
    let open = move || Scope::enter(open_in_trace_of_its_own(&consumer.borrow().settings, headers));
    Opening::new(open, work, end)
}

/// Records what the work came to and closes the scope.
fn end<R: Outcome<Kind>, Kind>(outcome: R, scope: Scope) -> R {
    if scope.is_recording() {
        outcome.record_on(&scope);
    }
    drop(scope);
    outcome
}

fn open_record<M: MessageRecord + ?Sized>(record: &M) -> Scope {
    match context::here() {
        Here::Unrecorded => return Scope::inert(),
        Here::Nowhere if Using::global().is_off() => return Scope::inert(),
        Here::Nowhere | Here::Recording => {}
    }
    let envelope = envelope(record);
    let open = Open::downstream(envelope.source.and_then(name_of).unwrap_or("message"));
    let scope = Scope::enter(open.map(Open::with_errors_of_its_function));
    if scope.is_recording() {
        let sender = envelope.trace_header.and_then(|text| text.parse::<TraceHeader>().ok());
        put_annotation("SenderTraceId", sender.map(|header| header.root().to_string()));
        put_annotation("MessageId", envelope.message_id);
        put_metadata("message", &envelope);
    }
    scope
}

/// What a record tells of itself; nothing where that panics, which must not change the work.
fn envelope<M: MessageRecord + ?Sized>(record: &M) -> Envelope<'_> {
    let ask = || Envelope {
        trace_header: record.trace_header(),
        message_id: record.message_id(),
        source: record.source(),
    };
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_default()
}

/// The name in an ARN or a URL.
fn name_of(source: &str) -> Option<&str> {
    const SEPARATORS: [char; 2] = [':', '/'];
    let is_name = |part: &&str| !part.trim().is_empty();
    // Behind the partition, the service, the region and the account.
    let Some(resource) = source.strip_prefix("arn:").and_then(|rest| rest.splitn(5, ':').nth(4)) else {
        return source.rsplit(SEPARATORS).find(is_name);
    };
    // The name itself, or its kind, it, and what is of it: a table's stream, a stream's consumer.
    let mut parts = resource.split(SEPARATORS).filter(is_name);
    let first = parts.next();
    parts.next().or(first)
}

impl Serialize for Envelope<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in
            [("AWSTraceHeader", self.trace_header), ("id", self.message_id), ("source", self.source)]
        {
            if let Some(value) = value {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

fn open_in_senders_trace(settings: &Settings, header: &str) -> Option<Open> {
    let tracer = tracer_here(settings.tracer.as_ref())?;
    let header = if header.len() > LONGEST_HEADER { "" } else { header };
    Open::segment(&tracer, &settings.segment(header, &[]))
}

fn open_in_trace_of_its_own<H>(settings: &Settings, headers: H) -> Option<Open>
where
    H: IntoIterator<Item: AsRef<str>>,
{
    let tracer = tracer_here(settings.tracer.as_ref())?;
    if !tracer.is_enabled() {
        return None;
    }
    // Where the caller's own iterator panics there is only the work.
    let (sampling, links) = catch_unwind(AssertUnwindSafe(|| decide(headers))).ok()?;
    let header = TraceHeader::new(new_trace_id()?, None, sampling).to_string();
    Open::segment(&tracer, &settings.segment(&header, &links))
}

impl Settings {
    fn segment<'a>(&'a self, header: &'a str, links: &'a [(TraceId, SegmentId)]) -> NewSegment<'a> {
        let since_epoch = self.deadline.and_then(|deadline| deadline.duration_since(UNIX_EPOCH).ok());
        NewSegment {
            name: &self.name,
            header,
            deadline: since_epoch.and_then(|time| time.as_millis().try_into().ok()),
            origin: self.origin.as_deref(),
            links,
        }
    }
}

/// Sampled if any sender is; links to the calls of those that are, since nothing is to be seen of the others.
fn decide<H: IntoIterator<Item: AsRef<str>>>(headers: H) -> (Sampling, Vec<(TraceId, SegmentId)>) {
    let mut links = Vec::new();
    let mut sampling = Sampling::NotSampled;
    for text in headers {
        let Ok(header) = text.as_ref().parse::<TraceHeader>() else { continue };
        if !header.is_sampled() {
            continue;
        }
        sampling = Sampling::Sampled;
        let link = header.parent().map(|parent| (header.root(), parent));
        if links.len() < MOST_LINKS {
            links.extend(link.filter(|link| !links.contains(link)));
        }
    }
    (sampling, links)
}

/// From the system's strong source (facts 2.1). `None` where it has none to give: then there is no trace to record.
fn new_trace_id() -> Option<TraceId> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(TraceId::from_parts(now.as_secs() as u32, u128::from_le_bytes(random)))
}
