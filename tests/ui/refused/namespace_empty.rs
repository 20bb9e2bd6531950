use tracer_runtime::capture_method;

#[capture_method(namespace = "")]
fn load() -> u8 {
    1
}

fn main() {}
