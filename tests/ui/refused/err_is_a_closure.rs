use tracer_runtime::capture_method;

#[capture_method(err = |_| true)]
fn load() -> Result<u8, String> {
    Ok(1)
}

fn main() {}
