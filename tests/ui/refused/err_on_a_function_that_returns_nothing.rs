use tracer_runtime::capture_method;

#[capture_method(err = "ignore")]
fn load() {}

fn main() {}
