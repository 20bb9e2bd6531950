use tracer_runtime::capture_method;

#[capture_method(captureResponse = false)]
fn load() -> u8 {
    1
}

fn main() {}
