use tracer_runtime::capture_method;

#[capture_method(context = env)]
fn load() -> u8 {
    1
}

fn main() {}
