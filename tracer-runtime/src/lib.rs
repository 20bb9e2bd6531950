#![cfg_attr(all(feature = "enable", feature = "lambda"), doc = include_str!("../README.md"))]
// The guide's example is of a Lambda function, so it compiles with that feature only.
#![cfg_attr(
    not(all(feature = "enable", feature = "lambda")),
    doc = "X-Ray tracing for Rust, in the shape of Powertools' Tracer. The guide is in `README.md`."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod annotation;
#[cfg(feature = "aws-sdk")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws-sdk")))]
pub mod aws_sdk;
mod beginning;
#[cfg(not(feature = "enable"))]
mod compiled_out;
mod daemon_address;
mod error_flag;
#[cfg(any(feature = "reqwest", feature = "tower", feature = "ureq"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "reqwest", feature = "tower", feature = "ureq"))))]
pub mod http_client;
mod invocation_source;
#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
pub mod lambda;
mod macros;
#[cfg(feature = "messages")]
#[cfg_attr(docsrs, doc(cfg(feature = "messages")))]
pub mod messages;
mod namespace;
#[cfg(feature = "enable")]
mod recording;
mod sink;
#[cfg(feature = "sql")]
#[cfg_attr(docsrs, doc(cfg(feature = "sql")))]
pub mod sql;
#[cfg(feature = "enable")]
#[cfg_attr(docsrs, doc(cfg(feature = "enable")))]
pub mod testing;
mod trace_header;
mod trace_id;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use tracer_macros::{capture_lambda_handler, capture_method};

pub use crate::annotation::AnnotationValue;
#[cfg(not(feature = "enable"))]
use crate::compiled_out as recording;
pub use crate::daemon_address::{DaemonAddress, DaemonAddressError};
pub use crate::error_flag::ErrorFlag;
pub use crate::invocation_source::Invocation;
pub use crate::namespace::Namespace;
pub use crate::recording::{
    AlreadyInstalled, Carried, Handle, InSubsegment, MemorySink, StdoutSink, Subsegment, Tracer,
    TracerBuilder, UdpSink, add_error, is_sampled, put_annotation, put_metadata, put_metadata_in,
    put_metadata_with, set_aws, set_error, set_fault, set_http_request, set_http_response, set_namespace,
    set_sql, set_throttle, subsegment, subsegment_async, trace_header, trace_id,
};
#[cfg(feature = "tokio")]
pub use crate::recording::{spawn, spawn_blocking};
pub use crate::sink::{NotSent, Sink};
pub use crate::trace_header::{Sampling, TraceHeader, TraceHeaderError};
pub use crate::trace_id::{IdError, SegmentId, TraceId};
