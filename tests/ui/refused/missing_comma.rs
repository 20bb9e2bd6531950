use tracer_runtime::capture_method;

#[capture_method(name = "a" namespace = "b")]
fn load() -> u8 {
    1
}

fn main() {}
