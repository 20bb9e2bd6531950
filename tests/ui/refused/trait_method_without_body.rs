use tracer_runtime::capture_method;

trait Store {
    #[capture_method]
    fn load(&self) -> u8;
}

impl Store for u8 {
    fn load(&self) -> u8 {
        *self
    }
}

fn main() {
    1_u8.load();
}
