//! What is dropped when, and where a panic comes from, beside the bare function, under the rules of 2021.

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

#[path = "../../tests/unchanged/drops.rs"]
mod drops;
#[path = "../../tests/unchanged/noted.rs"]
mod noted;
#[path = "../../tests/unchanged/panics.rs"]
mod panics;
#[path = "../../tests/unchanged/places.rs"]
mod places;
