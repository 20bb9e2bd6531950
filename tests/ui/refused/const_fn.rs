use tracer_runtime::capture_method;

#[capture_method]
const fn load() -> u8 {
    1
}

const LOADED: u8 = load();

fn main() {
    assert_eq!(LOADED, 1);
}
