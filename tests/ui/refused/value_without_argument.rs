use tracer_runtime::capture_method;

#[capture_method("load")]
fn load() -> u8 {
    1
}

fn main() {}
