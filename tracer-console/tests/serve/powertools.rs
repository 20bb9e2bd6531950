//! Powertools for Python, live: a function traced for AWS shows itself here.

use serde_json::{Value, json};

use crate::interpreter::Interpreter;
use crate::serving::{Serving, new_trace_id};

/// The trace of one invocation, whose function's own segment nobody sends at home.
fn invoked(python: &Interpreter) -> (Serving, String) {
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    let header = format!("Root={trace};Parent=00000000000000f1;Sampled=1");
    let said = python.script(
        serving.address,
        "powertools_function.py",
        &[
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("AWS_LAMBDA_FUNCTION_NAME", "order-function"),
            ("_X_AMZN_TRACE_ID", &header),
        ],
    );
    assert_eq!(said.trim(), "declined");
    serving.wait_for(&trace, |segments| segments.iter().any(|segment| find(segment, "## handler").is_some()));
    (serving, trace)
}

/// The segment or subsegment of that name.
fn find<'d>(document: &'d Value, name: &str) -> Option<&'d Value> {
    if document["name"] == name {
        return Some(document);
    }
    document["subsegments"].as_array()?.iter().find_map(|nested| find(nested, name))
}

fn powertools() -> Option<Interpreter> {
    Interpreter::with(&["aws_lambda_powertools", "aws_xray_sdk"])
}

#[test]
fn a_function_of_powertools_is_one_segment_with_all_that_it_said() {
    let Some(python) = powertools() else { return };
    let (serving, trace) = invoked(&python);
    let segments = serving.wait_for(&trace, |segments| segments.len() == 1);
    let function = &segments[0];
    assert_eq!(function["origin"], "AWS::Lambda::Function");
    assert_eq!(function["name"], "order-service");
    assert_eq!(function["inferred"], true, "it is made up here");
    assert_eq!(function["id"], "00000000000000f1", "and is what the subsegments name as their parent");
    let handler = find(function, "## handler").unwrap();
    assert_eq!(handler["annotations"], json!({"ColdStart": true, "Service": "order-service"}));
    assert_eq!(handler["fault"], true);
    let load = find(handler, "## __main__.load_order").unwrap();
    assert_eq!(load["annotations"], json!({"OrderId": "ORD-12345", "Total": 42.5, "Express": true}));
    assert_eq!(load["metadata"]["orders"]["items"], json!([{"sku": "A-1", "count": 2}]));
    let charge = find(handler, "## __main__.charge").unwrap();
    let exception = &charge["cause"]["exceptions"][0];
    assert_eq!(exception["type"], "PaymentDeclined");
    assert_eq!(exception["message"], "the card of ORD-12345 is declined");
}

#[test]
fn filter_expressions_find_a_function_of_powertools_by_all_that_it_said() {
    let Some(python) = powertools() else { return };
    let (serving, trace) = invoked(&python);
    for filter in [
        "annotation.OrderId = \"ORD-12345\"",
        "annotation[Total] > 42 AND annotation[Express] = true",
        "annotation.ColdStart = true AND annotation.Service = \"order-service\"",
        "service(\"order-service\") { fault }",
        "service(id(name: \"order-service\", type: \"AWS::Lambda::Function\"))",
        "fault AND responsetime < 30",
        "rootcause.fault.service { name = \"order-service\" }",
        "rootcause.fault.exception { message CONTAINS \"declined\" }",
    ] {
        assert_eq!(serving.found(filter), [&*trace], "{filter}");
    }
    for filter in ["annotation.OrderId = \"ORD-1\"", "ok", "service(\"order-function\")", "throttle"] {
        assert_eq!(serving.found(filter), [""; 0], "{filter}");
    }
}

#[test]
fn the_command_line_shows_a_function_of_powertools() {
    let Some(python) = powertools() else { return };
    let (serving, trace) = invoked(&python);
    let listed = serving.says(&["traces", "--filter", "annotation.OrderId = \"ORD-12345\"", "--last", "1h"]);
    for word in [&*trace, "fault", "order-service"] {
        assert!(listed.contains(word), "{word} is not in\n{listed}");
    }
    let drawn = serving.says(&["show", &trace, "--width", "140"]);
    for word in [
        "AWS::Lambda::Function",
        "## handler",
        "## __main__.load_order",
        "OrderId=ORD-12345",
        "PaymentDeclined",
        "the card of ORD-12345 is declined",
    ] {
        assert!(drawn.contains(word), "{word} is not in\n{drawn}");
    }
    let report = serving.says(&["analyze", "--service", "order-service", "--last", "24h"]);
    assert!(
        report.contains("Total traces           1") && report.contains("Error rate             100.0%"),
        "{report}"
    );
}
