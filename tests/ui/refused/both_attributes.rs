use tracer_runtime::{capture_lambda_handler, capture_method};

#[capture_method]
#[capture_lambda_handler(context = env)]
fn load() {}

fn main() {
    load();
}
