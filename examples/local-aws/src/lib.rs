//! DynamoDB, S3 and SQS on loopback, in memory, with nothing but Rust: for the demo and for tests.
//!
//! What an AWS SDK needs to know of it is the address:
//!
//! ```
//! use local_aws::{Fault, LocalAws, Service};
//! use serde_json::json;
//!
//! let aws = LocalAws::start()?;
//! aws.create_bucket("receipts")?;
//! aws.sqs("CreateQueue", &json!({"QueueName": "fulfillment"}))?;
//! aws.inject(Fault::fail(Service::S3, "PutObject", 503).key("ORD-NO-RECEIPT"));
//! for (name, value) in aws.variables() {
//!     println!("{name}={value}");
//! }
//! # Ok::<(), local_aws::LocalAwsError>(())
//! ```
//!
//! The services are those of [rustack](https://github.com/tyrchen/rustack). In front of them stands what tracing is about:
//! request ids on every answer, the trace header of a message as real SQS keeps it, a list of the [`Call`]s that came,
//! and [`Fault`]s on request.
//!
//! What is not here: of S3 all but buckets and whole objects (no multipart uploads, versions, policies), the checksum that
//! SQS answers for system attributes (`MD5OfMessageSystemAttributes`), checking of credentials, and anything on disk.

mod call;
mod dynamodb;
mod fault;
mod front;
mod local_aws;
mod reply;
mod s3;
mod server;
mod sqs;
mod trace_headers;
mod upstream;

pub use call::{Call, Service};
pub use fault::Fault;
pub use local_aws::{LocalAws, LocalAwsError};
