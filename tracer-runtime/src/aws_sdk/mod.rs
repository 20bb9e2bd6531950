//! The AWS SDK for Rust: one line for each client, and every operation is a subsegment.
//!
//! ```no_run
//! use tracer_runtime::traced_client;
//!
//! # async fn start() {
//! let config = aws_config::load_from_env().await;
//! let dynamodb = traced_client!(aws_sdk_dynamodb, &config);
//! let s3 = traced_client!(aws_sdk_s3, &config, |builder| builder.force_path_style(true));
//! # let _: (aws_sdk_dynamodb::Client, aws_sdk_s3::Client) = (dynamodb, s3);
//! # }
//! ```
//!
//! A subsegment has the service's name (`DynamoDB`, `S3`, `SQS`), the namespace `aws`, and in its `aws` block the operation, the
//! region, the request id, how often it was retried, and what says which resource was called: the table, the bucket and
//! key, the queue, the topic, the function. Bodies and items never. An answer marks it by its status, a throttle by its code
//! too; that nothing has changed (304) is no failure. What the service says of an error becomes an exception with `remote`. A
//! call that is dropped closes as `Cancelled`.
//!
//! `X-Amzn-Trace-Id` names the call's own subsegment as the parent of what the service records, on every attempt, also where
//! several invocations run in one process; where the trace is not sampled that is passed on. Presigning is no call and leaves no
//! trace. The body of a streamed answer is read after the subsegment's end.
//!
//! A client of one's own making takes the [`TracerInterceptor`] like any other interceptor. An interceptor on a single operation
//! (`customize().interceptor(…)`) traces it too, and never twice; but the SDK has read that operation's input by then, so
//! the names that only the input tells (an S3 bucket and key, an SNS topic, a Lambda function) are missing.
//!
//! The SDK asks for Rust 1.94, so this feature does.

#[cfg(feature = "enable")]
mod answer;
#[cfg(feature = "enable")]
mod call;
mod client;
#[cfg(feature = "enable")]
mod interceptor;
#[cfg(not(feature = "enable"))]
#[path = "interceptor_compiled_out.rs"]
mod interceptor;
#[cfg(feature = "enable")]
mod members;
#[cfg(feature = "enable")]
mod message_header;
#[cfg(feature = "enable")]
mod parameters;

#[doc(hidden)]
pub use self::client::__set;
pub use self::interceptor::TracerInterceptor;
