use tracer_runtime::capture_method;

#[capture_method(name)]
fn load() -> u8 {
    1
}

fn main() {}
