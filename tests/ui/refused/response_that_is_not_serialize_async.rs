use tracer_runtime::capture_method;

struct Order;

#[capture_method(capture_response = true)]
async fn load() -> Order {
    Order
}

fn main() {}
