//! `serve` with addresses for spans, and the other commands that find them.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::http::span;

/// A process that is ended with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-console"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn serve(arguments: &[&str]) -> (Serving, Value) {
    let all = [&["serve", "--memory", "--quiet", "--json", "--listen", "127.0.0.1:0"], arguments].concat();
    let mut process = program(&all).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let ready: Value = serde_json::from_str(&ready).unwrap();
    (Serving(process), ready["ready"].clone())
}

fn says(arguments: &[&str]) -> String {
    let output = program(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn spans_are_taken_where_serve_says_and_found_by_what_it_indexes() {
    let addresses = ["--otlp", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0", "--otlp-index", "order.id,tier"];
    let (_serving, ready) = serve(&addresses);
    assert!(ready["otlp_grpc"].as_str().unwrap().starts_with("127.0.0.1:"), "{ready}");
    let mut sent = span("GET /orders");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    sent["startTimeUnixNano"] = json!((now - 2_000_000_000).to_string());
    sent["endTimeUnixNano"] = json!((now - 1_000_000_000).to_string());
    sent["attributes"] = json!([{"key": "order.id", "value": {"stringValue": "o-1"}}]);
    let request = json!({"resourceSpans": [{"scopeSpans": [{"spans": [sent]}]}]}).to_string();
    let url = format!("http://{}/v1/traces", ready["otlp"].as_str().unwrap());
    ureq::post(url).header("content-type", "application/json").send(request).unwrap();
    let endpoint = format!("http://{}", ready["address"].as_str().unwrap());
    let ask = ["--endpoint", &*endpoint];
    let found =
        says(&[&["traces", "--filter", "annotation[order.id] = \"o-1\"", "--json"][..], &ask].concat());
    assert!(found.contains("1-5b8efff7-98038103d269b633813fc60c"), "{found}");
    let drawn = says(&[&["show", "5b8efff798038103d269b633813fc60c"][..], &ask].concat());
    assert!(drawn.contains("GET /orders"), "{drawn}");
}

#[test]
fn spans_have_only_the_consoles_own_port_unless_more_is_asked_for() {
    let (_serving, ready) = serve(&[]);
    assert_eq!((&ready["otlp"], &ready["otlp_grpc"]), (&Value::Null, &Value::Null));
    let wrong = program(&["serve", "--otlp-index-all", "--otlp-index", "a"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}
