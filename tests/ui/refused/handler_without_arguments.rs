use tracer_runtime::capture_lambda_handler;

#[capture_lambda_handler]
async fn handler() -> u8 {
    1
}

fn main() {}
