use futures_core::Stream;
use tracer_runtime::capture_method;

#[capture_method(capture_response = true)]
fn load(of: impl Stream<Item = u8>) -> impl Stream<Item = u8> {
    of
}

fn main() {}
