use tracer_runtime::capture_method;

fn is_ours(_: &u8) -> bool {
    true
}

#[capture_method(err = is_ours)]
fn load() -> Result<u8, String> {
    Ok(1)
}

fn main() {}
