//! What each part costs: `cargo bench -p tracer-runtime`. Compare two runs on a quiet machine, not two machines.

use std::future::{Future, pending, poll_fn};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use divan::Bencher;
use serde::Serialize;
use tracer_runtime::{
    NotSent, Sink, TraceHeader, Tracer, capture_lambda_handler, capture_method, put_annotation, put_metadata,
    subsegment,
};

const SAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
const UNSAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";

fn main() {
    divan::main();
}

/// Drops what it is given.
#[derive(Debug)]
struct Nowhere;

impl Sink for Nowhere {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        black_box(datagram);
        Ok(())
    }
}

fn tracer() -> Tracer {
    Tracer::builder().enabled(true).service("orders").sink(Nowhere).build()
}

#[capture_lambda_handler(context = header, tracer = tracer, capture_response = false)]
fn invocation<R>(header: &str, tracer: &Tracer, body: impl FnOnce() -> R) -> R {
    body()
}

#[derive(Serialize)]
struct Order {
    id: &'static str,
    items: u32,
    total: f64,
}

/// From opening to closing, in one long invocation: what is closed leaves now and then, so encoding it counts too.
#[divan::bench_group(sample_size = 1000)]
mod subsegment_of {
    use super::*;

    fn measure(bencher: Bencher<'_, '_>, header: &str, body: impl Fn()) {
        invocation(header, &tracer(), || bencher.bench_local(|| subsegment(black_box("child"), &body)));
    }

    #[divan::bench]
    fn nothing(bencher: Bencher<'_, '_>) {
        measure(bencher, SAMPLED, || ());
    }

    #[divan::bench]
    fn nothing_unsampled(bencher: Bencher<'_, '_>) {
        measure(bencher, UNSAMPLED, || ());
    }

    #[divan::bench]
    fn nothing_outside(bencher: Bencher<'_, '_>) {
        bencher.bench_local(|| subsegment(black_box("child"), || ()));
    }

    #[divan::bench]
    fn a_string(bencher: Bencher<'_, '_>) {
        measure(bencher, SAMPLED, || put_annotation("OrderId", black_box("ORD-12345")));
    }

    #[divan::bench]
    fn an_integer(bencher: Bencher<'_, '_>) {
        measure(bencher, SAMPLED, || put_annotation("Items", black_box(12_345_u32)));
    }

    #[divan::bench]
    fn a_struct(bencher: Bencher<'_, '_>) {
        let order = Order { id: "ORD-12345", items: 3, total: 25.5 };
        measure(bencher, SAMPLED, || put_metadata("order", black_box(&order)));
    }

    #[divan::bench]
    fn a_struct_unsampled(bencher: Bencher<'_, '_>) {
        let order = Order { id: "ORD-12345", items: 3, total: 25.5 };
        measure(bencher, UNSAMPLED, || put_metadata("order", black_box(&order)));
    }
}

/// An annotated function.
#[divan::bench_group(sample_size = 1000)]
mod method {
    use super::*;

    #[capture_method]
    fn add(a: u32, b: u32) -> u32 {
        a + b
    }

    #[divan::bench]
    fn sampled(bencher: Bencher<'_, '_>) {
        invocation(SAMPLED, &tracer(), || bencher.bench_local(|| add(black_box(1), 2)));
    }

    #[divan::bench]
    fn unsampled(bencher: Bencher<'_, '_>) {
        invocation(UNSAMPLED, &tracer(), || bencher.bench_local(|| add(black_box(1), 2)));
    }

    #[divan::bench]
    fn outside(bencher: Bencher<'_, '_>) {
        bencher.bench_local(|| add(black_box(1), 2));
    }
}

/// The end of an invocation: everything that it recorded is encoded and sent.
mod end_of_an_invocation {
    use super::*;

    #[capture_lambda_handler(context = header, tracer = tracer, capture_response = false)]
    async fn handler(header: &'static str, tracer: Tracer, children: u32, value: String) {
        for number in 0..children {
            subsegment("child", || {
                put_annotation("Number", number);
                put_metadata("value", &value);
            });
        }
        turn().await;
    }

    /// Measures the last poll of the handler.
    fn measure(bencher: Bencher<'_, '_>, children: u32, value_bytes: usize) {
        let tracer = tracer();
        let recorded = || {
            let mut handler = Box::pin(handler(SAMPLED, tracer.clone(), children, "x".repeat(value_bytes)));
            assert!(poll(handler.as_mut()).is_pending());
            handler
        };
        bencher
            .with_inputs(recorded)
            .bench_local_values(|mut handler| assert!(poll(handler.as_mut()).is_ready()));
    }

    #[divan::bench]
    fn one_document_of_100(bencher: Bencher<'_, '_>) {
        measure(bencher, 100, 40);
    }

    // One at a time: what waits for a quarter of a second is sent before its end.
    #[divan::bench(sample_size = 1)]
    fn several_documents_of_2000(bencher: Bencher<'_, '_>) {
        measure(bencher, 2_000, 150);
    }
}

/// A whole invocation of a warm process.
#[divan::bench(args = [0, 10, 100], sample_size = 10)]
fn whole_invocation(bencher: Bencher<'_, '_>, children: u32) {
    let tracer = tracer();
    let children = || (0..children).for_each(|_| subsegment("child", || put_annotation("Number", 1)));
    bencher.bench_local(|| invocation(black_box(SAMPLED), &tracer, children));
}

#[divan::bench(sample_size = 100)]
fn parse_a_header() -> TraceHeader {
    black_box("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1")
        .parse()
        .unwrap()
}

/// One poll of a future that is open and stays so.
#[divan::bench_group(sample_size = 1000)]
mod poll_of_an_async_fn {
    use super::*;

    async fn bare() {
        pending::<()>().await;
    }

    #[capture_method]
    async fn traced() {
        pending::<()>().await;
    }

    fn measure(bencher: Bencher<'_, '_>, future: impl Future<Output = ()>) {
        let mut future = pin!(future);
        bencher.bench_local(|| poll(future.as_mut()));
    }

    #[divan::bench(name = "bare")]
    fn without_the_attribute(bencher: Bencher<'_, '_>) {
        measure(bencher, bare());
    }

    #[divan::bench]
    fn sampled(bencher: Bencher<'_, '_>) {
        invocation(SAMPLED, &tracer(), || measure(bencher, traced()));
    }

    #[divan::bench]
    fn unsampled(bencher: Bencher<'_, '_>) {
        invocation(UNSAMPLED, &tracer(), || measure(bencher, traced()));
    }

    #[divan::bench]
    fn outside(bencher: Bencher<'_, '_>) {
        measure(bencher, traced());
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Pending once.
async fn turn() {
    let mut is_second = false;
    poll_fn(|_| if std::mem::replace(&mut is_second, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
