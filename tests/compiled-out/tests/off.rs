//! Run with `-p tracer-tests-compiled-out`; in a build of the whole workspace tracing is on, and these hold all the same.

use lambda_runtime::{Context, LambdaEvent};
use serde_json::json;
use tracer_tests_compiled_out::{add, handler, install, parse};

#[tokio::test]
async fn the_functions_are_what_they_are_without_the_attributes() {
    let tracer = install().expect("it is the first");
    let event = |payload| LambdaEvent::new(payload, Context::default());
    assert_eq!(handler(event(json!({}))).await.expect("it does not fail"), 3);
    assert!(handler(event(json!({ "fail": true }))).await.is_err());
    assert_eq!(add(1, 2), 3);
    assert!(parse("x").is_err());
    assert!(tracer_runtime::trace_header().is_none());
    // Only `tracer-runtime` knows whether it is compiled in.
    let _ = tracer.is_enabled();
}
