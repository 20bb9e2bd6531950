use tracer_runtime::capture_method;

#[capture_method(name = "a", capture_error = true, name = "b")]
fn load() -> u8 {
    1
}

fn main() {}
