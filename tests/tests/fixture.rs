//! The article's fixture: tracing switched off at run time, in a process whose environment switches it on.

use tracer_runtime::{MemorySink, Tracer, capture_lambda_handler, subsegment, testing};

#[capture_lambda_handler(context = header)]
fn handler(header: &str) -> usize {
    header.len()
}

#[test]
fn tracing_is_off_while_the_guard_lives_and_captures_are_not_touched() {
    let sink = MemorySink::default();
    Tracer::builder().enabled(true).sink(sink.clone()).install().expect("nothing was traced before");
    assert!(Tracer::builder().install().is_err(), "there is one already");
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    let off = testing::disabled();
    handler(header);
    assert!(sink.datagrams().is_empty());
    assert_eq!(testing::capture(|| subsegment("captured", || ())).subsegments().len(), 1);

    drop(off);
    handler(header);
    assert_eq!(sink.datagrams().len(), 1);
}
