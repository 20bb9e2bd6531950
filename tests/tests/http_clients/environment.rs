//! What the environment decides, which is read once a process: each case in a process of its own.

use std::process::Command;

use tracer_tests::{PARENT, SAMPLED, UNSAMPLED};

use crate::clients::Client;
use crate::server::Server;

const LAMBDA: &[(&str, &str)] =
    &[("LAMBDA_TASK_ROOT", "/var/task"), ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:9")];
const TRACE: &str = "_X_AMZN_TRACE_ID";

/// A request of each client outside of any handler, for the processes below.
#[tokio::test]
async fn requests_outside_of_any_handler_are_answered() {
    for client in Client::all() {
        let server = Server::start().await;
        assert_eq!(client.get(&server.url("/")).await.unwrap().0, 200);
        println!("header: {}", server.trace_header().unwrap_or_default());
    }
}

/// The headers that the clients send in a process of this environment, empty where there is none.
fn headers_sent(environment: &[(&str, &str)]) -> Vec<String> {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "environment::requests_outside_of_any_handler_are_answered", "--nocapture"]);
    process.envs(LAMBDA.iter().chain(environment).copied());
    let output = process.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let headers: Vec<String> = said
        .lines()
        .filter_map(|line| line.split_once("header: "))
        .map(|(_, header)| header.to_owned())
        .collect();
    assert_eq!(headers.len(), 3, "{said}");
    headers
}

#[test]
fn a_request_outside_of_any_handler_hangs_on_the_segment_of_the_environment() {
    for header in headers_sent(&[(TRACE, SAMPLED)]) {
        assert!(header.starts_with("Root=1-5759e988-bd862e3fe1be46a994272793;Parent="), "{header}");
        assert!(header.ends_with(";Sampled=1") && !header.contains(PARENT), "{header}");
    }
    assert_eq!(headers_sent(&[(TRACE, UNSAMPLED)]), [UNSAMPLED; 3]);
    assert_eq!(headers_sent(&[]), [""; 3]);
}

#[test]
fn behaviour_144_http_clients_are_not_traced_where_the_environment_says_so() {
    const SWITCH: &str = "POWERTOOLS_TRACER_CAPTURE_HTTPS_REQUESTS";
    assert_eq!(headers_sent(&[(TRACE, SAMPLED), (SWITCH, "false")]), [""; 3]);
    assert_eq!(headers_sent(&[(TRACE, UNSAMPLED), (SWITCH, "false")]), [""; 3]);
    assert!(headers_sent(&[(TRACE, SAMPLED), (SWITCH, "true")]).iter().all(|header| !header.is_empty()));
}

#[test]
fn where_tracing_is_off_no_header_is_sent() {
    assert_eq!(headers_sent(&[(TRACE, SAMPLED), ("POWERTOOLS_TRACE_DISABLED", "true")]), [""; 3]);
    assert_eq!(headers_sent(&[(TRACE, SAMPLED), ("AWS_LAMBDA_MAX_CONCURRENCY", "2")]), [""; 3]);
}
