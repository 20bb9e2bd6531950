use tracer_runtime::capture_method;

#[capture_method(annotate())]
fn load() -> u8 {
    1
}

fn main() {}
