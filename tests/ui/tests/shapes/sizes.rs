//! How much larger a traced future is.

use tracer_runtime::capture_method;

use crate::executor::pause;

both! {
    pub(super) async fn without_argument() { pause().await; }
    pub(super) async fn with_argument(text: &str) -> usize { pause().await; text.len() }
}

#[capture_method]
async fn below(text: &str) -> usize {
    traced::with_argument(text).await
}

/// What a subsegment adds: the future's own state, and whatever the arguments take.
const ADDED: usize = 64;

#[test]
fn a_level_costs_little() {
    let grown = size_of_val(&traced::without_argument()) - size_of_val(&bare::without_argument());
    println!("without argument: {grown}");
    assert!(grown <= ADDED, "{grown}");

    // The argument is moved into the traced body, which keeps it once more.
    let grown = size_of_val(&traced::with_argument("a")) - size_of_val(&bare::with_argument("a"));
    println!("with argument: {grown}, two levels: {}", size_of_val(&below("a")));
    assert!(grown <= ADDED + size_of::<&str>(), "{grown}");
}
