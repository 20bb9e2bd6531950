extern crate tracer_runtime as my_tracer;

mod tracer_runtime {}

mod inner {
    pub use ::tracer_runtime as tracer;
}

use my_tracer::{capture_lambda_handler, capture_method};

#[capture_method(crate = my_tracer)]
fn load() -> u8 {
    1
}

#[capture_method(crate = crate::inner::tracer, annotate("A" = 1))]
async fn asynchronous() -> u8 {
    1
}

#[capture_lambda_handler(crate = ::my_tracer, context = env)]
fn handler() -> u8 {
    1
}

fn main() {
    drop((load(), asynchronous(), handler()));
}
