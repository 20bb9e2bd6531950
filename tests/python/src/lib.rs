//! A Python for the tests that cross languages, and what is said where there is none.

mod python;
mod skip;

pub use python::Python;
pub use skip::skipped;
