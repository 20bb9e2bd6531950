use tracer_runtime::capture_method;

#[capture_method(capture_response = true)]
fn load() {}

fn main() {}
