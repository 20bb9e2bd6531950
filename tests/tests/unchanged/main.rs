//! P1: a traced function beside its bare twin, recorded, in a trace that is not sampled, and in none.

// Each function is written as a user may write it, not in the shortest way.
#![allow(clippy::await_holding_lock, clippy::let_and_return, clippy::manual_async_fn)]
#![allow(clippy::needless_pass_by_value, clippy::toplevel_ref_arg)]

#[macro_use]
#[path = "../../ui/tests/shapes/both.rs"]
mod both;
// What those shapes need of it is more.
#[allow(dead_code)]
#[path = "../../ui/tests/shapes/executor.rs"]
mod executor;

mod bounds;
mod drops;
mod noted;
mod outcomes;
mod panics;
mod places;
mod scripts;
mod sizes;
mod stack;
