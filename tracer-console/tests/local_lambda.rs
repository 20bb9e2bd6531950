//! A whole life of a function in the local Lambda, with the real `lambda_runtime`.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tracer_console::{
    ApiRequest, Console, ConsoleOptions, Function, FunctionBuilder, FunctionErrorKind, Invocation,
    LocalLambda, Trace, TraceId, Tracing,
};

struct Home {
    function: Function,
    lambda: LocalLambda,
    console: Console,
}

impl Home {
    fn with(settings: impl FnOnce(FunctionBuilder) -> FunctionBuilder) -> Self {
        let console = Console::start(ConsoleOptions::any_port()).unwrap();
        let lambda = LocalLambda::builder().console(&console).start().unwrap();
        let function = settings(lambda.function("echo", echo_function())).start().unwrap();
        Self { function, lambda, console }
    }

    fn new() -> Self {
        Self::with(|function| function)
    }

    fn trace(&self, id: Option<TraceId>) -> Trace {
        self.console.store().wait_for_trace(id.unwrap(), Trace::is_settled, Duration::from_secs(10)).unwrap()
    }
}

/// Built by `cargo test -p tracer-console` beside the tests.
fn echo_function() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(std::path::Path::parent).unwrap().join("examples").join("echo_function")
}

fn ask(what: &str) -> Invocation {
    Invocation::json(json!({"do": what}))
}

#[test]
fn the_first_invocation_is_cold_and_the_second_is_warm_in_the_same_process() {
    let home = Home::new();
    let first = home.function.invoke(ask("echo").request_id("first")).unwrap();
    let second = home.function.invoke(ask("echo")).unwrap();
    assert!(first.cold_start() && !second.cold_start());
    assert_eq!(first.process_id(), second.process_id());
    assert_eq!(first.json::<Value>().unwrap()["request_id"], "first");
    assert_eq!(second.json::<Value>().unwrap()["invocation"], 2);
    home.function.recycle();
    assert!(home.function.invoke(ask("echo")).unwrap().cold_start());
    assert!(home.function.log().contains("invoked first"));
}

#[test]
fn lambdas_own_segments_are_as_aws_sends_them() {
    let home = Home::new();
    let result = home.function.invoke(ask("echo")).unwrap();
    let trace = home.trace(result.trace_id());
    let service = trace.find_origin("AWS::Lambda").unwrap();
    let function = trace.find_origin("AWS::Lambda::Function").unwrap();
    assert_eq!(service.http_status(), Some(200));
    assert_eq!(service.aws("request_id"), Some(&json!(result.request_id())));
    assert_eq!(function.parent().map(|parent| parent.id()), Some(service.id()));
    assert!(function.child("Init").is_some());
    let expected = format!("Root={};Parent={};Sampled=1", trace.id(), function.id());
    assert_eq!(result.trace_header(), Some(&*expected));
    assert_eq!(result.json::<Value>().unwrap()["trace"], expected);
}

#[test]
fn errors_panics_and_exits_are_reported_as_aws_reports_them() {
    let home = Home::new();
    for (what, kind, says) in [
        ("error", FunctionErrorKind::Reported, "the order is not there"),
        ("panic", FunctionErrorKind::Reported, "the handler panicked"),
        ("exit", FunctionErrorKind::Exited, "exit status 3"),
    ] {
        let result = home.function.invoke(ask(what)).unwrap();
        let error = result.error().unwrap();
        assert_eq!(error.kind, kind, "{what}");
        assert!(error.message.contains(says), "{what}: {error}");
        let trace = home.trace(result.trace_id());
        let function = trace.find_origin("AWS::Lambda::Function").unwrap();
        assert!(
            function.is_fault() && function.exceptions().next().unwrap().message().contains(says),
            "{what}"
        );
    }
}

#[test]
fn a_timeout_kills_the_process_and_the_next_invocation_is_cold() {
    let home = Home::new();
    let result = home.function.invoke(ask("sleep").timeout(Duration::from_millis(200))).unwrap();
    assert!(result.timed_out());
    assert!(result.error().unwrap().message.contains("Task timed out after 0.20 seconds"));
    assert!(home.trace(result.trace_id()).find_origin("AWS::Lambda::Function").unwrap().is_fault());
    let next = home.function.invoke(ask("echo")).unwrap();
    assert!(next.cold_start() && next.process_id() != result.process_id());
}

#[test]
fn overlapping_invocations_have_an_environment_each() {
    let home = Home::new();
    let [one, two] =
        [home.function.begin(ask("echo")), home.function.begin(ask("echo"))].map(|p| p.wait().unwrap());
    assert!(one.error().is_none() && two.error().is_none());
    assert_ne!(one.trace_header(), two.trace_header());
}

#[test]
fn with_max_concurrency_one_process_works_on_several_at_once() {
    let home = Home::with(|function| function.max_concurrency(2));
    let pending = [home.function.begin(ask("meet")), home.function.begin(ask("meet"))];
    let [one, two] = pending.map(|pending| pending.wait().unwrap());
    assert_eq!(one.process_id(), two.process_id());
    assert_eq!(one.json::<Value>().unwrap()["trace"].as_str(), one.trace_header());
    assert_eq!(two.json::<Value>().unwrap()["trace"].as_str(), two.trace_header());
}

#[test]
fn a_streamed_response_is_collected_and_an_error_in_its_middle_is_one() {
    let home = Home::with(|function| function.env("STREAM", "1"));
    let result = home.function.invoke(json!({})).unwrap();
    assert!(result.is_streamed() && result.payload().ends_with(b"one two"), "{result:?}");
    let broken = home.function.invoke(json!({"fails": true})).unwrap();
    assert!(broken.error().unwrap().message.contains("broken in the middle"), "{broken:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn between_invocations_the_process_is_frozen_and_after_the_end_it_is_gone() {
    let Home { function, lambda, console } = Home::new();
    let result = function.invoke(ask("echo")).unwrap();
    // The function's segment is sent once the environment is at rest.
    let settled = console.store().wait_for_trace(
        result.trace_id().unwrap(),
        Trace::is_settled,
        Duration::from_secs(10),
    );
    assert!(settled.is_ok());
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let pid = Pid::from_raw(i32::try_from(result.process_id()).unwrap()).unwrap();
    // Returns once the process has stopped, which is soon after the signal.
    waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT).unwrap();
    drop(lambda);
    assert!(!std::path::Path::new(&format!("/proc/{}", result.process_id())).exists());
    assert!(function.invoke(ask("echo")).unwrap_err().to_string().contains("was dropped"));
}

#[test]
fn a_function_that_cannot_initialise_says_so() {
    let home = Home::with(|function| function.env("FAIL_INIT", "1"));
    let result = home.function.invoke(ask("echo")).unwrap();
    assert_eq!(result.error().unwrap().kind, FunctionErrorKind::InitFailed);
    let console = Console::start(ConsoleOptions::any_port()).unwrap();
    let lambda = LocalLambda::builder().console(&console).start().unwrap();
    let provisioned =
        lambda.function("p", echo_function()).env("FAIL_INIT", "1").provisioned_concurrency(1).start();
    assert!(provisioned.unwrap_err().to_string().contains("exit status 7"));
    let absent = lambda.function("a", "/no/such/function").start().unwrap_err().to_string();
    assert!(absent.contains("/no/such/function") && absent.contains("cargo build"), "{absent}");
}

#[test]
fn provisioned_concurrency_is_no_cold_start_and_the_function_is_told() {
    let home = Home::with(|function| function.provisioned_concurrency(1));
    let result = home.function.invoke(ask("environment")).unwrap();
    assert!(!result.cold_start());
    let variables = result.json::<Value>().unwrap().to_string();
    assert!(variables.contains("provisioned-concurrency") && variables.contains("AWS_XRAY_DAEMON_ADDRESS"));
}

#[test]
fn what_is_not_sampled_has_no_segments() {
    let home = Home::new();
    for (tracing, header) in [
        (Tracing::NotSampled, Some("Sampled=0")),
        (Tracing::PassThrough, Some("Root=")),
        (Tracing::Absent, None),
    ] {
        let result = home.function.invoke(ask("echo").tracing(tracing)).unwrap();
        assert_eq!(result.trace_header().is_some(), header.is_some());
        assert!(result.trace_header().unwrap_or_default().contains(header.unwrap_or_default()));
    }
    let sampled = home.function.invoke(ask("echo")).unwrap();
    home.trace(sampled.trace_id());
    assert_eq!(home.console.store().changed_since(tracer_console::Revision::default()).len(), 1);
}

#[test]
fn an_api_request_has_api_gateways_segment_above() {
    let home = Home::new();
    let body = ApiRequest::post("/orders").json(&json!({}));
    let result = home.function.invoke(body).unwrap();
    // The echo is no proxy response.
    assert_eq!(result.status(), 502);
    let trace = home.trace(result.trace_id());
    let stage = trace.roots().next().unwrap();
    assert_eq!((stage.name(), stage.origin()), ("local-api/prod", Some("AWS::ApiGateway::Stage")));
    assert!(stage.is_fault() && stage.http_status() == Some(502));
    let lambda = stage.child("Lambda").unwrap();
    assert_eq!(
        lambda.children().next().and_then(|service| service.origin().map(str::to_owned)).as_deref(),
        Some("AWS::Lambda")
    );
}

#[test]
fn an_event_is_tried_three_times_and_each_attempt_is_in_the_trace() {
    let home = Home::with(|function| function.retry_delays([Duration::ZERO, Duration::ZERO]));
    let results = home.function.begin_event(ask("error")).wait().unwrap();
    assert_eq!(results.len(), 3);
    let trace = home.trace(results[0].trace_id());
    let service = trace.find_origin("AWS::Lambda").unwrap();
    assert_eq!(service.http_status(), Some(202));
    assert!(service.child("Dwell Time").is_some());
    for attempt in ["Attempt #1", "Attempt #2", "Attempt #3"] {
        assert_eq!(service.child(attempt).unwrap().children().count(), 1, "{attempt}");
    }
}

#[test]
fn an_event_waits_for_an_environment_and_is_not_lost() {
    let home = Home::with(|function| function.max_environments(1));
    let events = [1, 2, 3].map(|_| home.function.begin_event(ask("echo")));
    for event in events {
        assert!(event.wait().unwrap()[0].error().is_none());
    }
}

#[test]
fn the_invoke_api_answers_over_http() {
    use std::io::{Read as _, Write as _};
    let home = Home::new();
    let address = home.lambda.endpoint().trim_start_matches("http://").to_owned();
    let post = |path: &str, more: &str, body: &str| {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let path = "/2015-03-31/functions/echo/invocations";
    let answer = post(path, "", r#"{"do":"echo"}"#);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"invocation\":1"), "{answer}");
    assert!(post(path, "", r#"{"do":"error"}"#).contains("x-amz-function-error: Unhandled"));
    assert!(post(path, "x-amz-invocation-type: Event\r\n", "{}").starts_with("HTTP/1.1 202"));
    assert!(post(path, "origin: http://evil.example\r\n", "{}").starts_with("HTTP/1.1 403"));
    assert!(post("/2015-03-31/functions/none/invocations", "", "{}").contains("ResourceNotFoundException"));
    assert!(post(path, "", "no json").contains("InvalidRequestContentException"));
}
