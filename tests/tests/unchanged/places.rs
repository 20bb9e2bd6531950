//! The three places in which a traced function must be as the bare one.

use std::fmt::Debug;

use tracer_runtime::{MemorySink, Tracer, capture_lambda_handler, is_sampled, testing, trace_header};

#[capture_lambda_handler(context = header, tracer = tracer)]
fn not_sampled(header: &str, tracer: &Tracer, body: impl FnOnce()) {
    assert!(trace_header().is_some() && !is_sampled());
    body();
}

/// Does the same with the bare function and with the traced one in each place, and compares what comes of it.
#[track_caller]
pub(crate) fn assert_unchanged<R: PartialEq + Debug>(
    mut bare: impl FnMut() -> R,
    mut traced: impl FnMut() -> R,
) {
    let expected = Some(bare());
    assert_eq!(Some(traced()), expected, "in no trace");

    let mut outcome = None;
    let sink = MemorySink::default();
    let tracer = Tracer::builder().enabled(true).sink(sink.clone()).build();
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
    not_sampled(header, &tracer, || outcome = Some(traced()));
    assert_eq!(outcome, expected, "in a trace that is not sampled");
    assert!(sink.documents().is_empty());

    testing::capture(|| {
        assert!(is_sampled());
        outcome = Some(traced());
    });
    assert_eq!(outcome, expected, "recorded");
}
