//! Every shape of function, annotated and bare, run side by side under the strictest lints.

#![deny(
    warnings,
    missing_docs,
    unused,
    unreachable_code,
    unsafe_op_in_unsafe_fn,
    clippy::all,
    clippy::pedantic
)]
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
mod both;

mod annotations;
mod drop_order;
mod executor;
mod functions;
mod futures;
mod handlers;
mod hygiene;
mod methods;
mod panics;
mod sizes;
