//! P7: a thousand invocations that overlap in one process never mix.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use lambda_runtime::{Context, Error, LambdaEvent};
use serde_json::Value;
use tokio::sync::Barrier;
use tracer_runtime::{
    InSubsegment, MemorySink, Sampling, SegmentId, TraceHeader, TraceId, Tracer, capture_lambda_handler,
    capture_method, put_annotation, testing,
};

const INVOCATIONS: usize = 1_000;

/// One invocation's order: its number, and where all of them wait for each other.
type Order<'a> = (usize, &'a Barrier);

#[capture_lambda_handler(tracer = tracer)]
async fn handler(event: LambdaEvent<Order<'_>>, tracer: Tracer) -> Result<(), Error> {
    serve(event.payload).await;
    Ok(())
}

#[capture_lambda_handler]
async fn handler_within_a_trace(event: LambdaEvent<Order<'_>>) -> Result<(), Error> {
    serve(event.payload).await;
    Ok(())
}

async fn serve((number, all): Order<'_>) {
    put_annotation("Number", number);
    left(number, all).await;
    tokio::join!(middle(number), right(number));
    assert_eq!(tracer_runtime::trace_id(), Some(trace_id(number)));
}

#[capture_method(annotate("Number" = number))]
async fn left(number: usize, all: &Barrier) {
    all.wait().await;
    leaf(number).await;
}

#[capture_method(annotate("Number" = number))]
async fn middle(number: usize) {
    tokio::spawn(leaf(number).in_current_subsegment()).await.unwrap();
}

#[capture_method(annotate("Number" = number))]
async fn right(number: usize) {
    for _ in 0..number % 4 {
        tokio::task::yield_now().await;
    }
    leaf(number).await;
}

#[capture_method(annotate("Number" = number))]
async fn leaf(number: usize) {
    tokio::task::yield_now().await;
}

fn is_sampled(number: usize) -> bool {
    !number.is_multiple_of(3)
}

fn trace_id(number: usize) -> TraceId {
    TraceId::from_parts(1_700_000_000, number as u128)
}

fn segment_id(number: usize) -> SegmentId {
    format!("{:016x}", number + 1).parse().unwrap()
}

fn event(order: Order<'_>) -> LambdaEvent<Order<'_>> {
    let sampling = if is_sampled(order.0) { Sampling::Sampled } else { Sampling::NotSampled };
    let header = TraceHeader::new(trace_id(order.0), Some(segment_id(order.0)), sampling);
    let mut context = Context::default();
    context.xray_trace_id = Some(header.to_string());
    LambdaEvent::new(order, context)
}

/// A trace: each subsegment's name and parent, by its id.
type Trace = BTreeMap<String, (String, String)>;

/// Takes the subsegment and all below it into its trace.
fn take(subsegment: &Value, parent: &str, number: usize, trace: &mut Trace) {
    assert_eq!(subsegment["annotations"]["Number"], number, "{subsegment}");
    let id = subsegment["id"].as_str().unwrap();
    let name = subsegment["name"].as_str().unwrap().rsplit([':', ' ']).next().unwrap();
    let again = trace.insert(id.to_owned(), (name.to_owned(), parent.to_owned()));
    assert!(again.is_none(), "sent twice: {subsegment}");
    for nested in subsegment["subsegments"].as_array().into_iter().flatten() {
        take(nested, id, number, trace);
    }
}

fn traces(documents: &[String]) -> BTreeMap<String, Trace> {
    let mut traces = BTreeMap::<String, Trace>::new();
    for document in documents {
        let document: Value = serde_json::from_str(document).unwrap();
        let trace_id = document["trace_id"].as_str().unwrap().to_owned();
        let number = usize::from_str_radix(trace_id.rsplit('-').next().unwrap(), 16).unwrap();
        let parent = document["parent_id"].as_str().unwrap();
        take(&document, parent, number, traces.entry(trace_id).or_default());
    }
    traces
}

/// Each subsegment behind its parent.
fn edges(trace: &Trace) -> Vec<String> {
    let name = |id: &String| trace.get(id).map_or(id, |(name, _)| name).clone();
    let mut edges: Vec<_> = trace.values().map(|(own, parent)| format!("{} > {own}", name(parent))).collect();
    edges.sort();
    edges
}

/// Every sampled invocation is whole and in its own trace, and nothing else is there.
fn check(documents: &[String], handler: &str) {
    let mut traces = traces(documents);
    for number in (0..INVOCATIONS).filter(|number| is_sampled(*number)) {
        let trace = traces.remove(&trace_id(number).to_string()).expect("it is in its trace");
        let segment = segment_id(number);
        let mut whole = [
            format!("{segment} > {handler}"),
            format!("{handler} > left"),
            format!("{handler} > middle"),
            format!("{handler} > right"),
            "left > leaf".to_owned(),
            "middle > leaf".to_owned(),
            "right > leaf".to_owned(),
        ];
        whole.sort();
        assert_eq!(edges(&trace), whole);
    }
    assert!(traces.is_empty(), "not sampled, or no invocation's: {traces:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn p7_a_thousand_overlapping_invocations_never_mix() {
    let sink = MemorySink::default();
    let tracer = Tracer::builder().enabled(true).sink(sink.clone()).build();
    let all: &Barrier = Box::leak(Box::new(Barrier::new(INVOCATIONS)));
    let calls = (0..INVOCATIONS).map(|number| tokio::spawn(handler(event((number, all)), tracer.clone())));
    for outcome in join_all(calls).await {
        outcome.unwrap().unwrap();
    }
    check(&sink.documents(), "handler");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn p7_each_of_them_is_one_datagram_and_none_takes_part_in_the_trace_that_it_is_called_in() {
    let all: &Barrier = Box::leak(Box::new(Barrier::new(INVOCATIONS)));
    let calls = async {
        let call = |number| handler_within_a_trace(event((number, all))).in_current_subsegment();
        for outcome in join_all((0..INVOCATIONS).map(|number| tokio::spawn(call(number)))).await {
            outcome.unwrap().unwrap();
        }
    };
    // A test's tracer sends nothing early, however slow the machine.
    let trace = testing::capture_async(calls).await;
    check(trace.documents(), "handler_within_a_trace");
    assert_eq!(trace.documents().len(), (0..INVOCATIONS).filter(|number| is_sampled(*number)).count());
}
