//! AWS Lambda: where a handler's trace header and deadline come from, and a tower layer.
//!
//! With the attribute nothing more is needed. [`TracerLayer`] on the runtime moves the send behind the response, so that
//! it adds nothing to what the caller waits for:
//!
//! ```no_run
//! use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
//! use tracer_runtime::{capture_lambda_handler, lambda::TracerLayer};
//!
//! #[capture_lambda_handler]
//! async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
//!     Ok(event.payload)
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Error> {
//! Runtime::new(service_fn(handler)).layer(TracerLayer::new()).run().await
//! # }
//! ```
//!
//! A response that is streamed keeps the handler's subsegment open to its end where the type allows: `Response<Body>` and
//! `Response<impl Stream>`. With another body type the subsegment ends where the handler returns.

mod context;
#[cfg(feature = "enable")]
mod layer;
#[cfg(not(feature = "enable"))]
#[path = "layer_compiled_out.rs"]
mod layer;
#[cfg(feature = "enable")]
pub(crate) mod streaming;

pub use self::layer::{TracerLayer, TracerService};
