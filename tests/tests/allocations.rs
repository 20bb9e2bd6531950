//! In steady state a subsegment costs no allocation, and an unrecorded call none at all.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

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
