//! Plain HTTP with a console, and documents to send.

use serde_json::{Value, json};
use tracer_console::{Console, ConsoleOptions, TraceId};

/// A console in memory, on a free port.
pub(crate) fn console() -> Console {
    Console::start(ConsoleOptions::any_port()).unwrap()
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) error: Option<String>,
    pub(crate) body: Value,
}

/// What is answered to a POST.
pub(crate) fn post(console: &Console, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut request = agent().post(url(console, path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request.send(body).unwrap())
}

/// What is answered to a GET.
pub(crate) fn get(console: &Console, path: &str) -> Answer {
    answer(agent().get(url(console, path)).call().unwrap())
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().new_agent()
}

fn url(console: &Console, path: &str) -> String {
    format!("http://{}{path}", console.local_addr())
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    assert_eq!(response.headers()["content-type"], "application/json");
    let error = response.headers().get("x-amzn-errortype").map(|name| name.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    Answer {
        status,
        error,
        body: serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap(),
    }
}

/// A call of `PutTraceSegments` with one segment, and its trace.
pub(crate) fn put(name: &str) -> (TraceId, Value) {
    let trace = TraceId::generate();
    let document = json!({
        "trace_id": trace.to_string(), "id": "00000000000000a1", "name": name, "start_time": 1_795_348_800.0,
        "end_time": 1_795_348_800.25,
    });
    (trace, json!({"TraceSegmentDocuments": [document.to_string()]}))
}
