//! Random programs as data: what a traced function may do.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;

/// Steps in their order, and how the body ends after the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Body<S> {
    pub(crate) steps: Vec<S>,
    pub(crate) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Return,
    Fail,
    Panic,
}

/// Whether what fails inside stops there, or goes on to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boundary {
    Contains,
    PassesOn,
}

/// What any function may do.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Annotate,
    /// Annotates, and calls a traced function, when the body is left, however it is left.
    Guard,
    Call(Body<Act>, Boundary),
    Block(Body<Act>, Boundary),
    /// Each body on a pool's threads, with a handle.
    Rayon(Vec<Body<Act>>),
    /// Each body on a scoped thread, with a handle.
    Threads(Vec<Body<Act>>),
    /// On a scoped thread, without a handle: in no trace.
    LostThread(Body<Act>),
}

/// How a function that is awaited is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Function,
    Method,
    OpaqueFuture,
    BoxedFuture,
}

/// What carries the current subsegment to a task.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Carrier {
    Spawn,
    InCurrentSubsegment,
    Handle,
}

/// What an `async` function may do.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Act(Act),
    Yield,
    Await(Shape, Body<Step>, Boundary),
    Block(Body<Step>, Boundary),
    JoinMacro(Box<[Body<Step>; 2]>),
    JoinAll(Vec<Body<Step>>),
    Unordered(Vec<Body<Step>>),
    /// The losers hang when the winner begins, and are dropped when it ends.
    Select {
        losers: Vec<Hanging>,
        winner: Body<Step>,
    },
    Task(Carrier, Body<Step>),
    JoinSet(Vec<Body<Step>>),
    /// A task that hangs and is aborted.
    Aborted(Hanging),
    /// A task that is joined after everything else has ended.
    Outlives(Body<Step>),
    /// A task without a carrier: in no trace.
    LostTask(Body<Step>),
    /// A blocking thread that blocks on a future.
    Blocking(Body<Step>),
    /// A future that is first polled in one block and ends in the next.
    Handover(Body<Step>),
    /// A traced stream: the bodies that make its items, what the consumer does after each, how often it asks.
    Stream {
        items: Vec<Body<Step>>,
        consumer: Body<Step>,
        asked: usize,
    },
}

/// A chain of traced calls, the innermost of which never ends.
#[derive(Debug, Clone)]
pub(crate) struct Hanging {
    pub(crate) levels: Vec<Body<Step>>,
}

fn end() -> impl Strategy<Value = End> + Clone {
    prop_oneof![8 => Just(End::Return), 1 => Just(End::Fail), 1 => Just(End::Panic)]
}

fn boundary() -> impl Strategy<Value = Boundary> + Clone {
    prop_oneof![Just(Boundary::Contains), Just(Boundary::PassesOn)]
}

fn body<S: Debug>(step: impl Strategy<Value = S> + Clone) -> impl Strategy<Value = Body<S>> + Clone {
    (vec(step, 0..5), end()).prop_map(|(steps, end)| Body { steps, end })
}

fn acts() -> impl Strategy<Value = Act> + Clone {
    let leaf = prop_oneof![3 => Just(Act::Annotate), 1 => Just(Act::Guard)];
    leaf.prop_recursive(3, 16, 4, |act| {
        let body = body(act);
        prop_oneof![
            4 => (body.clone(), boundary()).prop_map(|(body, boundary)| Act::Call(body, boundary)),
            2 => (body.clone(), boundary()).prop_map(|(body, boundary)| Act::Block(body, boundary)),
            1 => vec(body.clone(), 1..4).prop_map(Act::Rayon),
            1 => vec(body.clone(), 1..4).prop_map(Act::Threads),
            1 => body.prop_map(Act::LostThread),
        ]
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Function),
        Just(Shape::Method),
        Just(Shape::OpaqueFuture),
        Just(Shape::BoxedFuture)
    ]
}

fn carrier() -> impl Strategy<Value = Carrier> {
    prop_oneof![Just(Carrier::Spawn), Just(Carrier::InCurrentSubsegment), Just(Carrier::Handle)]
}

fn steps() -> impl Strategy<Value = Step> + Clone {
    let leaf = prop_oneof![3 => acts().prop_map(Step::Act), 2 => Just(Step::Yield)];
    leaf.prop_recursive(4, 48, 5, |step| {
        let body = body(step);
        let bodies = || vec(body.clone(), 1..4);
        let hanging = vec(body.clone(), 1..4).prop_map(|levels| Hanging { levels });
        prop_oneof![
            6 => (shape(), body.clone(), boundary()).prop_map(|(shape, body, boundary)| Step::Await(shape, body, boundary)),
            2 => (body.clone(), boundary()).prop_map(|(body, boundary)| Step::Block(body, boundary)),
            1 => (body.clone(), body.clone()).prop_map(|(one, other)| Step::JoinMacro(Box::new([one, other]))),
            1 => bodies().prop_map(Step::JoinAll),
            1 => bodies().prop_map(Step::Unordered),
            2 => (vec(hanging.clone(), 1..3), body.clone())
                .prop_map(|(losers, winner)| Step::Select { losers, winner }),
            2 => (carrier(), body.clone()).prop_map(|(carrier, body)| Step::Task(carrier, body)),
            1 => bodies().prop_map(Step::JoinSet),
            1 => hanging.prop_map(Step::Aborted),
            1 => body.clone().prop_map(Step::Outlives),
            1 => body.clone().prop_map(Step::LostTask),
            1 => body.clone().prop_map(Step::Blocking),
            1 => body.clone().prop_map(Step::Handover),
            1 => (bodies(), body.clone(), 0..5_usize)
                .prop_map(|(items, consumer, asked)| Step::Stream { items, consumer, asked }),
        ]
    })
}

/// Whole programs.
pub(crate) fn programs() -> impl Strategy<Value = Body<Step>> {
    (vec(steps(), 1..7), end()).prop_map(|(steps, end)| Body { steps, end })
}
