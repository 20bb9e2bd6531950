//! Everything that records: compiled with the feature `enable` only.
//!
//! From below: `serializer`, `json` and `name` write text; `node` is a subsegment, `record` keeps an invocation's, `exception` its errors,
//! `fit`, `document` and `outbox` turn them into datagrams; `config`, `sinks`, `udp`, `named_daemon` and `tracer` say whether and where they go;
//! `invocation` holds one record with its header and clock, and `watcher` sends early; `context` is what is current
//! on a thread; `open` is an open subsegment, `downstream` that of a call to elsewhere, `segment` opens one of our own; `scope` and `traced` are a call and a
//! future with a subsegment, `opening` a future with one that something else opens; the rest is what users call.

mod bare_urls;
pub(crate) mod callsite;
mod config;
pub(crate) mod context;
mod current;
mod document;
// Each integration uses a part of it, and without any nobody does.
#[allow(dead_code)]
pub(crate) mod downstream;
pub(crate) mod exception;
pub(crate) mod fields;
mod fit;
mod invocation;
mod json;
mod metadata;
mod name;
mod named_daemon;
mod node;
pub(crate) mod open;
#[cfg(feature = "messages")]
pub(crate) mod opening;
mod outbox;
pub(crate) mod probe;
mod record;
pub(crate) mod scope;
mod scratch;
#[cfg(feature = "messages")]
pub(crate) mod segment;
mod serializer;
mod shared;
mod sinks;
pub(crate) mod source;
mod subsegment;
pub(crate) mod traced;
mod tracer;
mod udp;
mod warning;
mod watcher;

pub use self::current::{Handle, is_sampled, trace_header, trace_id};
#[cfg(feature = "tokio")]
pub use self::current::{spawn, spawn_blocking};
pub use self::fields::{
    add_error, set_aws, set_error, set_fault, set_http_request, set_http_response, set_namespace, set_sql,
    set_throttle,
};
pub(crate) use self::invocation::{Beginning, InvocationRef};
pub(crate) use self::json::write_string;
pub use self::metadata::{
    put_annotation, put_checked_annotation, put_metadata, put_metadata_in, put_metadata_with,
};
pub use self::sinks::{MemorySink, StdoutSink};
pub use self::subsegment::{InSubsegment, Subsegment, subsegment, subsegment_async};
pub use self::traced::Carried;
pub(crate) use self::tracer::DISABLED;
pub use self::tracer::{AlreadyInstalled, Tracer, TracerBuilder};
pub use self::udp::UdpSink;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
mod tests;
