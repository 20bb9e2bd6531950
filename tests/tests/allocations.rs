//! In steady state a subsegment costs no allocation, and an unrecorded call none at all.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use futures_util::FutureExt;
use tower::{Layer, Service, service_fn};
use tracer_runtime::http_client::TracerLayer;
use tracer_runtime::{
    NotSent, Sink, Tracer, capture_lambda_handler, capture_method, metadata, put_annotation,
};

/// Counts the allocations of this thread.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[allow(unsafe_code)]
// SAFETY: everything is left to `System`; the counter is a thread-local without a destructor, so it allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of<R>(body: impl FnOnce() -> R) -> usize {
    let before = COUNT.with(Cell::get);
    let _ = body();
    COUNT.with(Cell::get) - before
}

#[derive(Debug)]
struct Nowhere;

impl Sink for Nowhere {
    fn send(&self, _datagram: &[u8]) -> Result<(), NotSent> {
        Ok(())
    }
}

#[capture_method(capture_response = false)]
fn child(number: u32) -> u32 {
    put_annotation("Name", "a child");
    put_annotation("Number", number);
    metadata!("details" = [number, number, number]);
    number
}

#[capture_lambda_handler(context = header, tracer = tracer, capture_response = false)]
fn handler(header: &str, tracer: &Tracer, children: u32) -> u32 {
    (0..children).map(child).sum()
}

const SAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
const UNSAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";

#[test]
fn a_warm_process_allocates_nothing_for_a_subsegment() {
    let tracer = Tracer::builder().enabled(true).sink(Nowhere).build();
    for _ in 0..20 {
        handler(SAMPLED, &tracer, 100);
        handler(UNSAMPLED, &tracer, 100);
    }
    let few = allocations_of(|| handler(SAMPLED, &tracer, 1));
    let many = allocations_of(|| handler(SAMPLED, &tracer, 100));
    assert_eq!(many, few, "allocations of 100 subsegments and of one");
    assert_eq!(few, 0, "allocations of an invocation");
    assert_eq!(
        allocations_of(|| handler(UNSAMPLED, &tracer, 100)),
        0,
        "allocations where nothing is recorded"
    );
}

/// What one request allocates from its call to the end of its body.
fn allocations_of_request<S, B>(client: &mut S, url: &'static str) -> usize
where
    S: Service<http::Request<()>, Response = http::Response<B>, Error = Infallible>,
    B: http_body_util::BodyExt,
{
    let request = http::Request::get(url).body(()).unwrap();
    allocations_of(|| {
        let answered = client.call(request).now_or_never().unwrap();
        answered.unwrap().into_body().collect().now_or_never().unwrap().is_ok()
    })
}

#[capture_lambda_handler(context = header, tracer = tracer, capture_response = false)]
fn handler_of(header: &str, tracer: &Tracer, request: impl FnOnce() -> usize) -> usize {
    request()
}

#[test]
fn p6_a_request_that_is_not_traced_allocates_as_without_the_layer() {
    let answer = |_| ready(Ok(http::Response::new(http_body_util::Full::<Bytes>::from("hello"))));
    let mut bare = service_fn(answer);
    let mut traced =
        TracerLayer::new().ignore_endpoint("ignored.example", &["/a*"]).layer(service_fn(answer));
    let tracer = Tracer::builder().enabled(true).sink(Nowhere).build();
    // The first one asks the environment.
    allocations_of_request(&mut traced, "http://example.com/");
    let expected = allocations_of_request(&mut bare, "http://example.com/");
    assert_eq!(allocations_of_request(&mut traced, "http://example.com/"), expected, "outside of a trace");
    for header in [SAMPLED, UNSAMPLED] {
        let ignored = || allocations_of_request(&mut traced, "http://ignored.example/a");
        assert_eq!(handler_of(header, &tracer, ignored), expected, "ignored");
    }
}
