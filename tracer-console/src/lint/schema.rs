//! The members that X-Ray knows (fact sheet 1.1 to 1.8).

use super::shape::{Member, Shape};

/// The prose default for strings; the schema repeats it for these.
const SHORT: Shape = Shape::Short(250);

/// Members of segments and of subsegments that only have a shape; the others have files of their own.
pub(super) const OF_BOTH: [Member; 7] = [
    ("http", HTTP),
    ("aws", Shape::Open(&AWS)),
    ("sql", Shape::Closed(&SQL)),
    ("error", Shape::Flag),
    ("throttle", Shape::Flag),
    ("fault", Shape::Flag),
    ("in_progress", Shape::Flag),
];

/// Members that only a segment has.
pub(super) const OF_SEGMENTS: [Member; 4] = [
    ("user", SHORT),
    ("origin", Shape::Text),
    ("resource_arn", Shape::Text),
    ("service", Shape::Open(&SERVICE)),
];

/// Members that only a subsegment has.
pub(super) const OF_SUBSEGMENTS: [Member; 3] = [
    ("namespace", Shape::OneOf(&["aws", "remote", "local"])),
    ("traced", Shape::Flag),
    ("precursor_ids", Shape::List(&Shape::Id)),
];

/// Members that have files of their own, or are read where an entity is.
pub(super) const ELSEWHERE: [&str; 13] = [
    "name",
    "id",
    "trace_id",
    "parent_id",
    "type",
    "start_time",
    "end_time",
    "cause",
    "annotations",
    "metadata",
    "subsegments",
    "links",
    "inferred",
];

const HTTP: Shape =
    Shape::Closed(&[("request", Shape::Closed(&REQUEST)), ("response", Shape::Closed(&RESPONSE))]);

const REQUEST: [Member; 6] = [
    ("method", SHORT),
    ("url", SHORT),
    ("user_agent", SHORT),
    ("client_ip", SHORT),
    ("x_forwarded_for", Shape::Flag),
    ("traced", Shape::Flag),
];

const RESPONSE: [Member; 2] = [("status", Shape::Status), ("content_length", Shape::Number)];

/// What X-Ray reads of calls and of resources; SDKs write much more, and it is kept.
const AWS: [Member; 11] = [
    ("operation", Shape::Text),
    ("region", Shape::Text),
    ("account_id", Shape::Text),
    ("request_id", Shape::Text),
    ("retries", Shape::Number),
    ("table_name", Shape::Text),
    ("queue_url", Shape::Text),
    ("topic_arn", Shape::Text),
    ("bucket_name", Shape::Text),
    ("function_name", Shape::Text),
    ("resource_names", Shape::List(&Shape::Text)),
];

const SQL: [Member; 8] = [
    ("connection_string", Shape::Text),
    ("url", Shape::Text),
    ("sanitized_query", Shape::Text),
    ("database_type", Shape::Text),
    ("database_version", Shape::Text),
    ("driver_version", Shape::Text),
    ("user", SHORT),
    ("preparation", Shape::OneOf(&["call", "statement"])),
];

const SERVICE: [Member; 5] = [
    ("version", Shape::Text),
    ("runtime", Shape::Text),
    ("runtime_version", Shape::Text),
    ("compiler", Shape::Text),
    ("compiler_version", Shape::Text),
];

/// A cause that is an object. `id` is the form of the X-Ray SDK for Node, with no exceptions beside it.
pub(super) const CAUSE: Shape = Shape::Closed(&[
    ("id", Shape::Id),
    ("working_directory", Shape::Text),
    ("paths", Shape::List(&Shape::Text)),
    ("exceptions", Shape::List(&Shape::Closed(&EXCEPTION))),
]);

const EXCEPTION: [Member; 8] = [
    ("id", Shape::Id),
    ("message", Shape::Text),
    ("type", Shape::Text),
    ("remote", Shape::Flag),
    ("stack", Shape::List(&Shape::Closed(&FRAME))),
    ("truncated", Shape::Number),
    ("skipped", Shape::Number),
    ("cause", Shape::Id),
];

const FRAME: [Member; 3] = [("path", Shape::Text), ("line", Shape::Number), ("label", Shape::Text)];
