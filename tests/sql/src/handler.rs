//! Code that runs in a trace of its own.

use std::future::Future;

use tracer_runtime::{MemorySink, Tracer, capture_lambda_handler};

const UNSAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";

#[capture_lambda_handler(context = header, tracer = tracer, capture_response = false)]
async fn handler<F: Future>(header: &str, tracer: &Tracer, body: F) -> F::Output {
    body.await
}

/// Runs `body` in a trace that is not sampled, and returns what was sent of it.
pub async fn unsampled<F: Future>(body: F) -> (F::Output, Vec<String>) {
    let sink = MemorySink::default();
    let tracer = Tracer::builder().enabled(true).sink(sink.clone()).build();
    let output = handler(UNSAMPLED, &tracer, body).await;
    (output, sink.documents())
}
