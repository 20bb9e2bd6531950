#![deny(warnings)]

use tracer_runtime::capture_method;

#[capture_method]
fn load(order: u8, mut limit: u8) -> u8 {
    let unused = 1;
    limit
}

#[capture_method]
async fn unused_argument(order: u8) {}

#[capture_method]
fn unreachable_statement() -> u8 {
    return 1;
    println!();
}

fn main() {
    load(1, 2);
    drop(unused_argument(1));
    unreachable_statement();
}
