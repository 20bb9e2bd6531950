use tracer_runtime::capture_method;

#[capture_method(capture_response = true)]
#[track_caller]
fn load() -> u8 {
    1
}

fn main() {}
