use tracer_runtime::capture_method;

#[capture_method(name = 5)]
fn load() -> u8 {
    1
}

fn main() {}
