//! What holds for filter expressions as a whole.

mod evaluate;
mod examples;
pub(crate) mod generate;
mod groups;
mod parse;
mod prefilter;
mod refuse;
