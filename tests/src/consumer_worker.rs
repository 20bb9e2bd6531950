//! A consumer outside of Lambda: it continues the trace of the header that is its first argument; the second says whether it comes
//! to an `end` or does `hang`.

use tracer_runtime::{messages, subsegment};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let [header, end] = [1, 2].map(|at| std::env::args().nth(at).unwrap_or_default());
    let work = async {
        subsegment("closed", || subsegment("inside", || ()));
        if end == "hang" {
            std::future::pending::<()>().await;
        }
    };
    messages::continue_trace(&*header, "consumer-worker", work).await;
}
