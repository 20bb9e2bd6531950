//! What a test's calls recorded.

use tracer_runtime::capture_lambda_handler;
use tracer_runtime::testing::{self, RecordedSubsegment};

/// The subsegment of the only call that `calls` makes.
///
/// # Panics
/// If it is not one.
pub async fn recorded<F: Future>(calls: F) -> RecordedSubsegment {
    let trace = testing::capture_async(calls).await;
    let [call] = trace.subsegments() else { panic!("one call makes one subsegment:\n{trace}") };
    call.clone()
}

/// Makes `calls` in an invocation with this trace header.
#[capture_lambda_handler(context = header, name = "invocation", capture_response = false)]
pub async fn invoked<F: Future>(header: &str, calls: F) -> F::Output {
    calls.await
}
