#![deny(warnings)]

use tracer_runtime::{Tracer, capture_lambda_handler, capture_method};

struct Shop {
    tracer: Tracer,
}

fn is_ours(_: &String) -> bool {
    true
}

impl Shop {
    #[capture_method(
        name = "load",
        capture_response = true,
        capture_error = true,
        namespace = "orders",
        annotate("OrderId" = id, "Open" = true, "Total" = 1.5,),
        err = is_ours,
        tracer = self.tracer,
        crate = tracer_runtime,
    )]
    async fn load(&self, id: &str) -> Result<String, String> {
        Ok(id.to_owned())
    }
}

#[capture_lambda_handler(name = "shop", capture_response = false, context = header, err = "fault")]
async fn handler(header: &str) -> Result<usize, String> {
    Ok(header.len())
}

#[capture_method()]
fn empty() {}

fn main() {
    let shop = Shop { tracer: Tracer::builder().enabled(false).build() };
    drop((shop.load("1"), handler("Root=1")));
    empty();
}
