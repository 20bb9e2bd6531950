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

mod analysis;
mod api;
mod compiled;
mod console;
mod datagram;
mod document;
mod entities;
mod entity;
mod filter;
mod kernel_drops;
mod lenient_json;
mod link;
mod local_lambda;
mod memory_store;
mod port_holder;
mod receiver;
mod refusal;
mod search;
mod sqlite_store;
mod store;
mod timestamp;
mod trace;
mod trace_id;
mod waterfall;

pub use analysis::Analysis;
pub use console::{Console, ConsoleError, ConsoleOptions};
pub use datagram::read_datagram;
pub use document::Document;
pub use entity::{Entity, EntityKind, Exception};
pub use filter::{Completion, Completions, FilterError, FilterErrorKind, FilterExpression, ValueOf};
pub use link::{Link, LinkedFrom};
pub use local_lambda::{
    ApiRequest, Event, Function, FunctionBuilder, FunctionError, FunctionErrorKind, Invocation,
    InvocationResult, InvokeError, LambdaBuilder, LambdaError, LocalLambda, Output, PendingEvent,
    PendingInvocation, Tracing,
};
#[cfg(feature = "sqs")]
pub use local_lambda::{Batch, BatchWaitError, EventSourceBuilder, EventSourceError, EventSourceMapping};
pub use memory_store::{MemoryLimits, MemoryStore};
pub use receiver::ReceiverCounts;
pub use refusal::{Refusal, RefusalCode, Refusals};
pub use search::{Found, Position, Search};
pub use sqlite_store::{Retention, SqliteError, SqliteStore};
pub use store::{Revision, StoreError, TraceSize, TraceStore, WaitError};
pub use timestamp::Timestamp;
pub use trace::{Node, Trace};
pub use trace_id::{EntityId, InvalidId, TraceId};
pub use waterfall::Waterfall;
