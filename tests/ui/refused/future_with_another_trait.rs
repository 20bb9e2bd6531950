use std::future::Future;
use tracer_runtime::capture_method;

#[capture_method]
fn load() -> impl Future<Output = u8> + Send + Clone {
    std::future::ready(1)
}

fn main() {}
