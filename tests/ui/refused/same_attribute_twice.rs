use tracer_runtime::capture_method;

#[capture_method]
#[capture_method]
fn load() {}

fn main() {
    load();
}
