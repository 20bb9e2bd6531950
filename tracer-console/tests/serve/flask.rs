//! The X-Ray SDK for Python in a Flask service, live: segments, and sampling rules that it asks for over TCP.

use serde_json::{Value, json};

use crate::interpreter::Interpreter;
use crate::serving::{Serving, now};

fn rule(name: &str, priority: u32, path: &str, rate: f64) -> Value {
    json!({ "SamplingRule": {
        "RuleName": name, "Priority": priority, "URLPath": path, "FixedRate": rate, "ReservoirSize": 0, "ResourceARN": "*",
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "Version": 1,
    }})
}

/// A console that wants everything but what is asked for a service's health, and what a service then did.
fn served(python: &Interpreter) -> (Serving, Value) {
    let serving = Serving::in_memory();
    serving.call("/CreateSamplingRule", &rule("health", 1, "/health", 0.0));
    serving.call("/CreateSamplingRule", &rule("everything", 2, "*", 1.0));
    let said = python.script(serving.address, "flask_service.py", &[]);
    let said: Value = serde_json::from_str(&said).unwrap();
    for trace in said["traces"].as_array().unwrap() {
        serving.wait_for(trace.as_str().unwrap(), |segments| !segments.is_empty());
    }
    (serving, said)
}

fn flask() -> Option<Interpreter> {
    Interpreter::with(&["aws_xray_sdk", "flask"])
}

#[test]
fn a_flask_service_is_found_by_its_segments() {
    let Some(python) = flask() else { return };
    let (serving, said) = served(&python);
    let trace = said["traces"][2].as_str().unwrap();
    let segments = serving.wait_for(trace, |segments| segments.len() == 1);
    assert_eq!(segments[0]["name"], "shop");
    assert_eq!(segments[0]["http"]["response"]["status"], 200);
    assert_eq!(segments[0]["annotations"], json!({"OrderId": "ORD-2"}));
    assert_eq!(segments[0]["subsegments"][0]["metadata"], json!({"orders": {"rows": [1, 2]}}));
    assert_eq!(segments[0]["aws"]["xray"]["sampling_rule_name"], "everything");
    assert_eq!(serving.found("annotation.OrderId = \"ORD-2\""), [trace]);
    let broken =
        serving.found("http.url ENDSWITH \"/broken\" AND http.status = 500 AND service(\"shop\") { fault }");
    assert_eq!(broken.len(), 1);
    assert!(serving.says(&["show", &broken[0]]).contains("no such order"));
    let report = serving.says(&["analyze", "--service", "shop"]);
    assert!(report.contains("Total traces           6"), "{report}");
}

#[test]
fn a_flask_service_samples_by_the_rules_of_the_console_and_reports_what_it_did() {
    let Some(python) = flask() else { return };
    let (serving, said) = served(&python);
    let rules: Vec<_> = said["rules"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(["health", "everything", "Default"].iter().all(|name| rules.contains(name)), "{rules:?}");
    assert_eq!(serving.found("http.url ENDSWITH \"/health\""), [""; 0]);
    let answer = serving.call("/SamplingStatisticSummaries", &json!({}));
    let summaries = answer["SamplingStatisticSummaries"].as_array().unwrap();
    let of = |rule: &str| {
        let summary = summaries.iter().find(|summary| summary["RuleName"] == rule).unwrap();
        (summary["RequestCount"].clone(), summary["SampledCount"].clone())
    };
    assert_eq!(of("everything"), (json!(6), json!(6)), "{answer}");
    assert_eq!(of("health"), (json!(20), json!(0)), "{answer}");
    let at = summaries[0]["Timestamp"].as_f64().unwrap();
    assert!((at - now()).abs() < 120.0, "{answer}");
}
