//! How an invocation ended.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::api_gateway::ApiResponse;
use crate::trace_id::TraceId;

/// Why a function failed.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("orders", "target/debug/orders").start()?;
/// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
/// let timed_out = result.error().is_some_and(|error| error.kind == tracer_console::FunctionErrorKind::TimedOut);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FunctionErrorKind {
    /// The function said so: its handler returned an error or panicked.
    Reported,
    /// The deadline passed; the process was killed.
    TimedOut,
    /// The process ended before it answered.
    Exited,
    /// The process did not come as far as asking for an invocation.
    InitFailed,
}

/// A function's failure.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("orders", "target/debug/orders").start()?;
/// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
/// if let Some(error) = result.error() {
///     println!("{}: {}", error.error_type, error.message);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct FunctionError {
    /// Why.
    pub kind: FunctionErrorKind,
    /// The error's type as reported, such as `Sandbox.Timedout` or `Runtime.ExitError`. Untrusted text.
    pub error_type: String,
    /// The message as reported. Untrusted text.
    pub message: String,
    /// What the Invoke API answers with.
    pub payload: Vec<u8>,
}

impl FunctionError {
    pub(super) fn new(kind: FunctionErrorKind, error_type: &str, message: String) -> Self {
        let payload = json!({"errorType": error_type, "errorMessage": message}).to_string().into_bytes();
        Self { kind, error_type: error_type.to_owned(), message, payload }
    }

    /// Reads what a runtime reported; the body wins over the header.
    pub(super) fn reported(kind: FunctionErrorKind, header: Option<&str>, body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let error_type =
            text("errorType").or(header.map(str::to_owned)).unwrap_or_else(|| "Unhandled".into());
        let message = text("errorMessage").unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
        Self { kind, error_type, message, payload: body.to_vec() }
    }
}

/// An invocation that did not reach the function.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("orders", "target/debug/orders").start()?;
/// let error = function.invoke(serde_json::json!({})).unwrap_err();
/// assert!(matches!(error, tracer_console::InvokeError::Throttled { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// The local Lambda is gone.
    #[error(
        "the local Lambda that function {function:?} belongs to was dropped; keep it while functions are invoked"
    )]
    Stopped {
        /// The function.
        function: String,
    },
    /// As many environments are busy as the function may have.
    #[error(
        "Rate Exceeded: all {environments} environments of function {function:?} are busy; allow more with max_environments"
    )]
    Throttled {
        /// The function.
        function: String,
        /// How many it may have.
        environments: usize,
    },
}

/// How an invocation ended: the answer or the failure, and what it took.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("orders", "target/debug/orders").start()?;
/// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
/// println!("{} in {:?}", result.status(), result.duration());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct InvocationResult {
    pub(super) request_id: String,
    pub(super) trace_id: Option<TraceId>,
    pub(super) trace_header: Option<String>,
    pub(super) payload: Vec<u8>,
    pub(super) error: Option<FunctionError>,
    pub(super) api: Option<ApiResponse>,
    pub(super) cold_start: bool,
    pub(super) is_streamed: bool,
    pub(super) duration: Duration,
    pub(super) environment: u64,
    pub(super) process_id: u32,
}

impl InvocationResult {
    /// The request id.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// println!("{}", result.request_id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The trace that the header named, sampled or not; `None` when there was no header or it named none.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// println!("{:?}", result.trace_id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        self.trace_id
    }

    /// The trace header exactly as the function was given it.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// assert!(result.trace_header().is_some_and(|header| header.ends_with("Sampled=1")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn trace_header(&self) -> Option<&str> {
        self.trace_header.as_deref()
    }

    /// What the function answered; on an error, the error as the Invoke API shows it.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// println!("{}", String::from_utf8_lossy(result.payload()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.error.as_ref().map_or(&self.payload, |error| &error.payload)
    }

    /// The payload, or for an API request the body of the response, as JSON.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// let answer: serde_json::Value = result.json()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When it is no JSON of that type.
    pub fn json<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        match &self.api {
            Some(api) => serde_json::from_slice(&api.body),
            None => serde_json::from_slice(self.payload()),
        }
    }

    /// The HTTP status: API Gateway's for an API request (502 for a function that failed), else the Invoke API's, 200.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// assert_eq!(result.status(), 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> u16 {
        self.api.as_ref().map_or(200, |api| api.status)
    }

    /// The body that the client of API Gateway sees; the payload where there was no API request.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// println!("{} bytes", result.body().len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.api.as_ref().map_or(self.payload(), |api| &api.body)
    }

    /// The function's failure.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// assert_eq!(result.error(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<&FunctionError> {
        self.error.as_ref()
    }

    /// Whether the deadline passed and the process was killed.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// assert!(!result.timed_out());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.kind == FunctionErrorKind::TimedOut)
    }

    /// Whether a new environment had to be initialised for it.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// assert!(result.cold_start());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cold_start(&self) -> bool {
        self.cold_start
    }

    /// Whether the function streamed its response.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// assert!(!result.is_streamed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_streamed(&self) -> bool {
        self.is_streamed
    }

    /// From the delivery of the event to the answer, without initialisation.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// println!("{:?}", result.duration());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// The environment's number; invocations with the same number ran in the same process.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// println!("environment {}", result.environment());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn environment(&self) -> u64 {
        self.environment
    }

    /// The id of the process.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// println!("process {}", result.process_id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process_id
    }
}
