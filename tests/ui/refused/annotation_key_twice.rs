use tracer_runtime::capture_method;

#[capture_method(annotate("OrderId" = 1, "OrderId" = 2))]
fn load() -> u8 {
    1
}

fn main() {}
