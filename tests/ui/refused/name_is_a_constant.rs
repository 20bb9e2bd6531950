use tracer_runtime::capture_method;

const NAME: &str = "load";

#[capture_method(name = NAME)]
fn load() -> &'static str {
    NAME
}

fn main() {
    load();
}
