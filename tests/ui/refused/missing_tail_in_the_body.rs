use tracer_runtime::capture_method;

#[capture_method]
fn load() -> u8 {
    1;
}

fn main() {}
