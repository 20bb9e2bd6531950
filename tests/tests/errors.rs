//! Powertools' behaviours of errors, panics and dropped futures (E, L): each test names its number.

use std::error::Error as StdError;
use std::fmt;

use thiserror::Error;
use tracer_runtime::{ErrorFlag, InSubsegment, add_error, capture_method, subsegment, testing};

#[derive(Debug, Error, PartialEq)]
#[error("order {0} not found")]
struct NotFound(u32);

#[derive(Debug, Error)]
#[error("the order cannot be placed")]
struct NotPlaced(#[source] NotFound);

#[capture_method]
fn inner(number: u32) -> Result<u32, NotFound> {
    if number == 0 { Err(NotFound(0)) } else { Ok(number) }
}

#[capture_method]
fn outer(number: u32) -> Result<u32, NotFound> {
    let found = inner(number)?;
    Ok(found + 1)
}

#[test]
fn behaviours_29_35_nested_calls_nest() {
    let trace = testing::capture(|| assert_eq!(outer(1), Ok(2)));
    let outer = trace.subsegment("## errors::outer");
    assert_eq!(outer.response(), 2);
    assert_eq!(outer.subsegment("inner").response(), 1);
    assert_eq!(outer.subsegment("inner").name(), "## errors::inner");
}

#[test]
fn behaviours_60_69_an_error_passed_on_is_recorded_once_and_referred_to_by_id() {
    let trace = testing::capture(|| assert_eq!(outer(0), Err(NotFound(0))));
    let outer = trace.subsegment("outer");
    let inner = outer.subsegment("inner");
    assert!(outer.is_fault() && inner.is_fault());
    let exception = &inner.exceptions()[0];
    assert_eq!(exception.type_name(), "errors::NotFound");
    assert_eq!(exception.message(), "order 0 not found");
    assert_eq!(outer.cause_id(), Some(exception.id()));
    let stack = exception.json()["stack"].as_array().unwrap();
    assert_eq!(stack[0]["label"], "errors::inner");
    assert_eq!(stack[1]["label"], "errors::outer");
    assert!(stack[0]["path"].as_str().unwrap().ends_with("errors.rs"));
    assert!(stack[0]["line"].as_u64().unwrap() < stack[1]["line"].as_u64().unwrap());
}

#[capture_method]
fn wrapping() -> Result<u32, NotPlaced> {
    inner(0).map_err(NotPlaced)
}

#[test]
fn behaviours_58_61_a_new_error_is_written_in_full_with_its_source_by_id() {
    let trace = testing::capture(wrapping);
    let wrapping = trace.subsegment("wrapping");
    let written = wrapping.exceptions();
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].message(), "the order cannot be placed");
    assert_eq!(written[0].json()["cause"], wrapping.subsegment("inner").exceptions()[0].id());
}

#[capture_method]
fn boxing() -> Result<u32, Box<dyn StdError + Send + Sync>> {
    Ok(inner(0)?)
}

#[capture_method]
fn anyhow_error() -> anyhow::Result<u32> {
    Err(anyhow::Error::new(NotPlaced(NotFound(7))))
}

#[capture_method]
fn text_error() -> Result<u32, String> {
    Err("only text".to_owned())
}

#[test]
fn behaviour_66_errors_behind_dyn_are_recognised_and_typed_from_what_they_print() {
    let trace = testing::capture(|| (boxing().is_err(), anyhow_error().is_err(), text_error().is_err()));
    assert!(trace.subsegment("boxing").cause_id().is_some(), "{trace}");
    let exceptions = trace.subsegment("anyhow_error").exceptions();
    assert_eq!((exceptions[0].type_name(), exceptions[1].type_name()), ("NotPlaced", "NotFound"));
    assert_eq!(exceptions[1].message(), "order 7 not found");
    assert_eq!(trace.subsegment("text_error").exceptions()[0].message(), "only text");
}

#[derive(Debug)]
struct OnlyDebug;
struct Nothing;

#[capture_method]
fn debug_error() -> Result<u32, OnlyDebug> {
    Err(OnlyDebug)
}

#[capture_method]
fn mute_error() -> Result<u32, Nothing> {
    Err(Nothing)
}

#[capture_method]
fn borrowed_error(text: &str) -> Result<u32, Borrowed<'_>> {
    Err(Borrowed(text))
}

struct Borrowed<'a>(&'a str);

impl fmt::Display for Borrowed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[test]
fn any_error_is_captured_without_a_bound() {
    let trace = testing::capture(|| {
        let text = String::from("borrowed");
        let _ = (debug_error(), mute_error().is_err(), borrowed_error(&text).is_err());
    });
    assert_eq!(trace.subsegment("debug_error").exceptions()[0].message(), "OnlyDebug");
    assert!(trace.subsegment("mute_error").is_fault());
    assert_eq!(trace.subsegment("borrowed_error").exceptions()[0].message(), "borrowed");
}

fn flag(error: &NotFound) -> ErrorFlag {
    if error.0 == 0 { ErrorFlag::Error } else { ErrorFlag::Throttle }
}

fn is_fault(error: &NotFound) -> bool {
    error.0 == 0
}

#[capture_method(err = "error")]
fn as_error() -> Result<(), NotFound> {
    Err(NotFound(0))
}

#[capture_method(err = "ignore")]
fn as_nothing() -> Result<(), NotFound> {
    Err(NotFound(0))
}

#[capture_method(err = flag)]
fn by_predicate(number: u32) -> Result<(), NotFound> {
    Err(NotFound(number))
}

#[capture_method(err = is_fault)]
async fn by_bool(number: u32) -> Result<(), NotFound> {
    Err(NotFound(number))
}

#[tokio::test]
async fn behaviour_55_an_error_is_a_fault_unless_the_attribute_says_otherwise() {
    let trace = testing::capture_async(async {
        let _ =
            (as_error(), as_nothing(), by_predicate(0), by_predicate(1), by_bool(0).await, by_bool(1).await);
    })
    .await;
    assert!(trace.subsegment("as_error").is_error() && !trace.subsegment("as_error").is_fault());
    let nothing = trace.subsegment("as_nothing");
    assert!(!nothing.is_error() && !nothing.is_fault() && nothing.json()["cause"].is_null());
    let by_predicate = trace.find("by_predicate");
    assert!(by_predicate[0].is_error() && !by_predicate[0].is_throttle());
    assert!(by_predicate[1].is_error() && by_predicate[1].is_throttle());
    let by_bool = trace.find("by_bool");
    assert!(by_bool[0].is_fault() && !by_bool[1].is_fault());
}

#[capture_method(capture_error = true)]
fn panics(what: &str) {
    panic!("of {what}");
}

#[test]
fn behaviour_67_a_panic_is_a_fault_with_its_text_and_goes_on() {
    let trace = testing::capture(|| {
        let payload = std::panic::catch_unwind(|| subsegment("around", || panics("panic"))).unwrap_err();
        assert_eq!(payload.downcast_ref::<String>().unwrap(), "of panic");
    });
    let panics = trace.subsegment("panics");
    assert!(panics.is_fault());
    assert_eq!((panics.exceptions()[0].type_name(), panics.exceptions()[0].message()), ("panic", "of panic"));
    assert!(trace.subsegment("around").is_fault());
    assert_eq!(trace.subsegment("around").cause_id(), Some(panics.exceptions()[0].id()));
}

#[capture_method]
async fn never_ends() {
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn behaviour_68_a_dropped_future_is_cancelled_without_a_fault() {
    let trace = testing::capture_async(async {
        tokio::select! {
            () = never_ends() => {}
            () = async {}.in_subsegment("winner") => {}
        }
    })
    .await;
    let loser = trace.find("never_ends");
    if let [loser] = loser[..] {
        assert!(loser.is_cancelled() && !loser.is_fault() && !loser.is_error());
    }
    let trace = testing::capture_async(async {
        let mut future = Box::pin(never_ends());
        assert!(futures_util::poll!(future.as_mut()).is_pending());
    })
    .await;
    assert!(trace.subsegment("never_ends").is_cancelled());
    assert!(!trace.subsegment("never_ends").is_in_progress());
}

fn panicking_predicate(_: &NotFound) -> bool {
    panic!("in a test")
}

#[capture_method(err = panicking_predicate)]
fn with_panicking_predicate() -> Result<(), NotFound> {
    Err(NotFound(1))
}

#[test]
fn a_predicate_that_panics_changes_nothing() {
    let trace = testing::capture(|| assert_eq!(with_panicking_predicate(), Err(NotFound(1))));
    assert!(trace.subsegment("with_panicking_predicate").is_fault());
}

#[capture_method(capture_error = false)]
fn adds_an_error_silently() {
    add_error(&NotFound(7));
}

#[test]
fn an_added_error_leaks_no_text_without_capture() {
    let trace = testing::capture(adds_an_error_silently);
    assert!(trace.subsegment("adds_an_error_silently").is_fault());
    assert!(!trace.documents().concat().contains("not found"));
}
