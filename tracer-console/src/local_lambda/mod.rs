//! AWS Lambda on your own machine: function binaries run behind the Runtime API and are invoked by the Invoke API or
//! from Rust, and the segments that AWS itself would send are sent.
//!
//! Downwards: [`lambda`] owns the functions and their threads; [`function`] runs invocations in its [`environments`];
//! [`environment`] is one process with its Runtime API; [`segments`] says what AWS would record. With the feature `sqs`,
//! `event_source` invokes functions with the messages of queues.

mod api_gateway;
mod api_request;
mod call;
mod emitter;
mod environment;
mod environments;
#[cfg(feature = "sqs")]
mod event_source;
mod function;
mod function_builder;
mod invocation;
mod invoke_api;
mod lambda;
mod log;
mod pending;
mod process;
mod result;
mod runtime_api;
mod runtime_board;
mod segments;
mod server;
mod tracing;

pub use api_request::ApiRequest;
#[cfg(feature = "sqs")]
pub use event_source::{Batch, BatchWaitError, EventSourceBuilder, EventSourceError, EventSourceMapping};
pub use function::Function;
pub use function_builder::FunctionBuilder;
pub use invocation::{Event, Invocation};
pub use lambda::{LambdaBuilder, LambdaError, LocalLambda};
pub use pending::{PendingEvent, PendingInvocation};
pub use process::Output;
pub use result::{FunctionError, FunctionErrorKind, InvocationResult, InvokeError};
pub use tracing::Tracing;
