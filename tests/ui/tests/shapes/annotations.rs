//! The arguments of the attribute, seen in the trace.

use std::cell::Cell;

use serde::Serialize;
use tracer_runtime::{ErrorFlag, Tracer, capture_method, testing};

use crate::executor::block_on;

#[derive(Debug, Serialize)]
struct Order {
    id: String,
}

fn order() -> Order {
    Order { id: "ORD-1".to_owned() }
}

#[capture_method(name = "load order", annotate("OrderId" = order.id, "Length" = order.id.len()))]
fn load(order: Order) -> Order {
    order
}

#[test]
fn names_and_annotations_arrive() {
    let trace = testing::capture(|| load(order()));
    let load = trace.subsegment("load order");
    assert_eq!(load.name(), "load order");
    assert_eq!(load.annotation("OrderId"), "ORD-1");
    assert_eq!(load.annotation("Length"), 5);
}

thread_local! {
    static EVALUATED: Cell<u32> = const { Cell::new(0) };
}

fn evaluated() -> u32 {
    EVALUATED.set(EVALUATED.get() + 1);
    EVALUATED.get()
}

#[capture_method(annotate("Count" = evaluated()))]
fn counted() {}

#[test]
fn annotations_are_evaluated_only_when_recording() {
    counted();
    assert_eq!(EVALUATED.get(), 0);
    testing::capture(counted);
    assert_eq!(EVALUATED.get(), 1);
}

#[derive(Debug)]
struct NotFound;

mod rules {
    pub(super) fn is_ours(_: &super::NotFound) -> bool {
        false
    }
}

#[capture_method(err = "error")]
fn callers_error() -> Result<u8, NotFound> {
    Err(NotFound)
}

#[capture_method(err = "ignore")]
async fn ignored() -> Result<u8, NotFound> {
    Err(NotFound)
}

fn throttles(_: &NotFound) -> ErrorFlag {
    ErrorFlag::Throttle
}

#[capture_method(err = throttles)]
fn throttled() -> Result<u8, NotFound> {
    Err(NotFound)
}

#[capture_method(err = rules::is_ours)]
async fn not_ours() -> Result<u8, NotFound> {
    Err(NotFound)
}

#[test]
fn err_decides_the_mark() {
    let trace = testing::capture(|| {
        let _ = (callers_error(), throttled());
        block_on(async {
            let _ = (ignored().await, not_ours().await);
        });
    });
    assert!(trace.subsegment("callers_error").is_error());
    assert!(trace.subsegment("throttled").is_throttle());
    assert!(!trace.subsegment("ignored").is_fault());
    assert!(!trace.subsegment("not_ours").is_fault());
}

struct Service {
    tracer: Tracer,
}

impl Service {
    #[capture_method(tracer = self.tracer)]
    fn sync(&self) -> u8 {
        1
    }

    #[capture_method(tracer = &self.tracer)]
    async fn asynchronous(self) -> u8 {
        2
    }
}

#[test]
fn a_tracer_may_be_named() {
    let service = || Service { tracer: Tracer::builder().enabled(false).build() };
    assert_eq!(service().sync(), 1);
    assert_eq!(block_on(service().asynchronous()), 2);
}

#[capture_method(capture_response = true, capture_error = true, namespace = "orders")]
fn required() -> Result<Order, NotFound> {
    Ok(order())
}

#[test]
fn a_required_response_arrives_in_its_namespace() {
    let trace = testing::capture(required);
    assert!(trace.subsegment("required").json()["metadata"]["orders"].is_object());
}
