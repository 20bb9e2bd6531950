//! X-Ray on your own machine.
fn main() {}
