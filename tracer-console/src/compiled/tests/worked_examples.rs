//! The traces of the fact sheet's worked examples are what its table says of them.

use super::*;

fn facts(name: &str) -> Value {
    let trace = fixtures::trace(name);
    let compiled = CompiledTrace::of(&trace);
    json!({
        "response": compiled.response_time(), "duration": compiled.duration(), "status": compiled.http_status(),
        "ok": compiled.is_ok(), "fault": compiled.has_fault(), "error": compiled.has_error(),
        "throttle": compiled.has_throttle(), "partial": compiled.is_partial(), "inferred": compiled.has_inferred(),
    })
}

fn expected(response: f64, duration: f64, status: u16, set: &[&str]) -> Value {
    let mut facts = json!({"response": response, "duration": duration, "status": status});
    for flag in ["ok", "fault", "error", "throttle", "partial", "inferred"] {
        facts[flag] = json!(set.contains(&flag));
    }
    facts
}

#[test]
fn each_trace_has_the_times_and_flags_of_the_table() {
    assert_eq!(facts("A"), expected(0.18, 0.18, 200, &["ok", "inferred"]));
    assert_eq!(facts("B"), expected(3.2, 3.2, 502, &["fault", "throttle", "inferred"]));
    assert_eq!(facts("C"), expected(0.004, 0.004, 200, &["ok"]));
    assert_eq!(facts("D"), expected(1.2, 1.5, 200, &["ok", "inferred"]));
    assert_eq!(facts("E"), expected(0.01, 0.01, 404, &["error"]));
    assert_eq!(facts("F"), expected(0.5, 0.5, 200, &["ok", "partial", "inferred"]));
}

#[test]
fn each_trace_has_the_nodes_of_the_table() {
    let of = |name: &str| {
        let mut nodes = nodes(&fixtures::trace(name));
        nodes.sort();
        nodes
    };
    let lambda = |gateway: &str, function: &str, table: &str| {
        let mut nodes = vec![
            format!("{function} AWS::Lambda"),
            format!("{function} AWS::Lambda::Function"),
            format!("{table} AWS::DynamoDB::Table"),
        ];
        nodes.extend((!gateway.is_empty()).then(|| format!("{gateway} AWS::ApiGateway::Stage")));
        nodes.sort();
        nodes
    };
    assert_eq!(of("A"), lambda("shop/prod", "items", "Items"));
    assert_eq!(of("B"), lambda("shop/prod", "orders", "Orders"));
    assert_eq!(of("C"), ["web AWS::EC2::Instance"]);
    assert_eq!(of("D"), ["payments.example.com remote", "web AWS::EC2::Instance"]);
    assert_eq!(of("E"), ["web AWS::EC2::Instance"]);
    assert_eq!(of("F"), lambda("", "worker", "Orders"));
}

#[test]
fn a_gateways_call_goes_to_lambda_and_lambdas_to_the_function() {
    assert_eq!(
        calls(&fixtures::trace("A")),
        [
            "shop/prod client -> shop/prod AWS::ApiGateway::Stage",
            "shop/prod AWS::ApiGateway::Stage -> items AWS::Lambda",
            "items AWS::Lambda -> items AWS::Lambda::Function",
            "items AWS::Lambda::Function -> Items AWS::DynamoDB::Table",
        ]
    );
}

#[test]
fn a_call_is_measured_as_its_caller_saw_it() {
    let trace = fixtures::trace("D");
    let compiled = CompiledTrace::of(&trace);
    let call = compiled.calls().iter().find(|call| call.subsegment().is_some()).unwrap();
    assert_eq!(call.measured().response_time(), Some(0.9));
    assert_eq!(call.measured().http_status(), Some(503));
    assert!(call.measured().outcome().fault);
    assert_eq!(compiled.segments()[call.callee_segment()].name(), "payments.example.com");
}
