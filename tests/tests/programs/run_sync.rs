//! Runs what any function may do.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tracer_runtime::{Handle, capture_method, put_annotation, subsegment};

use crate::program::{Act, Body, Boundary, End};
use crate::tree::At;

/// The error of a body that fails.
#[derive(Debug, thiserror::Error)]
#[error("planned to fail")]
pub(crate) struct Failed;

pub(crate) type Outcome = Result<(), Failed>;

/// Annotates, and calls a traced function, when it is dropped.
pub(crate) struct Guard(pub(crate) At);

impl Drop for Guard {
    fn drop(&mut self) {
        put_annotation(self.0.as_str(), true);
        leave(&self.0);
    }
}

#[capture_method(annotate("At" = at.as_str()))]
fn leave(at: &At) {}

pub(crate) fn end(end: End) -> Outcome {
    match end {
        End::Return => Ok(()),
        End::Fail => Err(Failed),
        // Unlike `panic!` it calls no hook, which would print each of thousands.
        End::Panic => resume_unwind(Box::new("planned to panic")),
    }
}

#[capture_method(annotate("At" = at.as_str()))]
fn call(body: &Body<Act>, at: &At) -> Outcome {
    run(body, at)
}

fn block(body: &Body<Act>, at: &At) -> Outcome {
    subsegment("block", || {
        put_annotation("At", at.as_str());
        run(body, at)
    })
}

fn run(body: &Body<Act>, at: &At) -> Outcome {
    let mut guards = Vec::new();
    for (number, act) in body.steps.iter().enumerate() {
        do_act(act, at.below(number), &mut guards)?;
    }
    end(body.end)
}

pub(crate) fn do_act(act: &Act, at: At, guards: &mut Vec<Guard>) -> Outcome {
    match act {
        Act::Annotate => put_annotation(at.as_str(), true),
        Act::Guard => guards.push(Guard(at)),
        Act::Call(body, boundary) => return bounded(*boundary, || call(body, &at)),
        Act::Block(body, boundary) => return bounded(*boundary, || block(body, &at)),
        Act::Rayon(bodies) => on_a_pool(bodies, &at),
        Act::Threads(bodies) => on_threads(bodies, &at),
        Act::LostThread(body) => {
            std::thread::scope(|scope| scope.spawn(|| contained(body, &at)).join().unwrap());
        }
    }
    Ok(())
}

fn bounded(boundary: Boundary, body: impl FnOnce() -> Outcome) -> Outcome {
    match boundary {
        Boundary::PassesOn => body(),
        Boundary::Contains => {
            let _ = catch_unwind(AssertUnwindSafe(body));
            Ok(())
        }
    }
}

fn contained(body: &Body<Act>, at: &At) {
    let _ = bounded(Boundary::Contains, || run(body, at));
}

fn on_a_pool(bodies: &[Body<Act>], at: &At) {
    let handle = Handle::current();
    // A pool of its own: jobs that wait for each other's threads cannot starve it.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.scope(|scope| {
        for (number, body) in bodies.iter().enumerate() {
            let (handle, at) = (&handle, at.below(number));
            scope.spawn(move |_| handle.enter(|| contained(body, &at)));
        }
    });
}

fn on_threads(bodies: &[Body<Act>], at: &At) {
    let handle = Handle::current();
    std::thread::scope(|scope| {
        for (number, body) in bodies.iter().enumerate() {
            let (handle, at) = (&handle, at.below(number));
            scope.spawn(move || handle.enter(|| contained(body, &at)));
        }
    });
}
