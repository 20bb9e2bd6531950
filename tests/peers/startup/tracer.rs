use tracer_runtime::{capture_lambda_handler, capture_method, put_annotation};

#[capture_lambda_handler(context = env)]
fn handler() {
    child(1);
}

#[capture_method]
fn child(number: u32) {
    put_annotation("Number", number);
}

fn main() {
    handler();
    println!("hello");
}
