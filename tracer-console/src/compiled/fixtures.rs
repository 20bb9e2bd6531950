//! Traces to test with: those of the fact sheet's worked examples (6.6).

use serde_json::{Value, json};

use crate::document::Document;
use crate::memory_store::MemoryStore;
use crate::store::TraceStore as _;
use crate::trace::Trace;
use crate::trace_id::EntityId;

/// When the traces begin, in epoch seconds.
pub(crate) const BEGIN: f64 = 1_795_348_800.0;

/// A trace from its documents.
pub(crate) fn from_documents(documents: &[Value]) -> Trace {
    let store = MemoryStore::default();
    let mut id = None;
    for document in documents {
        let document = Document::parse(&document.to_string()).unwrap();
        id = Some(document.trace_id());
        store.record(document).unwrap();
    }
    id.and_then(|id| store.trace(id)).unwrap()
}

/// One of the traces `A` to `F`.
pub(crate) fn trace(name: &str) -> Trace {
    from_documents(&documents(name))
}

/// The documents of one of the traces `A` to `F`.
pub(crate) fn documents(name: &str) -> Vec<Value> {
    let documents = match name {
        "A" => items(),
        "B" => orders(),
        "C" => vec![web("GET", "/health", 200, 0.004, json!({"user": "alice"}))],
        "D" => vec![pay()],
        "E" => vec![web(
            "GET",
            "/missing",
            404,
            0.01,
            json!({"user": "bob", "http": {"request": {"user_agent": "curl/8.5"}}}),
        )],
        "F" => worker(),
        other => panic!("no trace {other:?}"),
    };
    let letter = name.bytes().next().unwrap_or_default();
    let in_trace = |mut document: Value| {
        document["trace_id"] = json!(format!("1-6b02d940-{letter:024x}"));
        document
    };
    documents.into_iter().map(in_trace).collect()
}

/// An id of a segment or subsegment.
pub(crate) fn id(number: u64) -> EntityId {
    format!("{number:016x}").parse().unwrap()
}

/// A complete segment; times are seconds after [`BEGIN`].
pub(crate) fn segment(name: &str, number: u64, (start, end): (f64, f64), more: Value) -> Value {
    let mut segment = json!({
        "name": name, "id": id(number).to_string(), "trace_id": "1-6b02d940-000000000000000000000000",
        "start_time": BEGIN + start, "end_time": BEGIN + end,
    });
    merge(&mut segment, more);
    segment
}

/// A complete subsegment that is sent on its own.
pub(crate) fn subsegment(name: &str, number: u64, parent: u64, times: (f64, f64), more: Value) -> Value {
    let mut subsegment =
        segment(name, number, times, json!({"type": "subsegment", "parent_id": id(parent).to_string()}));
    merge(&mut subsegment, more);
    subsegment
}

/// Puts members into an object, and into the objects in it.
fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

fn status(status: u16) -> Value {
    json!({"response": {"status": status}})
}

fn function_arn(function: &str) -> String {
    format!("arn:aws:lambda:eu-west-1:123456789012:function:{function}")
}

/// A request through API Gateway's stage `shop/prod`, which calls a function in `call`.
fn gateway(method: &str, path: &str, answer: u16, end: f64, function: &str, call: (f64, f64)) -> Value {
    let call = segment(
        "Lambda",
        0x12,
        call,
        json!({"namespace": "aws", "aws": {"function_name": function}, "http": status(200)}),
    );
    let http = json!({"request": {"method": method, "url": format!("https://shop.example{path}")}, "response": {"status": answer}});
    segment(
        "shop/prod",
        0x11,
        (0.0, end),
        json!({
            "origin": "AWS::ApiGateway::Stage", "http": http, "subsegments": [call],
            "resource_arn": "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/prod",
        }),
    )
}

/// Lambda's own segment, called by the gateway or by nobody.
fn service(function: &str, times: (f64, f64), is_called: bool) -> Value {
    let mut service = segment(
        function,
        0x13,
        times,
        json!({"origin": "AWS::Lambda", "resource_arn": function_arn(function), "http": status(200)}),
    );
    if is_called {
        service["parent_id"] = json!(id(0x12).to_string());
    }
    service
}

fn function(name: &str, times: (f64, f64), more: Value) -> Value {
    let mut function = segment(
        name,
        0x14,
        times,
        json!({
            "parent_id": id(0x13).to_string(), "origin": "AWS::Lambda::Function",
            "aws": {"account_id": "123456789012", "function_arn": function_arn(name), "resource_names": [name]},
        }),
    );
    merge(&mut function, more);
    function
}

fn table(name: &str, times: (f64, f64), more: Value) -> Value {
    let mut call = subsegment(
        "DynamoDB",
        0x16,
        0x15,
        times,
        json!({"namespace": "aws", "aws": {"operation": "Query", "table_name": name}, "http": status(200)}),
    );
    merge(&mut call, more);
    call
}

fn items() -> Vec<Value> {
    let annotations = json!({"tenant": "acme", "ColdStart": true, "count": 12});
    let mut gateway = gateway("GET", "/api/items?x=1", 200, 0.18, "items", (0.01, 0.17));
    gateway["annotations"] = json!({"aws:api_stage": "prod"});
    vec![
        gateway,
        service("items", (0.02, 0.16), true),
        function("items", (0.03, 0.15), json!({})),
        subsegment("## handler", 0x15, 0x14, (0.04, 0.14), json!({"annotations": annotations})),
        table("Items", (0.05, 0.062), json!({})),
    ]
}

fn orders() -> Vec<Value> {
    let exception = json!({"id": "00000000000000e0", "type": "ValidationError", "message": "bad sku 7"});
    let failure = json!({"fault": true, "cause": {"exceptions": [exception]}});
    let throttled = json!({"error": true, "throttle": true, "http": status(400)});
    vec![
        gateway("POST", "/api/orders", 502, 3.2, "orders", (0.1, 3.1)),
        service("orders", (0.2, 3.0), true),
        function("orders", (0.3, 2.9), failure),
        subsegment(
            "## handler",
            0x15,
            0x14,
            (0.4, 2.8),
            json!({"annotations": {"tenant": "beta", "total": 99.5}}),
        ),
        table("Orders", (0.5, 0.55), throttled),
    ]
}

/// A request to the application on the instance.
fn web(method: &str, path: &str, answer: u16, end: f64, more: Value) -> Value {
    let http = json!({"request": {"method": method, "url": format!("http://web.local{path}")}, "response": {"status": answer}});
    let mut web = segment(
        "web",
        0x21,
        (0.0, end),
        json!({
            "origin": "AWS::EC2::Instance", "http": http,
            "aws": {"ec2": {"instance_id": "i-0abc", "availability_zone": "us-west-2c"}},
        }),
    );
    if answer == 404 {
        web["error"] = json!(true);
    }
    merge(&mut web, more);
    web
}

/// The payment is called after the answer is on its way, and its failure is handled.
fn pay() -> Value {
    let payment = segment(
        "payments.example.com",
        0x22,
        (0.6, 1.5),
        json!({"namespace": "remote", "fault": true, "http": status(503)}),
    );
    let annotations = json!({"tenant": "acme", "retry": false});
    web(
        "POST",
        "/pay",
        200,
        1.2,
        json!({"user": "alice", "subsegments": [payment], "annotations": annotations}),
    )
}

fn worker() -> Vec<Value> {
    let mut running = function("worker", (0.1, 0.1), json!({"in_progress": true}));
    if let Value::Object(members) = &mut running {
        members.remove("end_time");
    }
    vec![
        service("worker", (0.0, 0.5), false),
        running,
        subsegment(
            "DynamoDB",
            0x16,
            0x14,
            (0.2, 0.25),
            json!({
                "namespace": "aws", "aws": {"operation": "UpdateItem", "table_name": "Orders"}, "http": status(200),
            }),
        ),
    ]
}
