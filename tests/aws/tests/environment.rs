//! P7 beside the SDK's own recursion detection, which takes the trace header from the environment: each test runs in a process
//! whose environment is set before anything starts.

use std::process::Command;
use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use serde_json::{Value, json};
use tracer_runtime::testing;
use tracer_runtime::{MemorySink, Tracer};
use tracer_tests_aws::{Answer, Clients, Service, invoked, recorded};

const INSIDE: &str = "TRACER_TEST_INSIDE";
const SAMPLED: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=25:a87bd80c:1";
const UNSAMPLED: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0;Lineage=25:a87bd80c:1";
const OTHER: &str = "Root=1-6759e988-bd862e3fe1be46a994272794;Parent=63995c3f42cd8ad9;Sampled=1";

/// What Lambda sets.
const FUNCTION: [(&str, &str); 2] =
    [("AWS_LAMBDA_FUNCTION_NAME", "orders"), ("LAMBDA_TASK_ROOT", "/var/task")];

/// Whether this is the process with these variables; where it is not, it is started, and the test is its.
fn is_inside(variables: &[(&str, &str)]) -> bool {
    is_inside_of_only(&[&FUNCTION, variables].concat())
}

/// The same without the variables of a function.
fn is_inside_of_only(variables: &[(&str, &str)]) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let test = std::thread::current().name().expect("a test's thread has its name").to_owned();
    let mut process = Command::new(std::env::current_exe().expect("a process knows its program"));
    process.args([&test, "--exact", "--nocapture"]).env(INSIDE, "1");
    let ran = process.envs(variables.iter().copied()).output().expect("the program starts");
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    false
}

fn service() -> Service {
    Service::answering(Answer::json(200, &json!({"TableNames": []})))
}

async fn list_tables(service: &Service) {
    Clients::traced(&service.config()).dynamodb.list_tables().send().await.expect("it is answered");
}

/// The header of the only call.
fn header(service: &Service) -> Option<String> {
    service.call().header("x-amzn-trace-id").map(str::to_owned)
}

fn documents(sink: &MemorySink) -> Vec<Value> {
    sink.documents().iter().map(|document| serde_json::from_str(document).expect("of JSON")).collect()
}

#[tokio::test]
async fn the_header_of_the_call_takes_the_place_of_that_of_the_environment() {
    if !is_inside(&[("_X_AMZN_TRACE_ID", SAMPLED)]) {
        return;
    }
    let service = service();
    let untraced = Clients::untraced(&service.config()).dynamodb;
    untraced.list_tables().send().await.unwrap();
    assert_eq!(header(&service).as_deref(), Some(SAMPLED), "the SDK's own");

    let service = self::service();
    let call = recorded(list_tables(&service)).await;
    let header = service.call().trace_header();
    assert_eq!(header.root().to_string(), call.json()["trace_id"]);
    assert_eq!(header.parent().unwrap().to_string(), call.json()["id"]);
    assert!(!header.to_string().contains("Lineage"), "it is of another invocation");
}

#[tokio::test]
async fn a_call_outside_of_any_function_is_in_the_trace_of_the_environment() {
    if !is_inside(&[("_X_AMZN_TRACE_ID", SAMPLED)]) {
        return;
    }
    let sink = MemorySink::default();
    Tracer::builder().sink(sink.clone()).install().unwrap();
    let service = service();
    list_tables(&service).await;
    let [document] = &documents(&sink)[..] else { panic!("{:?}", documents(&sink)) };
    assert_eq!(document["parent_id"], "53995c3f42cd8ad8");
    assert_eq!(document["aws"]["operation"], "ListTables");
    let expected = SAMPLED.replace("53995c3f42cd8ad8", document["id"].as_str().unwrap());
    assert_eq!(header(&service), Some(expected));
}

#[tokio::test]
async fn an_environment_that_is_not_sampled_is_passed_on_and_nothing_is_recorded() {
    if !is_inside(&[("_X_AMZN_TRACE_ID", UNSAMPLED)]) {
        return;
    }
    let sink = MemorySink::default();
    Tracer::builder().sink(sink.clone()).install().unwrap();
    let service = service();
    list_tables(&service).await;
    assert_eq!(header(&service).as_deref(), Some(UNSAMPLED));
    assert!(documents(&sink).is_empty());
}

#[tokio::test]
async fn an_invocation_that_is_not_sampled_is_passed_on_though_the_environment_is() {
    if !is_inside(&[("_X_AMZN_TRACE_ID", OTHER)]) {
        return;
    }
    let service = service();
    let trace = testing::capture_async(invoked(UNSAMPLED, list_tables(&service))).await;
    assert!(trace.documents().is_empty());
    assert_eq!(header(&service).as_deref(), Some(UNSAMPLED));
}

#[tokio::test]
async fn with_tracing_off_the_sdk_does_what_it_does_without_us() {
    if !is_inside(&[("_X_AMZN_TRACE_ID", SAMPLED), ("POWERTOOLS_TRACE_DISABLED", "true")]) {
        return;
    }
    let service = service();
    list_tables(&service).await;
    assert_eq!(header(&service).as_deref(), Some(SAMPLED));
}

#[tokio::test]
async fn with_tracing_off_no_header_is_sent_where_the_sdk_sends_none() {
    if !is_inside_of_only(&[("_X_AMZN_TRACE_ID", SAMPLED)]) {
        return;
    }
    let service = service();
    list_tables(&service).await;
    assert_eq!(header(&service), None);
}

#[tokio::test]
async fn where_invocations_overlap_a_call_has_the_header_of_its_own_invocation() {
    // In this mode Lambda sets no trace header in the environment.
    if !is_inside(&[("AWS_LAMBDA_MAX_CONCURRENCY", "10")]) {
        return;
    }
    let service = service();
    // Boxed: each is a few kilobytes, and unoptimised code copies it often.
    let one = Box::pin(invoked(SAMPLED, list_tables(&service)));
    let two = Box::pin(invoked(OTHER, list_tables(&service)));
    let trace = testing::capture_async(async { tokio::join!(one, two) }).await;
    let ids: Vec<_> = trace.find("DynamoDB").iter().map(|call| call.json()["id"].to_string()).collect();
    assert_eq!(ids.len(), 2, "{trace}");
    for call in service.calls() {
        let header = call.trace_header();
        assert!(ids.contains(&format!("\"{}\"", header.parent().unwrap())), "{header} {ids:?}");
    }
    let roots: Vec<_> = service.calls().iter().map(|call| call.trace_header().root()).collect();
    assert_ne!(roots[0], roots[1]);

    let service = self::service();
    list_tables(&service).await;
    assert_eq!(header(&service), None, "a call of no invocation has no parent to name");
}

#[tokio::test]
async fn a_presigned_request_is_the_one_that_the_sdk_makes_by_itself() {
    if !is_inside(&[("_X_AMZN_TRACE_ID", SAMPLED)]) {
        return;
    }
    let service = service();
    let mut presigned = Vec::new();
    for clients in [Clients::untraced(&service.config()), Clients::traced(&service.config())] {
        let lifetime = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
        let request =
            recorded_nothing(clients.s3.get_object().bucket("b").key("k").presigned(lifetime)).await;
        presigned.push(request.unwrap());
    }
    let headers = |at: usize| presigned[at].headers().collect::<Vec<_>>();
    assert_eq!(headers(0), headers(1));
    assert!(!presigned[1].uri().to_ascii_lowercase().contains("trace-id"));
}

async fn recorded_nothing<F: Future>(calls: F) -> F::Output {
    let mut output = None;
    let trace = testing::capture_async(async { output = Some(calls.await) }).await;
    assert!(trace.documents().is_empty(), "{trace}");
    output.unwrap()
}
