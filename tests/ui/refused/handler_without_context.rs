use tracer_runtime::capture_lambda_handler;

#[capture_lambda_handler]
async fn handler(order: u32, urgent: bool) -> bool {
    urgent && order > 0
}

fn main() {}
