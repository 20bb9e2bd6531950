//! How the errors of records are told, beside those of functions.

use std::num::ParseIntError;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tracer_runtime::messages::{Envelope, continue_trace, record_subsegment};
use tracer_runtime::{capture_method, testing};
use tracer_tests::SAMPLED;

const MESSAGE: Envelope<'_> =
    Envelope { trace_header: Some(SAMPLED), message_id: Some("m-1"), source: Some("orders") };

#[capture_method]
fn read() -> Result<(), ParseIntError> {
    "x".parse::<u8>().map(drop)
}

#[tokio::test]
async fn an_error_of_a_function_inside_is_recorded_once() {
    let trace = testing::capture_async(record_subsegment(&MESSAGE, async { read() })).await;
    let inner = trace.subsegment("read").exceptions()[0].id().to_owned();
    assert_eq!(trace.subsegment("orders").cause_id(), Some(inner.as_str()));
    let trace = testing::capture_async(continue_trace(SAMPLED, "worker", async { read() })).await;
    let inner = trace.subsegment("read").exceptions()[0].id().to_owned();
    assert_eq!(trace.subsegment("worker").cause_id(), Some(inner.as_str()));
}

#[tokio::test]
async fn an_anyhow_error_is_told_with_its_sources() {
    let unread = "x".parse::<u8>().unwrap_err();
    let work = async { Err::<(), _>(anyhow::Error::from(unread).context("the order is wrong")) };
    let trace = testing::capture_async(record_subsegment(&MESSAGE, work)).await;
    let told: Vec<_> =
        trace.subsegment("orders").exceptions().iter().map(|error| error.message().to_owned()).collect();
    assert_eq!(told, ["the order is wrong", "invalid digit found in string"]);
}

/// P9: what a function hides, its records hide too.
#[tokio::test]
async fn a_function_that_hides_its_errors_hides_those_of_its_records() {
    #[capture_method(capture_error = false)]
    async fn consume(panics: bool) -> Result<(), String> {
        let work = async {
            assert!(!panics, "secret");
            Err("secret".to_owned())
        };
        record_subsegment(&MESSAGE, work).await
    }
    for panics in [false, true] {
        let consumed = AssertUnwindSafe(consume(panics)).catch_unwind();
        let trace = testing::capture_async(async { drop(consumed.await) }).await;
        assert!(trace.subsegment("orders").is_fault());
        assert!(!trace.documents().concat().contains("secret"), "{trace}");
    }
}

/// P1: the work's value, error and panic are as without.
#[tokio::test]
async fn what_the_work_comes_to_is_what_is_returned() {
    assert_eq!(record_subsegment(&MESSAGE, async { "7".parse::<u8>() }).await, Ok(7));
    assert_eq!(continue_trace(SAMPLED, "worker", async { read() }).await, read());
    testing::capture_async(async {
        assert_eq!(record_subsegment(&MESSAGE, async { "7".parse::<u8>() }).await, Ok(7));
        assert_eq!(continue_trace(SAMPLED, "worker", async { read() }).await, read());
        let panics = async { std::panic::panic_any(7_u8) };
        let panicked = AssertUnwindSafe(record_subsegment(&MESSAGE, unit(panics))).catch_unwind().await;
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&7_u8));
    })
    .await;
}

async fn unit<T>(work: impl Future<Output = T>) {
    drop(work.await);
}
