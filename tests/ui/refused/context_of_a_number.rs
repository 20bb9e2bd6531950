use tracer_runtime::capture_lambda_handler;

#[capture_lambda_handler(context = 5)]
fn handler() {}

fn main() {}
