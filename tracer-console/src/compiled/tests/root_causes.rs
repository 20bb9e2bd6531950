//! The way from a request's entry to what failed or took long.

use super::*;

fn causes(trace: &Trace, kind: &str) -> Value {
    summary(trace)[kind].clone()
}

/// The causes as paths: services by `>`, and each one's entities.
fn paths(trace: &Trace, kind: &str) -> Vec<String> {
    let service = |service: &Value| {
        let entities: Vec<_> =
            service["EntityPath"].as_array().unwrap().iter().map(|e| e["Name"].as_str().unwrap()).collect();
        format!("{}[{}]", service["Name"].as_str().unwrap(), entities.join(", "))
    };
    let path = |cause: &Value| {
        cause["Services"].as_array().unwrap().iter().map(service).collect::<Vec<_>>().join(" > ")
    };
    causes(trace, kind).as_array().unwrap().iter().map(path).collect()
}

#[test]
fn a_fault_leads_through_lambda_to_the_function_that_failed() {
    let trace = fixtures::trace("B");
    let entity =
        |name: &str, exceptions: Value| json!({"Name": name, "Remote": false, "Exceptions": exceptions});
    assert_eq!(
        causes(&trace, "FaultRootCauses"),
        json!([{"ClientImpacting": true, "Services": [
            {"Name": "shop/prod", "Names": ["shop/prod"], "Type": "AWS::ApiGateway::Stage", "Inferred": false,
             "EntityPath": [entity("shop/prod", json!([]))]},
            {"Name": "orders", "Names": ["orders"], "Type": "AWS::Lambda::Function", "AccountId": "123456789012",
             "Inferred": false,
             "EntityPath": [entity("orders", json!([{"Name": "ValidationError", "Message": "bad sku 7"}]))]},
        ]}])
    );
    assert_eq!(causes(&trace, "ErrorRootCauses"), json!([]));
}

#[test]
fn an_error_of_the_root_is_its_own_cause_and_a_handled_fault_is_none() {
    assert_eq!(paths(&fixtures::trace("E"), "ErrorRootCauses"), ["web[web]"]);
    assert_eq!(causes(&fixtures::trace("D"), "FaultRootCauses"), json!([]));
}

#[test]
fn a_cause_ends_in_the_callee_that_only_the_caller_knows() {
    let call =
        fixtures::segment("pay.example.com", 3, (0.2, 0.4), json!({"namespace": "remote", "fault": true}));
    let fine = fixtures::segment("## price", 4, (0.5, 0.6), json!({}));
    let work =
        fixtures::segment("## order", 2, (0.1, 0.9), json!({"fault": true, "subsegments": [call, fine]}));
    let trace = fixtures::from_documents(&[fixtures::segment(
        "web",
        1,
        (0.0, 1.0),
        json!({"fault": true, "subsegments": [work]}),
    )]);
    assert_eq!(
        paths(&trace, "FaultRootCauses"),
        ["web[web, ## order, pay.example.com] > pay.example.com[pay.example.com]"]
    );
    let services = &causes(&trace, "FaultRootCauses")[0]["Services"];
    assert_eq!(services[0]["EntityPath"][2]["Remote"], true);
    assert_eq!((&services[1]["Inferred"], &services[1]["Type"]), (&json!(true), &json!("remote")));
}

#[test]
fn what_failed_below_something_that_did_not_was_handled() {
    let inner = fixtures::segment("## try", 3, (0.2, 0.4), json!({"fault": true}));
    let handled = fixtures::segment("## order", 2, (0.1, 0.9), json!({"subsegments": [inner]}));
    let trace = fixtures::from_documents(&[fixtures::segment(
        "web",
        1,
        (0.0, 1.0),
        json!({"fault": true, "subsegments": [handled]}),
    )]);
    assert_eq!(paths(&trace, "FaultRootCauses"), ["web[web]"]);
}

#[test]
fn a_function_that_failed_below_lambdas_own_success_is_a_cause_that_no_client_saw() {
    let trace = fixtures::from_documents(&[
        fixtures::segment(
            "fn",
            1,
            (0.0, 1.0),
            json!({"origin": "AWS::Lambda", "http": {"response": {"status": 200}}}),
        ),
        fixtures::segment(
            "fn",
            2,
            (0.1, 0.9),
            json!({"origin": "AWS::Lambda::Function", "parent_id": "0000000000000001", "fault": true}),
        ),
    ]);
    assert_eq!(paths(&trace, "FaultRootCauses"), ["fn[fn]"]);
    assert_eq!(causes(&trace, "FaultRootCauses")[0]["ClientImpacting"], false);
}

#[test]
fn a_slow_trace_is_followed_along_its_longest_part() {
    let init = fixtures::segment("Initialization", 3, (0.4, 2.9), json!({}));
    let trace = fixtures::from_documents(&[
        fixtures::segment("fn", 1, (0.0, 2.9), json!({"origin": "AWS::Lambda"})),
        fixtures::segment(
            "fn",
            2,
            (0.4, 2.9),
            json!({"origin": "AWS::Lambda::Function", "parent_id": "0000000000000001", "subsegments": [init]}),
        ),
    ]);
    assert_eq!(paths(&trace, "ResponseTimeRootCauses"), ["fn[fn] > fn[fn, Initialization]"]);
    let cause = &causes(&trace, "ResponseTimeRootCauses")[0];
    let coverage = |service: usize, entity: usize| {
        cause["Services"][service]["EntityPath"][entity]["Coverage"].as_f64().unwrap()
    };
    assert_eq!(coverage(0, 0), 1.0);
    assert!((coverage(1, 0) - 0.862).abs() < 1e-3 && coverage(1, 0) == coverage(1, 1));
    assert_eq!(cause["ClientImpacting"], true);
}

#[test]
fn a_fast_trace_has_no_cause_of_its_response_time() {
    for name in ["A", "C", "D", "E", "F"] {
        assert_eq!(causes(&fixtures::trace(name), "ResponseTimeRootCauses"), json!([]), "{name}");
    }
    assert_eq!(
        paths(&fixtures::trace("B"), "ResponseTimeRootCauses"),
        ["shop/prod[shop/prod, Lambda] > orders[orders] > orders[orders, ## handler]"]
    );
}
