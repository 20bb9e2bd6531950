//! X-Ray on your own machine: receives what a tracer sends, draws it, and runs Lambda functions locally.
//!
//! Three things that fit together:
//!
//! * a [`Console`] takes documents over UDP as the X-Ray daemon does, keeps them in a [`TraceStore`], and answers X-Ray's
//!   API over HTTP on the same port;
//! * a [`Waterfall`] draws a [`Trace`] in the terminal;
//! * a [`LocalLambda`] runs function binaries as AWS Lambda does and sends the segments that AWS itself would send.
//!
//! ```no_run
//! use std::time::Duration;
//! use tracer_console::{ApiRequest, Console, ConsoleOptions, LocalLambda, Waterfall};
//!
//! let console = Console::start(ConsoleOptions::any_port())?;
//! let lambda = LocalLambda::builder().console(&console).start()?;
//! let function = lambda.function("order-service", "target/debug/order-service").start()?;
//! let outcome = function.invoke(ApiRequest::post("/orders").json(&serde_json::json!({"order_id": "ORD-1"})))?;
//!
//! let id = outcome.trace_id().expect("sampled unless asked otherwise");
//! let trace = console.store().wait_for_trace(id, |trace| trace.is_settled(), Duration::from_secs(2))?;
//! println!("{}", Waterfall::new(&trace).width(100));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod analysis;
mod api;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "https")]
mod certificates;
mod compiled;
mod console;
mod datagram;
mod datagram_queue;
mod deep_document;
mod document;
mod entities;
mod entity;
mod filter;
mod forward;
mod kernel_drops;
mod large_traces;
mod lenient_json;
mod link;
mod lint;
mod local_lambda;
mod matching;
mod memory_store;
mod otlp;
mod port_holder;
mod private_file;
mod receiver;
mod recording;
#[cfg(test)]
#[path = "../tests/corpus/recordings.rs"]
mod recordings;
mod refusal;
mod search;
#[cfg(target_os = "linux")]
mod socket_group;
mod sqlite_file;
mod sqlite_store;
mod store;
mod submitted;
mod summary;
mod timestamp;
mod trace;
mod trace_id;
mod trace_outcome;
mod udp_inbox;
mod udp_socket;
mod waterfall;

pub use access::{Access, AccessError};
pub use analysis::{Analysis, AnalysisReport, Breakdown, Comparison, UnknownBreakdown};
pub use api::{EmbeddedApi, EmbeddedApiError};
pub use console::{Console, ConsoleError, ConsoleOptions};
pub use datagram::{read_datagram, read_datagram_documents};
pub use deep_document::taken_apart;
pub use document::Document;
pub use entity::{Entity, EntityKind, Exception};
pub use filter::{Completion, Completions, FilterError, FilterErrorKind, FilterExpression, ValueOf};
pub use forward::{
    ForwardCounts, ForwardError, ForwardOptions, ForwardTarget, Forwarded, Forwarder, QueueError,
    TargetCounts,
};
pub use link::{Link, LinkedFrom};
pub use lint::{Finding, LintLevel, Linted, lint};
pub use local_lambda::{
    ApiRequest, Event, Function, FunctionBuilder, FunctionError, FunctionErrorKind, Invocation,
    InvocationResult, InvokeError, LambdaBuilder, LambdaError, LocalLambda, Output, PendingEvent,
    PendingInvocation, Tracing,
};
#[cfg(feature = "sqs")]
pub use local_lambda::{Batch, BatchWaitError, EventSourceBuilder, EventSourceError, EventSourceMapping};
pub use matching::MatchError;
pub use memory_store::{MemoryLimits, MemoryStore};
pub use otlp::{IndexedAttributes, OtlpEncoding, OtlpOptions, read_otlp};
pub use receiver::ReceiverCounts;
pub use recording::{Recorded, Recording, RecordingWriter, shift};
pub use refusal::{Refusal, RefusalCode, Refusals};
pub use search::{Found, Position, Search};
pub use sqlite_store::{Retention, SqliteError, SqliteStore};
pub use store::{Revision, StoreError, TraceSize, TraceStore, WaitError};
pub use submitted::Submitted;
pub use timestamp::Timestamp;
pub use trace::{Node, Trace};
pub use trace_id::{EntityId, InvalidId, TraceId};
pub use trace_outcome::TraceOutcome;
pub use waterfall::Waterfall;
