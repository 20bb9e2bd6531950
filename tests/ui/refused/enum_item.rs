use tracer_runtime::capture_method;

#[capture_method]
enum Order {
    Open,
}

fn main() {}
