use std::rc::Rc;
use tracer_runtime::capture_method;

#[capture_method]
async fn load(held: Rc<u8>) -> u8 {
    pause().await;
    *held
}

async fn pause() {}

fn spawn(_: impl Send) {}

fn main() {
    spawn(load(Rc::new(1)));
}
