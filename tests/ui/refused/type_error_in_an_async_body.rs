use tracer_runtime::capture_method;

#[capture_method]
async fn load(text: &str) -> Result<u8, String> {
    if text.is_empty() {
        return Ok("empty");
    }
    Ok(1)
}

fn main() {}
