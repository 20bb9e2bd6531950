use tracer_runtime::capture_method;

#[capture_method]
trait Store {
    fn load(&self) {}
}

fn main() {}
