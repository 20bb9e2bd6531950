use tracer_runtime::capture_method;

#[capture_method(skip_all)]
fn load() -> u8 {
    1
}

fn main() {}
