use tracer_runtime::capture_method;

#[capture_method(capture_response = true)]
fn load<T>(value: T) -> T {
    value
}

fn main() {}
