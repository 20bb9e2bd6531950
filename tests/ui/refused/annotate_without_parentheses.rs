use tracer_runtime::capture_method;

#[capture_method(annotate = "OrderId")]
fn load() -> u8 {
    1
}

fn main() {}
