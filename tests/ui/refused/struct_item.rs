use tracer_runtime::capture_method;

#[capture_method]
struct Order;

fn main() {}
