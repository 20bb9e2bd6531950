//! Powertools' behaviours of the handler (A, B, F, G): each test names its number.

use std::sync::Mutex;

use lambda_runtime::{Context, Error, LambdaEvent};
use serde_json::{Value, json};
use tracer_runtime::{
    InSubsegment, MemorySink, Tracer, capture_lambda_handler, capture_method, put_annotation, subsegment,
    testing,
};

const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

fn event(payload: Value, header: Option<&str>) -> LambdaEvent<Value> {
    let mut context = Context::default();
    context.xray_trace_id = header.map(str::to_owned);
    LambdaEvent::new(payload, context)
}

#[capture_lambda_handler]
async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    put_annotation("OrderId", event.payload["order"].as_str().unwrap_or("none"));
    if event.payload["fail"] == true {
        return Err("asked to fail".into());
    }
    Ok(event.payload)
}

#[tokio::test]
async fn behaviours_1_3_5_20_a_handler_is_one_subsegment_with_its_response_and_annotations() {
    let trace = testing::capture_async_with(Tracer::builder().service("orders"), async {
        let answer = handler(event(json!({ "order": "ORD-1" }), None)).await.unwrap();
        assert_eq!(answer, json!({ "order": "ORD-1" }));
    })
    .await;
    let handler = trace.subsegment("## handler");
    assert_eq!(trace.subsegments().len(), 1);
    assert_eq!(handler.annotation("OrderId"), "ORD-1");
    assert_eq!(handler.annotation("Service"), "orders");
    assert_eq!(handler.annotation("ColdStart"), true);
    assert_eq!(handler.metadata_in("orders", "handler response"), &json!({ "order": "ORD-1" }));
    let keys: Vec<_> = handler.json()["annotations"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 3);
    let text = &trace.documents()[0];
    assert!(text.find("ColdStart") < text.find("\"Service\""), "ColdStart comes first");
}

#[tokio::test]
async fn behaviours_16_25_28_only_the_first_invocation_starts_cold_even_if_it_fails() {
    let trace = testing::capture_async(async {
        for at in 0..4 {
            let _ = handler(event(json!({ "fail": at == 0 }), None)).await;
        }
    })
    .await;
    let cold: Vec<_> =
        trace.find("handler").iter().map(|handler| handler.annotation("ColdStart").clone()).collect();
    assert_eq!(cold, [json!(true), json!(false), json!(false), json!(false)]);
    let failed = trace.find("handler")[0];
    assert!(failed.is_fault());
    assert_eq!(failed.annotation("Service"), "service_undefined");
}

#[tokio::test(flavor = "multi_thread")]
async fn behaviour_27_of_overlapping_first_invocations_one_starts_cold() {
    let trace = testing::capture_async(async {
        let calls = (0..50).map(|_| tokio::spawn(handler(event(json!({}), None)).in_current_subsegment()));
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap().unwrap();
        }
    })
    .await;
    let cold = trace.find("handler").iter().filter(|handler| handler.annotation("ColdStart") == true).count();
    assert_eq!(cold, 1);
}

#[tokio::test]
async fn behaviours_49_50_54_the_same_error_reaches_the_caller_and_the_trace() {
    let trace = testing::capture_async(async {
        let error = handler(event(json!({ "fail": true }), None)).await.unwrap_err();
        assert_eq!(error.to_string(), "asked to fail");
    })
    .await;
    let handler = trace.subsegment("handler");
    assert!(handler.is_fault());
    assert_eq!(handler.exceptions()[0].message(), "asked to fail");
    assert_eq!(handler.metadata("handler error"), "asked to fail");
    assert!(handler.response().is_null());
}

#[capture_lambda_handler()]
async fn unit_handler(_event: LambdaEvent<Value>) -> Result<(), Error> {
    Ok(())
}

#[tokio::test]
async fn behaviours_2_6_parentheses_change_nothing_and_a_unit_response_is_no_metadata() {
    let trace = testing::capture_async(unit_handler(event(json!({}), None))).await;
    assert!(trace.subsegment("unit_handler").json()["metadata"].is_null());
}

#[capture_lambda_handler(capture_response = false, capture_error = false)]
async fn silent_handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if event.payload["fail"] == true {
        return Err("the secret".into());
    }
    Ok(event.payload)
}

#[tokio::test]
async fn behaviours_7_9_52_without_capture_no_text_is_recorded_and_the_fault_stays() {
    let trace = testing::capture_async(async {
        let _ = silent_handler(event(json!({ "fail": true }), None)).await;
        let _ = silent_handler(event(json!({ "a": "the secret" }), None)).await;
    })
    .await;
    let [failed, fine] = trace.find("silent_handler")[..] else { panic!("{trace}") };
    assert!(failed.is_fault() && !fine.is_fault());
    assert!(!trace.documents().concat().contains("secret"));
    assert!(failed.json()["cause"].is_null() && failed.json()["metadata"].is_null());
}

#[capture_lambda_handler]
async fn handler_with_more(
    prefix: &str,
    event: LambdaEvent<Value>,
    context: Context,
) -> Result<String, Error> {
    assert_eq!(context.request_id, "");
    Ok(format!("{prefix}{}", event.payload))
}

#[tokio::test]
async fn behaviour_4_other_arguments_are_passed_on() {
    let trace = testing::capture_async(async {
        assert_eq!(handler_with_more("a", event(json!(1), None), Context::default()).await.unwrap(), "a1");
    })
    .await;
    assert_eq!(trace.subsegment("handler_with_more").response(), "a1");
}

struct Service {
    prefix: String,
}

impl Service {
    #[capture_lambda_handler]
    async fn handle(&self, event: LambdaEvent<Value>) -> Result<String, Error> {
        Ok(format!("{}{}", self.prefix, event.payload))
    }
}

#[tokio::test]
async fn behaviour_13_a_method_can_be_the_handler() {
    let service = Service { prefix: "p".to_owned() };
    let trace = testing::capture_async(service.handle(event(json!(1), None))).await;
    assert_eq!(trace.subsegment("## handle").response(), "p1");
}

fn traced_by(sink: &MemorySink) -> Tracer {
    Tracer::builder().service("orders").enabled(true).sink(sink.clone()).build()
}

static EXPLICIT: Mutex<Option<Tracer>> = Mutex::new(None);

fn explicit() -> Tracer {
    EXPLICIT.lock().unwrap().clone().unwrap()
}

#[capture_lambda_handler(tracer = explicit())]
async fn handler_of_tracer(_event: LambdaEvent<Value>) -> Result<Option<String>, Error> {
    Ok(subsegment("inside", tracer_runtime::trace_header))
}

#[tokio::test]
async fn behaviours_103_to_109_the_header_of_the_event_decides() {
    let sink = MemorySink::default();
    *EXPLICIT.lock().unwrap() = Some(traced_by(&sink));
    let call = |header: &str| handler_of_tracer(event(json!({}), Some(header)));

    for unrecorded in [
        format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=a:1"),
        format!("{ROOT};Lineage=a:1"),
        format!("{ROOT};Parent=53995c3f42cd8ad8"),
        format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=?"),
        "nonsense".to_owned(),
    ] {
        assert_eq!(call(&unrecorded).await.unwrap().as_deref(), Some(unrecorded.as_str()), "it is passed on");
        assert!(sink.documents().is_empty(), "{unrecorded}");
    }

    let passed_on =
        call(&format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1")).await.unwrap().unwrap();
    let documents = sink.documents();
    assert_eq!(documents.len(), 1, "one datagram");
    let document: Value = serde_json::from_str(&documents[0]).unwrap();
    assert_eq!(document["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
    assert_eq!(document["parent_id"], "53995c3f42cd8ad8");
    let inside = document["subsegments"][0]["id"].as_str().unwrap();
    assert_eq!(passed_on, format!("{ROOT};Parent={inside};Sampled=1;Lineage=a:1"));
}

#[capture_method]
async fn a_method() -> u8 {
    1
}

#[tokio::test]
async fn behaviours_87_88_outside_lambda_nothing_is_traced_and_nothing_changes() {
    let header = format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
    assert!(handler(event(json!({}), Some(&header))).await.is_ok());
    assert!(handler(event(json!({ "fail": true }), Some(&header))).await.is_err(), "behaviour 91");
    assert_eq!(a_method().await, 1);
    assert!(!Tracer::global().is_enabled());
    assert!(!tracer_runtime::is_sampled());
}

#[tokio::test]
async fn behaviours_10_15_a_method_without_a_handler_hangs_on_the_segment() {
    let trace = testing::capture_async(a_method()).await;
    assert_eq!(trace.subsegments().len(), 1);
    assert!(trace.subsegment("a_method").json()["annotations"].is_null());
}

#[capture_lambda_handler(context = header)]
async fn handler_of_header(header: &str) -> Result<(), Error> {
    Ok(())
}

#[capture_lambda_handler(context = env, tracer = explicit())]
fn handler_of_environment() -> bool {
    tracer_runtime::is_sampled()
}

#[tokio::test]
async fn a_context_can_be_named() {
    handler_of_header("nonsense").await.unwrap();
    *EXPLICIT.lock().unwrap() = Some(Tracer::builder().enabled(false).build());
    assert!(!handler_of_environment());
}

#[tokio::test]
async fn behaviours_65_126_127_overlapping_invocations_keep_their_own() {
    let sink = MemorySink::default();
    let tracer = traced_by(&sink);

    #[capture_lambda_handler(tracer = tracer)]
    async fn overlapping(event: LambdaEvent<Value>, tracer: Tracer) -> Result<(), Error> {
        let number = event.payload["number"].as_u64().unwrap();
        tokio::task::yield_now().await;
        put_annotation("Number", number);
        async {
            for _ in 0..number % 5 {
                tokio::task::yield_now().await;
            }
            put_annotation("Inner", number);
        }
        .in_subsegment("inner")
        .await;
        if number.is_multiple_of(7) { Err(format!("failed {number}").into()) } else { Ok(()) }
    }

    let calls = (0..100_u64).map(|number| {
        let header = format!(
            "Root=1-5759e988-{number:024x};Parent={number:016x};Sampled={}",
            u8::from(number % 2 == 0)
        );
        overlapping(event(json!({ "number": number }), Some(&header)), tracer.clone())
    });
    futures_util::future::join_all(calls).await;
    let documents = sink.documents();
    assert_eq!(documents.len(), 50);
    for document in documents.iter().map(|text| serde_json::from_str::<Value>(text).unwrap()) {
        let number = document["annotations"]["Number"].as_u64().unwrap();
        assert_eq!(document["trace_id"], format!("1-5759e988-{number:024x}"));
        assert_eq!(document["parent_id"], format!("{number:016x}"));
        assert_eq!(document["subsegments"][0]["annotations"]["Inner"], number);
        assert_eq!(document["fault"] == true, number % 7 == 0);
    }
}

#[test]
fn behaviour_92_the_settings_of_a_tracer_are_its_own() {
    let tracer = Tracer::builder().service("orders").enabled(true).sink(MemorySink::default()).build();
    let other = Tracer::builder().service("payments").enabled(false).build();
    assert!(tracer.is_enabled() && !other.is_enabled());
    assert_eq!((tracer.service(), other.service()), ("orders", "payments"));
}

#[capture_lambda_handler]
fn handler_of_future(event: LambdaEvent<Value>) -> impl Future<Output = Result<Value, Error>> + Send {
    async move { Ok(event.payload) }
}

#[tokio::test]
async fn a_handler_that_returns_a_future_is_a_handler() {
    let header = format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
    let future = handler_of_future(event(json!(1), Some(&header)));
    let trace = testing::capture_async(future).await;
    let handler = trace.subsegment("## handler_of_future");
    assert_eq!(handler.annotation("ColdStart"), true);
    assert_eq!(handler.response(), 1);
}
