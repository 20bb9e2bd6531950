//! What the tables know of a trace: the columns that filters look at, derived from its documents.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, params};

use super::error::SqliteError;
use super::marks::Marks;
use crate::compiled::{AnnotationValue, CompiledTrace, Segment, Service};
use crate::search::TraceTimes;
use crate::timestamp::Timestamp;
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// A value that is looked for by index; each type is a range of its own.
#[derive(Debug, Clone)]
pub(super) enum Indexed {
    Boolean(bool),
    Number(f64),
    Text(String),
}

/// A link to another trace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkRow {
    pub(super) target: TraceId,
    pub(super) segment: i64,
    pub(super) id: i64,
    pub(super) name: String,
}

/// How much there is of a trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) documents: i64,
    pub(super) bytes: usize,
}

/// The row of a trace, and what the index tables know of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) start: i64,
    latest: i64,
    first_end: Option<i64>,
    last_end: Option<i64>,
    response_time: f64,
    duration: f64,
    flags: Marks,
    any_marks: Marks,
    /// As filters compare it.
    status: Option<f64>,
    method: Option<String>,
    url: Option<String>,
    pub(super) annotations: BTreeSet<(String, Indexed)>,
    pub(super) texts: BTreeSet<(&'static str, String)>,
    pub(super) services: BTreeSet<(String, Marks)>,
    pub(super) calls: BTreeSet<(String, String, Marks)>,
    pub(super) links: BTreeSet<LinkRow>,
}

impl Row {
    #[allow(clippy::cast_precision_loss, reason = "filters compare so, too")]
    pub(super) fn of(trace: &Trace) -> Self {
        let compiled = CompiledTrace::of(trace);
        let times = TraceTimes::of(trace, &compiled);
        let root = |key| compiled.http_request(key).map(str::to_owned);
        let mut row = Self {
            start: times.start.micros(),
            latest: times.latest.micros(),
            first_end: times.ends.map(|(first, _)| first.micros()),
            last_end: times.ends.map(|(_, last)| last.micros()),
            response_time: compiled.response_time(),
            duration: compiled.duration(),
            flags: Marks::of_trace(&compiled),
            any_marks: compiled.segments().iter().map(Marks::of_segment).collect(),
            status: compiled.http_status().map(|status| status as f64),
            method: root("method"),
            url: root("url"),
            ..Self::default()
        };
        row.put_annotations(&compiled);
        compiled.segments().iter().for_each(|segment| row.put_texts(segment));
        row.put_services(&compiled);
        row.put_links(trace);
        row
    }

    fn put_annotations(&mut self, compiled: &CompiledTrace<'_>) {
        for (key, entries) in compiled.annotations().iter() {
            let values = entries.iter().map(|entry| match entry.value {
                AnnotationValue::String(text) => Indexed::Text(text.to_owned()),
                // SQLite has one zero, and a row for each would be one row.
                AnnotationValue::Number(number) => Indexed::Number(number + 0.0),
                AnnotationValue::Boolean(value) => Indexed::Boolean(value),
            });
            self.annotations.extend(values.map(|value| (key.to_owned(), value)));
        }
    }

    fn put_texts(&mut self, segment: &Segment<'_>) {
        let found = [
            ("user", segment.user()),
            ("resource.arn", segment.resource_arn()),
            ("instance.id", segment.instance_id()),
            ("availabilityzone", segment.availability_zone()),
        ];
        let texts = found.into_iter().filter_map(|(key, text)| Some((key, text?.to_owned())));
        self.texts.extend(texts);
    }

    fn put_services(&mut self, compiled: &CompiledTrace<'_>) {
        let mut services = BTreeMap::<&str, Marks>::new();
        // A client has no segments, and a service may have none that are known.
        let all = compiled.services().iter().flat_map(Service::names);
        services.extend(all.map(|name| (&**name, Marks::default())));
        for segment in compiled.segments() {
            let names = compiled.service_of(segment).into_iter().flat_map(Service::names);
            names.for_each(|name| services.entry(name).or_default().add(Marks::of_segment(segment)));
        }
        let mut calls = BTreeMap::<(&str, &str), Marks>::new();
        for call in compiled.calls() {
            let names = |id| compiled.service(id).names().iter();
            for caller in names(call.caller()) {
                for callee in names(call.callee()) {
                    calls.entry((caller, callee)).or_default().add(Marks::of_call(call));
                }
            }
        }
        let owned = str::to_owned;
        self.services = services.into_iter().map(|(name, marks)| (owned(name), marks)).collect();
        let calls = calls.into_iter().map(|((from, to), marks)| (owned(from), owned(to), marks));
        self.calls = calls.collect();
    }

    fn put_links(&mut self, trace: &Trace) {
        for node in trace.nodes() {
            let links = node.entity().links().map(|link| LinkRow {
                target: link.trace_id(),
                segment: node.id().number().cast_signed(),
                id: link.id().number().cast_signed(),
                name: node.name().to_owned(),
            });
            self.links.extend(links);
        }
    }

    /// Writes the row of a trace, a new one or one that is there.
    pub(super) fn write(
        &self,
        connection: &Connection,
        (trace, id): (i64, TraceId),
        size: Size,
        revision: i64,
    ) -> Result<(), SqliteError> {
        let insert = "INSERT INTO traces (trace, id, start, latest, first_end, last_end, arrived, response_time, duration, \
                      flags, status, method, url, documents, bytes, revision, any_marks) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
                      ON CONFLICT (trace) DO UPDATE SET start = excluded.start, latest = excluded.latest, \
                      first_end = excluded.first_end, last_end = excluded.last_end, arrived = excluded.arrived, \
                      response_time = excluded.response_time, duration = excluded.duration, flags = excluded.flags, \
                      status = excluded.status, method = excluded.method, url = excluded.url, \
                      documents = excluded.documents, bytes = excluded.bytes, revision = excluded.revision, \
                      any_marks = excluded.any_marks";
        let bytes = i64::try_from(size.bytes).unwrap_or(i64::MAX);
        connection.prepare_cached(insert)?.execute(params![
            trace,
            blob_of(id),
            self.start,
            self.latest,
            self.first_end,
            self.last_end,
            Timestamp::now().micros(),
            self.response_time,
            self.duration,
            self.flags,
            self.status,
            self.method,
            self.url,
            size.documents,
            bytes,
            revision,
            self.any_marks,
        ])?;
        Ok(())
    }
}

pub(super) fn blob_of(id: TraceId) -> [u8; 16] {
    id.to_bytes()
}

pub(super) fn id_of(blob: [u8; 16]) -> TraceId {
    TraceId::from_bytes(blob)
}

impl Indexed {
    fn kind(&self) -> u8 {
        match self {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        }
    }
}

impl Ord for Indexed {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(one), Self::Boolean(other)) => one.cmp(other),
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => self.kind().cmp(&other.kind()),
        }
    }
}

impl PartialOrd for Indexed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Indexed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Indexed {}

impl ToSql for Indexed {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Boolean(value) => ToSqlOutput::Owned(Value::Blob(vec![u8::from(*value)])),
            Self::Number(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}
