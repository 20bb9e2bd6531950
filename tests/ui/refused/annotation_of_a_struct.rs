use tracer_runtime::capture_method;

struct Order;

#[capture_method(annotate("Order" = order))]
fn load(order: Order) -> Order {
    order
}

fn main() {}
