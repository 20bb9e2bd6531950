use futures_core::Stream;
use tracer_runtime::capture_lambda_handler;

#[capture_lambda_handler(context = env)]
fn handler() -> std::pin::Pin<Box<dyn Stream<Item = u8>>> {
    unimplemented!()
}

fn main() {}
