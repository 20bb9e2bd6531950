//! Powertools' behaviours of methods and errors (C, D, E, L): each test names its number.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use serde_json::json;
use thiserror::Error;
use tracer_runtime::{
    ErrorFlag, InSubsegment, Namespace, Tracer, add_error, capture_method, put_annotation, put_metadata,
    put_metadata_in, set_http_request, set_http_response, set_namespace, set_sql, subsegment,
    subsegment_async, testing,
};

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
    let outer = trace.subsegment("## methods::outer");
    assert_eq!(outer.response(), 2);
    assert_eq!(outer.subsegment("inner").response(), 1);
    assert_eq!(outer.subsegment("inner").name(), "## methods::inner");
}

#[test]
fn behaviours_60_69_an_error_passed_on_is_recorded_once_and_referred_to_by_id() {
    let trace = testing::capture(|| assert_eq!(outer(0), Err(NotFound(0))));
    let outer = trace.subsegment("outer");
    let inner = outer.subsegment("inner");
    assert!(outer.is_fault() && inner.is_fault());
    let exception = &inner.exceptions()[0];
    assert_eq!(exception.type_name(), "methods::NotFound");
    assert_eq!(exception.message(), "order 0 not found");
    assert_eq!(outer.cause_id(), Some(exception.id()));
    let stack = exception.json()["stack"].as_array().unwrap();
    assert_eq!(stack[0]["label"], "methods::inner");
    assert_eq!(stack[1]["label"], "methods::outer");
    assert!(stack[0]["path"].as_str().unwrap().ends_with("methods.rs"));
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

#[derive(Serialize)]
struct Receipt {
    id: u8,
    #[serde(skip)]
    #[expect(dead_code, reason = "it is not serialised, which is the point")]
    secret: &'static str,
}

struct Opaque;

#[capture_method]
fn receipt() -> Receipt {
    Receipt { id: 3, secret: "secret" }
}

#[capture_method]
fn opaque() -> Opaque {
    Opaque
}

#[capture_method]
fn some(value: Option<u8>) -> Option<u8> {
    value
}

#[capture_method]
fn zero() -> (u8, &'static str, bool, Vec<u8>) {
    (0, "", false, Vec::new())
}

#[test]
fn behaviours_37_40_163_a_response_is_captured_if_it_can_be_and_is_something() {
    let trace = testing::capture(|| {
        let _ = (receipt(), opaque(), some(None), some(Some(0)), zero());
    });
    assert_eq!(trace.subsegment("receipt").response(), &json!({ "id": 3 }));
    assert!(trace.subsegment("opaque").json()["metadata"].is_null());
    assert!(trace.find("some")[0].json()["metadata"].is_null());
    assert_eq!(trace.find("some")[1].response(), 0);
    assert_eq!(trace.subsegment("zero").response(), &json!([0, "", false, []]));
}

#[test]
fn behaviour_96_the_attribute_beats_the_builder_both_ways() {
    #[capture_method(capture_response = true)]
    fn always() -> u8 {
        1
    }
    #[capture_method(capture_response = false)]
    fn never() -> u8 {
        1
    }
    #[capture_method]
    fn by_default() -> u8 {
        1
    }
    let calls = || (always(), never(), by_default());
    let off = testing::capture_with(Tracer::builder().capture_response(false), calls);
    assert_eq!(off.subsegment("always").response(), 1);
    assert!(off.subsegment("by_default").response().is_null());
    let on = testing::capture_with(Tracer::builder().capture_response(true), calls);
    assert!(on.subsegment("never").response().is_null());
    assert_eq!(on.subsegment("by_default").response(), 1);
}

struct Orders<T>(T);
struct Carts;

impl<T: Clone> Orders<T> {
    #[capture_method]
    fn first(&self) -> T {
        self.0.clone()
    }
}

impl Carts {
    #[capture_method]
    fn first(&self) -> u8 {
        0
    }

    #[capture_method(name = "make carts")]
    fn make() -> Self {
        Carts
    }
}

#[test]
fn behaviours_31_32_34_39_names_tell_types_apart_and_generics_are_left_out() {
    let trace = testing::capture(|| {
        let _ = (Orders(1_u8).first(), Orders("x").first(), Carts::make().first());
    });
    let names: Vec<_> = trace.subsegments().iter().map(|subsegment| subsegment.name().to_owned()).collect();
    assert_eq!(
        names,
        ["## methods::Orders::first", "## methods::Orders::first", "make carts", "## methods::Carts::first"]
    );
    assert_eq!(trace.subsegment("methods::Carts::first").metadata("methods::Carts::first response"), 0);
}

#[capture_method]
fn returns_future(number: u8) -> impl Future<Output = Result<u8, NotFound>> + Send {
    async move {
        put_annotation("Number", number);
        Ok(number)
    }
}

#[capture_method(annotate("Number" = number))]
fn returns_boxed<'a>(number: &'a u8) -> Pin<Box<dyn Future<Output = u8> + Send + 'a>> {
    let doubled = *number * 2;
    Box::pin(async move { doubled })
}

#[tokio::test]
async fn behaviour_42_a_returned_future_is_traced_while_it_runs() {
    let trace = testing::capture_async(async {
        let future = returns_future(1);
        subsegment("between", || ());
        assert_eq!(future.await, Ok(1));
        assert_eq!(returns_boxed(&2).await, 4);
    })
    .await;
    let names: Vec<_> = trace.subsegments().iter().map(|subsegment| subsegment.name().to_owned()).collect();
    assert_eq!(names, ["between", "## methods::returns_future", "## methods::returns_boxed"]);
    assert_eq!(trace.subsegment("returns_future").annotation("Number"), 1);
    assert_eq!(trace.subsegment("returns_future").response(), 1);
    assert_eq!(trace.subsegment("returns_boxed").annotation("Number"), 2);
    assert_eq!(trace.subsegment("returns_boxed").response(), 4);
}

#[capture_method]
fn numbers(last: u8) -> impl Stream<Item = u8> {
    stream::iter(0..last)
}

#[tokio::test]
async fn behaviours_44_46_a_stream_is_traced_to_its_end_and_an_abandoned_one_is_cancelled() {
    let trace = testing::capture_async(async {
        assert_eq!(numbers(3).collect::<Vec<_>>().await, [0, 1, 2]);
        let mut abandoned = Box::pin(numbers(3));
        assert_eq!(abandoned.next().await, Some(0));
    })
    .await;
    let [whole, abandoned] = trace.find("numbers")[..] else { panic!("{trace}") };
    assert_eq!(whole.metadata("items"), 3);
    assert!(!whole.is_cancelled());
    assert_eq!(abandoned.metadata("items"), 1);
    assert!(abandoned.is_cancelled() && !abandoned.is_fault());
}

#[capture_method]
fn fibonacci(number: u32) -> u32 {
    if number < 2 { number } else { fibonacci(number - 1) + fibonacci(number - 2) }
}

#[test]
fn recursion_nests() {
    let trace = testing::capture(|| assert_eq!(fibonacci(5), 5));
    assert_eq!(trace.find("fibonacci").len(), 15);
    assert_eq!(trace.subsegments()[0].subsegments().len(), 2);
}

#[test]
fn behaviours_70_to_74_annotations_keep_their_types_and_wrong_keys_are_mended() {
    let trace = testing::capture(|| {
        put_annotation("Nowhere", 1);
        put_metadata("nowhere", &1);
        subsegment("s", || {
            put_annotation("string", "s");
            put_annotation("number", 1.5);
            put_annotation("bool", true);
            put_annotation("order-id", 1);
        });
    });
    let annotations = &trace.subsegment("s").json()["annotations"];
    assert_eq!(annotations, &json!({ "string": "s", "number": 1.5, "bool": true, "order_id": 1 }));
}

#[capture_method(namespace = "Orders")]
fn namespaced() -> u8 {
    put_metadata("own", &1);
    put_metadata_in("Other", "own", &2);
    3
}

#[test]
fn behaviours_77_78_the_namespace_of_metadata_is_the_functions_or_the_services() {
    let trace = testing::capture_with(Tracer::builder().service("svc"), || {
        namespaced();
        subsegment("plain", || put_metadata("own", &1));
    });
    let namespaced = trace.subsegment("namespaced");
    assert_eq!(namespaced.metadata_in("Orders", "own"), 1);
    assert_eq!(namespaced.metadata_in("Other", "own"), 2);
    assert_eq!(namespaced.metadata_in("Orders", "methods::namespaced response"), 3);
    assert_eq!(trace.subsegment("plain").metadata_in("svc", "own"), 1);
}

#[tokio::test]
async fn behaviours_85_154_manual_blocks_carry_the_other_fields() {
    let trace = testing::capture_async(async {
        subsegment_async("pay.example.com", async {
            set_namespace(Namespace::Remote);
            set_http_request("POST", "https://pay.example.com/v1");
            set_http_response(429, Some(10));
        })
        .await;
        subsegment("orders@db", || set_sql("sanitized_query", "SELECT ?"));
        subsegment("handled", || add_error(&NotFound(1)));
    })
    .await;
    let pay = trace.subsegment("pay.example.com");
    assert!(pay.is_throttle() && pay.is_error() && !pay.is_fault());
    assert_eq!(pay.json()["namespace"], "remote");
    let http = json!({
        "request": { "method": "POST", "url": "https://pay.example.com/v1" },
        "response": { "status": 429, "content_length": 10 },
    });
    assert_eq!(pay.json()["http"], http);
    assert_eq!(trace.subsegment("orders@db").json()["sql"]["sanitized_query"], "SELECT ?");
    assert!(trace.subsegment("handled").is_fault());
}

#[test]
fn behaviours_160_sixty_annotations_are_all_kept() {
    let trace = testing::capture(|| {
        subsegment("s", || (0..60).for_each(|at| put_annotation(&format!("key{at}"), at)));
    });
    assert_eq!(trace.subsegment("s").json()["annotations"].as_object().unwrap().len(), 60);
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

#[test]
fn texts_that_x_ray_bounds_are_bounded() {
    let trace = testing::capture(|| {
        subsegment("call", || {
            set_http_request("GET", &format!("https://example.com/{}", "é".repeat(400)));
            set_sql("user", &"u".repeat(400));
        });
    });
    let call = trace.subsegment("call").json();
    assert_eq!(call["http"]["request"]["url"].as_str().unwrap().chars().count(), 250);
    assert_eq!(call["sql"]["user"].as_str().unwrap().len(), 250);
}
