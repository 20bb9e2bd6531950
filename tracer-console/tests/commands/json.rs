//! `--json`, on every command that prints something.

use serde_json::{Value, json};

use crate::generated::commands;
use crate::running::Running;
use crate::serving::{call, new_trace_id, now, program};

/// What they print is for programs already.
const WITHOUT: [&str; 2] = ["completions", "man"];

#[test]
fn every_command_has_it_but_those_that_print_for_programs_anyway() {
    for command in commands() {
        let help = program().args([&command, "--help"]).output().unwrap();
        let has_it = String::from_utf8_lossy(&help.stdout).contains("--json");
        assert_eq!(has_it, !WITHOUT.contains(&&*command), "{command}");
    }
}

#[cfg(unix)]
#[test]
fn serve_says_all_in_objects() {
    let serve = Running::start(program().args(["serve", "--memory", "--json", "--listen", "127.0.0.1:0"]));
    let ready = serve.json();
    let address = ready["ready"]["address"].as_str().unwrap().parse().unwrap();
    assert_eq!(ready["ready"]["kept"], "in memory");
    let trace = new_trace_id();
    let document = json!({"name": "job", "id": "00000000000000a1", "trace_id": trace, "start_time": now() - 1.0, "end_time": now()});
    let documents = [document.to_string(), "nonsense".to_owned()];
    call(address, "/TraceSegments", &json!({ "TraceSegmentDocuments": documents })).unwrap();
    assert_eq!(serve.json()["trace"]["Id"], json!(trace));
    serve.interrupt();
    let ended = serve.end();
    let last: Vec<Value> = ended.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(last[0]["refused"]["code"], "ParseError", "{last:?}");
    let ended_with = &last[1]["ended"];
    assert_eq!((&ended_with["received"], &ended_with["refused"]), (&json!(1), &json!(1)), "{last:?}");
    assert_eq!(ended_with["datagrams"]["received"], 0, "{last:?}");
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn serve_counts_documents_whichever_way_they_came_and_datagrams_apart() {
    let serve =
        Running::start(program().args(["serve", "--memory", "--quiet", "--json", "--listen", "127.0.0.1:0"]));
    let address: std::net::SocketAddr = serve.json()["ready"]["address"].as_str().unwrap().parse().unwrap();
    let job = || {
        json!({
            "name": "job", "id": "00000000000000a1", "trace_id": new_trace_id(), "start_time": now() - 1.0, "end_time": now(),
        })
        .to_string()
    };
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in [format!("{{\"format\":\"json\",\"version\":1}}\n{}", job()), "nonsense".to_owned()] {
        sender.send_to(datagram.as_bytes(), address).unwrap();
    }
    let documents = [job(), job(), "nonsense".to_owned()];
    call(address, "/TraceSegments", &json!({ "TraceSegmentDocuments": documents })).unwrap();
    let span = json!({
        "traceId": "5759e988bd862e3fe1be46a994272793", "spanId": "53995c3f42cd8ad8", "name": "GET /", "kind": 2,
        "startTimeUnixNano": "1795348454000000000", "endTimeUnixNano": "1795348455000000000",
    });
    let spans = json!({"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": [span]}]}]});
    call(address, "/v1/traces", &spans).unwrap();
    serve.interrupt();
    let ended = serve.end();
    let last: Value = serde_json::from_str(ended.lines.last().unwrap()).unwrap();
    let all = &last["ended"];
    assert_eq!((&all["received"], &all["refused"]), (&json!(4), &json!(2)), "{ended:?}");
    let datagrams = &all["datagrams"];
    assert_eq!((&datagrams["received"], &datagrams["refused"]), (&json!(2), &json!(1)), "{ended:?}");
}

#[test]
fn lambda_says_what_became_of_each_invocation_with_its_documents() {
    let tests = std::env::current_exe().unwrap();
    let function = tests.parent().unwrap().parent().unwrap().join("examples").join("echo_function");
    let mut lambda = program();
    lambda.args([
        "lambda",
        "--json",
        "--name",
        "echo",
        "--event",
        "{\"a\":1}",
        "--event",
        "{\"b\":2}",
        "--binary",
    ]);
    let output = lambda.arg(function).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let invocations: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(invocations.len(), 2, "{said}");
    for (invocation, is_cold) in invocations.iter().zip([true, false]) {
        let invocation = &invocation["invocation"];
        assert_eq!((&invocation["status"], &invocation["cold_start"]), (&json!(200), &json!(is_cold)));
        let origins: Vec<_> =
            invocation["documents"].as_array().unwrap().iter().map(|one| &one["origin"]).collect();
        assert!(origins.contains(&&json!("AWS::Lambda::Function")), "{invocation}");
    }
}
