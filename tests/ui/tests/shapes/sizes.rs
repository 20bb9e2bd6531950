//! How much larger a traced future is.

use tracer_runtime::capture_method;

use crate::executor::pause;

async fn bare(text: &str) -> usize {
    pause().await;
    text.len()
}

#[capture_method]
async fn traced(text: &str) -> usize {
    pause().await;
    text.len()
}

#[capture_method]
async fn traced_below(text: &str) -> usize {
    traced(text).await
}

#[test]
fn a_level_costs_little() {
    let (of_bare, of_traced) = (size_of_val(&bare("a")), size_of_val(&traced("a")));
    let of_two = size_of_val(&traced_below("a"));
    println!("bare {of_bare}, traced {of_traced}, two levels {of_two}");
    // The argument is moved into the traced body, which keeps it once more.
    let argument = 2 * size_of::<&str>();
    assert!(
        of_traced <= of_bare + 64 + argument,
        "bare {of_bare}, traced {of_traced}"
    );
}
