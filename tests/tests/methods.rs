//! Powertools' behaviours of methods (C, D): each test names its number.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use serde_json::json;
use tracer_runtime::{
    Namespace, Tracer, add_error, annotate, capture_method, put_annotation, put_metadata, put_metadata_in,
    set_http_request, set_http_response, set_namespace, set_sql, subsegment, subsegment_async, testing,
};

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
fn returns_future(number: u8) -> impl Future<Output = Result<u8, fmt::Error>> + Send {
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
        subsegment("handled", || add_error(&fmt::Error));
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

#[capture_method]
fn annotates_from_a_lock(values: &Mutex<Vec<u8>>) -> Option<u8> {
    annotate!("Last" = values.lock().unwrap().pop(), "Left" = values.lock().unwrap().len());
    let mut counted = values.lock().unwrap().len();
    annotate!(
        "Before" = counted,
        "After" = {
            counted += 1;
            counted
        },
        "None" = values.lock().unwrap().pop()?
    );
    None
}

#[test]
fn each_value_of_annotate_is_a_statement_of_its_own() {
    let values = Mutex::new(vec![7]);
    let trace = testing::capture(|| assert_eq!(annotates_from_a_lock(&values), None));
    let annotated = trace.subsegment("annotates_from_a_lock").json()["annotations"].clone();
    assert_eq!(annotated, json!({ "Last": 7, "Left": 0, "Before": 0, "After": 1 }));
}
