//! Handlers: where the trace header comes from, and every way to return.

use std::borrow::Cow;
use std::future::Future;

use tracer_runtime::{Invocation, capture_lambda_handler, testing};

use crate::executor::{block_on, pause};

struct Event {
    payload: u8,
}

impl Invocation for Event {
    fn trace_header(&self) -> Option<Cow<'_, str>> {
        None
    }
}

type Aliased = Event;

#[capture_lambda_handler]
fn sync(event: Event) -> u8 {
    event.payload
}

#[capture_lambda_handler(annotate("Payload" = payload))]
async fn destructured(Event { payload }: Aliased) -> Result<u8, String> {
    pause().await;
    Ok(payload)
}

#[capture_lambda_handler]
async fn second_argument(_name: &str, event: Event) -> u8 {
    event.payload
}

#[capture_lambda_handler(context = env)]
async fn of_environment(payload: u8) -> u8 {
    payload
}

#[capture_lambda_handler(context = header)]
async fn explicit(payload: u8, header: String) -> usize {
    header.len() + usize::from(payload)
}

#[capture_lambda_handler(context = env)]
fn future(payload: u8) -> impl Future<Output = u8> {
    async move { payload }
}

#[capture_lambda_handler]
fn owned_future(event: Event) -> impl Future<Output = u8> {
    async move { event.payload }
}

struct App;

impl App {
    #[capture_lambda_handler]
    async fn handle(&self, event: Event) -> u8 {
        event.payload
    }
}

#[test]
fn every_handler_returns_what_it_should() {
    let trace = testing::capture(|| {
        assert_eq!(sync(Event { payload: 1 }), 1);
        block_on(async {
            assert_eq!(destructured(Event { payload: 2 }).await, Ok(2));
            assert_eq!(second_argument("a", Event { payload: 3 }).await, 3);
            assert_eq!(of_environment(4).await, 4);
            assert_eq!(explicit(5, String::new()).await, 5);
            assert_eq!(future(6).await, 6);
            assert_eq!(owned_future(Event { payload: 8 }).await, 8);
            assert_eq!(App.handle(Event { payload: 7 }).await, 7);
        });
    });
    assert_eq!(trace.subsegment("destructured").annotation("Payload"), 2);
    assert_eq!(trace.subsegment("## handle").name(), "## handle");
}
