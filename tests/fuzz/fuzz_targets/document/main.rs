//! Any use of the public API: every datagram is a document that X-Ray takes, and each subsegment is in one of them, once,
//! below its parent.
#![no_main]

mod error;
mod json;
mod plan;
mod recording;
mod sent;
mod sink;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tracer_runtime::{Tracer, capture_lambda_handler};

use error::Failure;
use json::Json;
use plan::Plan;
use recording::Recording;
use sink::Narrow;

const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

fuzz_target!(|plan: Plan<'_>| {
    let sink = Narrow::new(&plan);
    let recording = Arc::new(Recording::default());
    {
        let settings = Tracer::builder().enabled(true).service(plan.service.get()).sink(sink.clone());
        let settings = settings.capture_response(plan.captures_responses).capture_error(plan.captures_errors);
        let tracer = settings.build();
        // A planned panic goes through the handler and ends here.
        let _ = catch_unwind(AssertUnwindSafe(|| handler(HEADER, &tracer, &plan, &recording)));
        recording.drop_futures();
    }
    sent::check(&sink.into_datagrams(), &recording.into_subsegments());
});

#[capture_lambda_handler(context = header, tracer = tracer)]
fn handler<'a>(
    header: &str,
    tracer: &Tracer,
    plan: &'a Plan<'a>,
    recording: &Arc<Recording<'a>>,
) -> Result<&'a Json<'a>, Failure> {
    let number = recording.opened(None);
    recording.run(number, &plan.steps);
    plan.outcome.result()
}
