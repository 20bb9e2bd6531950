use tracer_runtime::capture_method;

#[capture_method(annotate("order-id" = 1))]
fn load() -> u8 {
    1
}

fn main() {}
