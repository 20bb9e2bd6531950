//! boto3, the AWS CLI and X-Ray's SDK for Python.

use std::sync::Arc;

use serde_json::{Value, json};
use tracer_console::{Console, ConsoleOptions, SqliteStore};

use crate::interpreter::Interpreter;
use crate::requests::{console, post, put};

#[test]
fn every_operation_answers_as_the_model_says_with_traces_in_memory_and_in_a_file() {
    let Some(python) = Interpreter::with(&["boto3"]) else { return };
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&directory.path().join("traces.db")).unwrap());
    let in_file = Console::start(ConsoleOptions { store, ..ConsoleOptions::any_port() }).unwrap();
    for console in [console(), in_file] {
        let said = python.script(console.local_addr(), "every_operation.py", &[]);
        assert!(said.starts_with("38 operations, "), "{said}");
    }
}

#[test]
fn the_sdks_sampler_fetches_rules_reports_and_takes_its_quota() {
    let Some(python) = Interpreter::with(&["boto3", "aws_xray_sdk"]) else { return };
    let console = console();
    let said = python.script(console.local_addr(), "sampling_poller.py", &[]);
    let said: Value = serde_json::from_str(&said).unwrap();
    let expected = json!({
        "rules": ["orders", "Default"], "quota": 6, "requests": 3, "borrowed": said["borrowed"], "fetches_again": true,
    });
    assert_eq!(said, expected);
    // One a second, and three requests may meet two seconds.
    assert!((1..=2).contains(&said["borrowed"].as_u64().unwrap()), "{said}");
}

#[test]
fn the_aws_cli_finds_a_trace() {
    let Some(python) = Interpreter::with(&["awscli"]) else { return };
    let console = console();
    let (trace, segments) = put("order-service");
    assert_eq!(post(&console, "/TraceSegments", &[], segments.to_string().as_bytes()).status, 200);
    let asked = ["--start-time", "1795348800", "--end-time", "1795348801", "--output", "json"];
    let filter = ["--filter-expression", "service(\"order-service\")"];
    let arguments = [&["-m", "awscli", "xray", "get-trace-summaries"][..], &asked, &filter].concat();
    let said: Value = serde_json::from_str(&python.run(console.local_addr(), &arguments, &[])).unwrap();
    assert_eq!(said["TraceSummaries"][0]["Id"], trace.to_string());
    assert_eq!(said["TracesProcessedCount"], 1);
}
