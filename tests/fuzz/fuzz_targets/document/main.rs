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
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use libfuzzer_sys::fuzz_target;
use tracer_runtime::messages::Consumer;
use tracer_runtime::{Tracer, capture_lambda_handler};

use error::Failure;
use json::Json;
use plan::{Outermost, Plan};
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
        // A planned panic goes through it and ends here.
        let _ = catch_unwind(AssertUnwindSafe(|| run(&tracer, &plan, &recording)));
        recording.drop_futures();
    }
    sent::check(&sink.into_datagrams(), &recording.into_subsegments(), plan.outermost);
});

fn run<'a>(tracer: &Tracer, plan: &'a Plan<'a>, recording: &Arc<Recording<'a>>) {
    let consumer = Consumer::new(plan.service.get()).tracer(tracer.clone()).origin("AWS::ECS::Container");
    let work = async { work(plan, recording) };
    match plan.outermost {
        Outermost::Handler => drop(handler(HEADER, tracer, plan, recording)),
        Outermost::Continued => poll_to_the_end(consumer.continue_trace(HEADER, work)),
        Outermost::Batch => poll_to_the_end(consumer.consume_batch([HEADER, "nonsense"], work)),
    }
}

/// It never waits.
fn poll_to_the_end(future: impl Future) {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_ready());
}

#[capture_lambda_handler(context = header, tracer = tracer)]
fn handler<'a>(
    header: &str,
    tracer: &Tracer,
    plan: &'a Plan<'a>,
    recording: &Arc<Recording<'a>>,
) -> Result<&'a Json<'a>, Failure> {
    work(plan, recording)
}

fn work<'a>(plan: &'a Plan<'a>, recording: &Arc<Recording<'a>>) -> Result<&'a Json<'a>, Failure> {
    let number = recording.opened(None);
    recording.run(number, &plan.steps);
    plan.outcome.result()
}
