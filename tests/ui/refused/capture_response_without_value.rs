use tracer_runtime::capture_method;

#[capture_method(capture_response)]
fn load() -> u8 {
    1
}

fn main() {}
