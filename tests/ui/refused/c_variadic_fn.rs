use tracer_runtime::capture_method;

#[capture_method]
unsafe extern "C" fn log(format: *const u8, _: ...) {
    let _ = format;
}

fn main() {}
