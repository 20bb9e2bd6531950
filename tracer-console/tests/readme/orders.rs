//! The traces that the README's examples ask for: five orders of a shop, the last some seconds ago.

use serde_json::{Value, json};

use crate::serving::{Serving, now};

/// How long an order took, how it was answered, and which flag that makes.
const ORDERS: [(f64, u16, Option<&str>); 5] = [
    (0.245, 200, None),
    (1.5, 503, Some("fault")),
    (0.031, 404, Some("error")),
    (0.020, 429, Some("throttle")),
    (0.180, 200, None),
];

/// A document with a mistake, and a key that only newer tools take.
pub(crate) fn refused() -> String {
    let start = now().floor();
    json!({"name": "order-service?", "id": "5f2e1d0000000001", "trace_id": format!("1-{:08x}-{:024x}", start as u32, 1),
        "start_time": start, "end_time": start + 1.0, "annotations": {"order.id": "ORD-1", "OrderTotal": 25}})
    .to_string()
}

/// Sends them; returns the id of the second order's trace.
pub(crate) fn send(serving: &Serving) -> String {
    let documents: Vec<Value> = (0..).zip(ORDERS).map(|(at, order)| document(at, order)).collect();
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    let answer = serving.call("/TraceSegments", &json!({ "TraceSegmentDocuments": texts }));
    assert_eq!(answer["UnprocessedTraceSegments"], json!([]));
    documents[1]["trace_id"].as_str().unwrap().to_owned()
}

fn document(at: u32, (seconds, status, flag): (f64, u16, Option<&str>)) -> Value {
    let start = (now() - 20.0 + 2.0 * f64::from(at)).floor();
    let id = |part: u32| format!("{:016x}", 0x5f2e_1d00_0000_0000_u64 + u64::from(at * 16 + part));
    let charged = if status == 503 { 502 } else { 200 };
    let tenant = if at == 1 { "acme" } else { "umbrella" };
    let mut payment = json!({"id": id(1), "name": "payments.example", "namespace": "remote",
        "start_time": start + 0.004, "end_time": start + seconds - 0.004,
        "http": {"request": {"method": "POST", "url": "https://payments.example/charges"}, "response": {"status": charged}}});
    if status == 503 {
        payment["fault"] = json!(true);
    }
    let mut subsegments = vec![payment];
    if status == 200 {
        subsegments.push(json!({"id": id(2), "name": "DynamoDB", "namespace": "aws",
            "start_time": start + 0.010, "end_time": start + 0.020,
            "aws": {"operation": "PutItem", "table_name": "orders"}}));
    }
    let mut order = json!({"name": "order-service", "id": id(0), "trace_id": format!("1-{:08x}-{:024x}", start as u32, at + 1),
        "start_time": start, "end_time": start + seconds, "origin": "AWS::Lambda::Function",
        "http": {"request": {"method": "POST", "url": "https://shop.example/orders"}, "response": {"status": status}},
        "annotations": {"OrderId": format!("ORD-{}", at + 1), "Tenant": tenant, "ColdStart": at == 0}, "subsegments": subsegments});
    if let Some(flag) = flag {
        order[flag] = json!(true);
    }
    if status == 429 {
        order["error"] = json!(true);
    }
    order
}
