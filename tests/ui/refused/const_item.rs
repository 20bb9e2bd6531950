use tracer_runtime::capture_method;

#[capture_method]
const LIMIT: u8 = 1;

fn main() {}
