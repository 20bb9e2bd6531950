//! P6, compiled out: a function with an attribute is the same machine instructions as the bare one.

mod assembly;

use assembly::Assembly;

/// Each is traced, or polls what is.
const TWINS: [&str; 17] = [
    "add",
    "every_argument",
    "calls",
    "macros",
    "block",
    "track_caller",
    "generic::<alloc::string::String>",
    "<Order>::total",
    "<Order as core::iter::traits::iterator::Iterator>::next",
    "handler",
    "poll_arguments_named_only",
    "poll_async_handler",
    "poll_load",
    "poll_future",
    "poll_nested",
    "poll_send",
    "async_handler::{closure#0}",
];

/// The one exception, which the README names: a value that only `annotate!` names is borrowed by it, and an `async fn` keeps
/// what was borrowed over the waits that follow.
const KEPT: &str = "named_before_a_wait";

#[test]
fn compiled_out_an_annotated_function_is_the_same_instructions_as_the_bare_one() {
    let bare = Assembly::of_twins("");
    let compiled_out = Assembly::of_twins("traced");
    for twin in TWINS {
        assert!(bare.function(twin).is_some(), "{twin} is compared:\n{bare}");
    }
    assert_eq!(bare.names(), compiled_out.names());
    for name in bare.names().into_iter().filter(|name| !name.contains(KEPT)) {
        assert_eq!(bare.function(name), compiled_out.function(name), "{name}");
    }
}

#[test]
fn compiled_in_the_comparison_finds_every_difference() {
    let bare = Assembly::of_twins("");
    let compiled_in = Assembly::of_twins("traced,enable");
    for twin in TWINS {
        assert_ne!(bare.function(twin), compiled_in.function(twin), "{twin}");
    }
    assert_eq!(bare.function("costly"), compiled_in.function("costly"));
}
