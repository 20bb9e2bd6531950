use tracer_runtime::capture_method;

struct Order;

#[capture_method]
impl Order {
    fn load() {}
}

fn main() {
    Order::load();
}
