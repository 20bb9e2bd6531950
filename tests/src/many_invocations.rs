//! Prints the resident memory of a process that lives through many invocations of every kind.
//!
//! `many-invocations 1000000` runs them one after the other; `many-invocations 3 overlapping 1000 4000` opens a thousand
//! at once, each with four kilobytes of values, three times.

use std::fmt;
use std::future::{Future, pending};
use std::net::UdpSocket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{SystemTime, UNIX_EPOCH};

use lambda_runtime::LambdaEvent;
use tracer_runtime::{
    Handle, Tracer, UdpSink, capture_lambda_handler, capture_method, put_annotation, put_metadata, subsegment,
};
use tracer_tests::{SAMPLED, UNSAMPLED};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse().ok());
    // Nobody reads it: the kernel keeps what fits and drops the rest.
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("a bound socket has an address").to_string();
    let daemon = address.parse().expect("a socket address is a daemon's");
    let tracer = Tracer::builder().enabled(true).sink(UdpSink::new(daemon)).build();
    std::panic::set_hook(Box::new(|_| ()));
    let rounds = number(0).unwrap_or(1_000_000);
    match number(2) {
        Some(at_once) => {
            let bytes = number(3).unwrap_or(4_000);
            (1..=rounds).for_each(|round| overlap(&tracer, round, at_once, bytes));
        }
        None => one_by_one(&tracer, rounds),
    }
}

fn one_by_one(tracer: &Tracer, count: usize) {
    let marks = [count / 10, count / 2, count];
    for at in 1..=count {
        live(tracer, at);
        if marks.contains(&at) {
            report(&format!("after {at}"));
        }
    }
}

fn live(tracer: &Tracer, at: usize) {
    match at % 7 {
        0 => drop(handler(event(UNSAMPLED), tracer, at)),
        1 => drop(catch_unwind(AssertUnwindSafe(|| panics(event(SAMPLED), tracer)))),
        2 => cancel(tracer),
        3 => {
            let mut late = event(SAMPLED);
            late.context.deadline = now() + 1;
            let _ = handler(late, tracer, at);
        }
        4 => leaves_something_behind(event(SAMPLED), tracer).enter(|| subsegment("late", || ())),
        _ => drop(handler(event(SAMPLED), tracer, at)),
    }
}

/// So many invocations are open at once before the first ends.
fn overlap(tracer: &Tracer, round: usize, at_once: usize, bytes: usize) {
    let mut task = Context::from_waker(Waker::noop());
    let hang = |_| Box::pin(hangs(event(SAMPLED), tracer.clone(), bytes));
    let mut open: Vec<_> = (0..at_once).map(hang).collect();
    for future in &mut open {
        let _ = future.as_mut().poll(&mut task);
    }
    report(&format!("round {round}, {at_once} are open"));
    drop(open);
    report(&format!("round {round}, all are gone"));
}

#[capture_lambda_handler(tracer = tracer)]
fn handler(event: LambdaEvent<()>, tracer: &Tracer, at: usize) -> Result<usize, fmt::Error> {
    let _ = (event, tracer);
    put_annotation("At", at);
    for child in 0..3 {
        step(child);
    }
    put_metadata("value", &"x".repeat(at % 3_000));
    if at.is_multiple_of(5) { Err(fmt::Error) } else { Ok(at) }
}

#[capture_method]
fn step(number: usize) -> usize {
    put_annotation("Number", number);
    number
}

#[capture_lambda_handler(tracer = tracer)]
fn panics(event: LambdaEvent<()>, tracer: &Tracer) {
    let _ = (event, tracer);
    step(1);
    panic!("asked to panic");
}

#[capture_lambda_handler(tracer = tracer)]
fn leaves_something_behind(event: LambdaEvent<()>, tracer: &Tracer) -> Handle {
    let _ = (event, tracer);
    Handle::current()
}

#[capture_lambda_handler(tracer = tracer)]
async fn hangs(event: LambdaEvent<()>, tracer: Tracer, bytes: usize) {
    let _ = (event, tracer);
    for child in 0..10 {
        step(child);
        put_metadata(&format!("value{child}"), &"x".repeat(bytes / 10));
    }
    pending::<()>().await;
}

fn cancel(tracer: &Tracer) {
    let future = pin!(hangs(event(SAMPLED), tracer.clone(), 4_000));
    let _ = future.poll(&mut Context::from_waker(Waker::noop()));
}

fn event(header: &str) -> LambdaEvent<()> {
    let mut context = lambda_runtime::Context::default();
    context.xray_trace_id = Some(header.to_owned());
    LambdaEvent::new((), context)
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(0)
}

fn report(when: &str) {
    println!("{when}: {} KiB resident", resident_kib().unwrap_or(0));
}

/// As Linux tells it.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
