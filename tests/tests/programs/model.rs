//! The plain model: what a program records, from the program alone.

use crate::program::{Act, Body, Boundary, End, Hanging, Step};
use crate::tree::{At, Node, sorted};

/// How a body ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed,
    Panicked,
}

use Outcome::{Done, Failed, Panicked};

/// The subsegments that the whole program records.
pub(crate) fn forest(program: &Body<Step>) -> Vec<Node> {
    let start = At::start();
    let mut root = Node::at(&start);
    body(program, &start, &mut root);
    sorted(vec![root])
}

/// What a step adds to the subsegment that is current there.
trait Modelled {
    fn add_to(&self, current: &mut Node, at: &At) -> Outcome;
}

fn body<S: Modelled>(body: &Body<S>, at: &At, current: &mut Node) -> Outcome {
    for (number, step) in body.steps.iter().enumerate() {
        let outcome = step.add_to(current, &at.below(number));
        if outcome != Done {
            return outcome;
        }
    }
    match body.end {
        End::Return => Done,
        End::Fail => Failed,
        End::Panic => Panicked,
    }
}

/// Bodies that run beside each other in the current subsegment, each with a boundary of its own.
fn beside<S: Modelled>(bodies: &[Body<S>], at: &At, current: &mut Node) -> Outcome {
    for (number, branch) in bodies.iter().enumerate() {
        body(branch, &at.below(number), current);
    }
    Done
}

/// A traced function: a fault where it returns an error or panics.
fn call<S: Modelled>(inside: &Body<S>, at: &At, current: &mut Node) -> Outcome {
    let mut node = Node::at(at);
    let outcome = body(inside, at, &mut node);
    node.is_fault = outcome != Done;
    current.children.push(node);
    outcome
}

/// A block: it does not look at what it returns.
fn block<S: Modelled>(inside: &Body<S>, at: &At, current: &mut Node) -> Outcome {
    let mut node = Node::at(at);
    let outcome = body(inside, at, &mut node);
    node.is_fault = outcome == Panicked;
    current.children.push(node);
    outcome
}

fn contained(outcome: Outcome, boundary: Boundary) -> Outcome {
    if boundary == Boundary::Contains { Done } else { outcome }
}

/// What a guard does when it is dropped.
fn guard(at: &At, current: &mut Node) {
    current.annotate(at.as_str(), true);
    current.children.push(Node::at(at));
}

/// In no trace: whatever happens, nothing of it is seen.
fn lost<S: Modelled>(inside: &Body<S>, at: &At) -> Outcome {
    body(inside, at, &mut Node::default());
    Done
}

fn hanging(levels: &[Body<Step>], at: &At, current: &mut Node) {
    let Some((level, deeper)) = levels.split_first() else { return };
    let mut node = Node::at(at);
    body(level, &at.below(0), &mut node);
    hanging(deeper, &at.below(1), &mut node);
    guard(&at.below(2), &mut node);
    node.annotate("Cancelled", true);
    current.children.push(node);
}

fn all_hanging(all: &[Hanging], at: &At, current: &mut Node) {
    for (number, one) in all.iter().enumerate() {
        hanging(&one.levels, &at.below(number), current);
    }
}

fn handover(inside: &Body<Step>, at: &At, current: &mut Node) {
    let mut first = Node::at(&at.below(0));
    call(inside, &at.below(2), &mut first);
    current.children.extend([first, Node::at(&at.below(1))]);
}

fn stream(items: &[Body<Step>], consumer: &Body<Step>, asked: usize, at: &At, current: &mut Node) {
    let mut node = Node::at(&at.below(0));
    beside(&items[..asked.min(items.len())], &at.below(0), &mut node);
    if asked <= items.len() {
        node.annotate("Cancelled", true);
    }
    if asked > 0 {
        current.children.push(node);
    }
    for round in 0..asked {
        body(consumer, &at.below(1).below(round), current);
    }
}

impl Modelled for Act {
    fn add_to(&self, current: &mut Node, at: &At) -> Outcome {
        match self {
            Self::Annotate => {
                current.annotate(at.as_str(), true);
                Done
            }
            Self::Guard => {
                guard(at, current);
                Done
            }
            Self::Call(inside, boundary) => contained(call(inside, at, current), *boundary),
            Self::Block(inside, boundary) => contained(block(inside, at, current), *boundary),
            Self::Rayon(bodies) | Self::Threads(bodies) => beside(bodies, at, current),
            Self::LostThread(inside) => lost(inside, at),
        }
    }
}

impl Modelled for Step {
    fn add_to(&self, current: &mut Node, at: &At) -> Outcome {
        match self {
            Self::Act(act) => return act.add_to(current, at),
            Self::Yield => {}
            Self::Await(_, inside, boundary) => return contained(call(inside, at, current), *boundary),
            Self::Block(inside, boundary) => return contained(block(inside, at, current), *boundary),
            Self::JoinMacro(bodies) => return beside(&bodies[..], at, current),
            Self::JoinAll(bodies) | Self::Unordered(bodies) | Self::JoinSet(bodies) => {
                return beside(bodies, at, current);
            }
            Self::Select { losers, winner } => {
                all_hanging(losers, at, current);
                return body(winner, &at.below(losers.len()), current);
            }
            Self::Task(_, inside) | Self::Outlives(inside) | Self::Blocking(inside) => {
                call(inside, at, current);
            }
            Self::LostTask(inside) => return lost(inside, at),
            Self::Aborted(one) => {
                hanging(&one.levels, &at.below(0), current);
                guard(&at.below(1), current);
            }
            Self::Handover(inside) => handover(inside, at, current),
            Self::Stream { items, consumer, asked } => stream(items, consumer, *asked, at, current),
        }
        Done
    }
}
