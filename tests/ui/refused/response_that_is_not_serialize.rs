use tracer_runtime::capture_method;

struct Order;

#[capture_method(capture_response = true)]
fn load() -> Result<Order, String> {
    Ok(Order)
}

fn main() {}
