use tracer_runtime::capture_method;

#[capture_method(crate = "my_tracer")]
fn load() -> u8 {
    1
}

fn main() {}
