//! The commands that ask a console, as a user runs them: real processes, each with a console of its own.

mod analyze;
#[cfg(feature = "aws")]
mod aws;
mod far_end;
mod generated;
mod json;
mod lint;
mod map;
#[cfg(feature = "aws")]
mod moto;
mod running;
#[allow(dead_code, reason = "some of it is for the tests of `serve`")]
#[path = "../serve/serving.rs"]
mod serving;
mod show;
mod tail;
mod terminal;
mod traces;
mod wait;
