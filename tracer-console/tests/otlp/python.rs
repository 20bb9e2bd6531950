//! OpenTelemetry's SDK for Python, and AWS's exporter for Lambda.

use crate::interpreter::Interpreter;
use crate::shop::{Documents, assert_shop, console};

const SDK: [&str; 3] =
    ["opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http", "opentelemetry.exporter.otlp.proto.grpc"];

#[test]
fn what_the_sdk_sends_over_http_is_a_trace() {
    let Some(python) = Interpreter::with(&SDK) else { return };
    let console = console();
    for (address, over) in [(console.local_addr(), "http"), (console.otlp_addr().unwrap(), "http-deflate")] {
        let variables = [("OTLP_ADDRESS", &*address.to_string())];
        let id = python.script_with(console.local_addr(), "otlp_sdk.py", &[over], &variables);
        assert_shop(&console, id.trim(), "python");
    }
}

#[test]
fn what_the_sdk_sends_over_grpc_is_a_trace() {
    let Some(python) = Interpreter::with(&SDK) else { return };
    for over in ["grpc", "grpc-deflate"] {
        let console = console();
        let variables = [("OTLP_ADDRESS", &*console.otlp_grpc_addr().unwrap().to_string())];
        let id = python.script_with(console.local_addr(), "otlp_sdk.py", &[over], &variables);
        assert_shop(&console, id.trim(), "python");
    }
}

#[test]
fn what_awss_exporter_sends_over_udp_is_a_trace_and_says_whether_it_is_sampled() {
    let Some(python) = Interpreter::with(&["amazon.opentelemetry.distro"]) else { return };
    for (over, sampled) in [("udp", true), ("udp-unsampled", false)] {
        let console = console();
        let variables = [("OTLP_ADDRESS", &*console.local_addr().to_string())];
        let id = python.script_with(console.local_addr(), "otlp_sdk.py", &[over], &variables);
        assert_shop(&console, id.trim(), "python");
        let documents = Documents::of(&console, id.trim());
        assert_eq!(documents.named("web")["metadata"]["otel"]["sampled"], sampled);
        assert_eq!(console.counts().refused, 0);
    }
}
