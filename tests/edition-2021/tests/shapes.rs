//! The shapes whose temporaries and captures follow the edition, once more under the rules of 2021.

// Each shape is written as a user may write it, not in the shortest way.
#![allow(
    clippy::missing_errors_doc,
    clippy::needless_lifetimes,
    clippy::needless_pass_by_value,
    clippy::toplevel_ref_arg,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    clippy::unused_async,
    clippy::unused_self
)]

#[macro_use]
#[path = "../../ui/tests/shapes/both.rs"]
mod both;

#[path = "../../ui/tests/shapes/drop_order.rs"]
mod drop_order;
#[path = "../../ui/tests/shapes/executor.rs"]
mod executor;
#[path = "../../ui/tests/shapes/functions.rs"]
mod functions;
#[path = "../../ui/tests/shapes/panics.rs"]
mod panics;
