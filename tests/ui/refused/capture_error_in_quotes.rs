use tracer_runtime::capture_method;

#[capture_method(capture_error = "yes")]
fn load() -> u8 {
    1
}

fn main() {}
