//! The messages of a queue invoke a function, as AWS does it.

use std::path::PathBuf;
use std::time::Duration;

use local_aws::{Fault, LocalAws, Service};
use serde_json::{Value, json};
use tracer_console::{
    Batch, Console, ConsoleOptions, Document, EventSourceBuilder, EventSourceError, EventSourceMapping,
    Function, LocalLambda, Trace, TraceId, Waterfall,
};

const PATIENCE: Duration = Duration::from_secs(20);
const SENDER: &str = "1-6b02d7e6-207f0216d9e1908cc7eb247a";

struct Home {
    function: Function,
    lambda: LocalLambda,
    console: Console,
    aws: LocalAws,
    queue: String,
}

impl Home {
    fn new() -> Self {
        let console = Console::start(ConsoleOptions::any_port()).unwrap();
        let lambda = LocalLambda::builder().console(&console).start().unwrap();
        let function = lambda.function("fulfillment", echo_function()).start().unwrap();
        let aws = LocalAws::start().unwrap();
        let created = aws.sqs("CreateQueue", &json!({"QueueName": "fulfillment"})).unwrap();
        let queue = created["QueueUrl"].as_str().unwrap().to_owned();
        Self { function, lambda, console, aws, queue }
    }

    fn poll(&self, settings: impl FnOnce(EventSourceBuilder) -> EventSourceBuilder) -> EventSourceMapping {
        settings(self.function.event_source(&self.queue)).start().unwrap()
    }

    fn send(&self, body: &str, header: Option<&str>) -> String {
        let mut message = json!({"QueueUrl": self.queue, "MessageBody": body});
        message["MessageAttributes"] = json!({"Kind": {"DataType": "String", "StringValue": "order"}});
        if let Some(header) = header {
            let header = json!({"DataType": "String", "StringValue": header});
            message["MessageSystemAttributes"] = json!({ "AWSTraceHeader": header });
        }
        self.aws.sqs("SendMessage", &message).unwrap()["MessageId"].as_str().unwrap().to_owned()
    }

    /// How many messages are with a receiver, and how many can be received.
    fn left(&self) -> (u32, u32) {
        let asked = json!({"QueueUrl": self.queue, "AttributeNames": ["All"]});
        let attributes = self.aws.sqs("GetQueueAttributes", &asked).unwrap();
        let count = |name: &str| attributes["Attributes"][name].as_str().unwrap().parse().unwrap();
        (count("ApproximateNumberOfMessagesNotVisible"), count("ApproximateNumberOfMessages"))
    }

    fn trace(&self, id: TraceId) -> Trace {
        self.console.store().wait_for_trace(id, Trace::is_settled, PATIENCE).unwrap()
    }
}

/// Built by `cargo test -p tracer-console` beside the tests.
fn echo_function() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(std::path::Path::parent).unwrap().join("examples").join("echo_function")
}

fn header(parent: &str, sampled: &str) -> String {
    format!("Root={SENDER};Parent={parent};Sampled={sampled}")
}

fn seen(batch: &Batch) -> Value {
    batch.result().json::<Value>().unwrap()["seen"].clone()
}

#[test]
fn the_function_sees_the_message_as_lambda_hands_it_over_and_it_is_deleted() {
    let home = Home::new();
    let header = header("53995c3f42cd8ad8", "1");
    let id = home.send("hello", Some(&header));
    let batch = home.poll(|source| source).wait_for_batch(PATIENCE).unwrap();
    assert_eq!((batch.message_ids(), batch.failed_ids()), (&[id.clone()][..], &[][..]));
    let record = &seen(&batch)["event"]["Records"][0];
    assert_eq!((&record["messageId"], &record["body"]), (&json!(id), &json!("hello")));
    assert_eq!(record["md5OfBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(record["eventSourceARN"], "arn:aws:sqs:us-east-1:123456789012:fulfillment");
    assert_eq!(record["awsRegion"], "us-east-1");
    assert!(record["receiptHandle"].is_string());
    let attributes = &record["attributes"];
    assert_eq!(
        (&attributes["AWSTraceHeader"], &attributes["ApproximateReceiveCount"]),
        (&json!(header), &json!("1"))
    );
    for name in ["SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"] {
        assert!(attributes[name].is_string(), "{name}");
    }
    let kind =
        json!({"stringValue": "order", "stringListValues": [], "binaryListValues": [], "dataType": "String"});
    assert_eq!(record["messageAttributes"]["Kind"], kind);
    assert_eq!(home.left(), (0, 0));
}

#[test]
fn the_consumer_has_a_new_trace_that_is_linked_to_the_senders_and_both_are_drawn() {
    let home = Home::new();
    let sender: TraceId = SENDER.parse().unwrap();
    let text = json!({
        "name": "orders", "id": "1111111111111111", "trace_id": SENDER, "start_time": 1.0, "end_time": 2.0,
        "subsegments": [{"name": "SQS", "id": "53995c3f42cd8ad8", "namespace": "aws", "start_time": 1.1, "end_time": 1.2}],
    });
    home.console.store().record(Document::parse(&text.to_string()).unwrap()).unwrap();
    home.send("hello", Some(&header("53995c3f42cd8ad8", "1")));
    let batch = home.poll(|source| source).wait_for_batch(PATIENCE).unwrap();
    let consumer = batch.result().trace_id().unwrap();
    assert_ne!(consumer, sender);
    let received = home.trace(consumer);
    let service = received.find_origin("AWS::Lambda").unwrap();
    let links: Vec<_> = service.links().map(|link| (link.trace_id(), link.id().to_string())).collect();
    assert_eq!(links, [(sender, "53995c3f42cd8ad8".into())]);
    let function = received.find_origin("AWS::Lambda::Function").unwrap();
    let given = format!("Root={consumer};Parent={};Sampled=1", function.id());
    assert_eq!(seen(&batch)["trace"], given);

    let sent = home.trace(sender);
    assert_eq!(sent.linked_from()[0].trace_id(), consumer);
    let draw = |trace: &Trace| Waterfall::new(trace).width(100).colored(false).to_string();
    assert!(draw(&received).contains(&format!("→ linked to {SENDER}")), "{}", draw(&received));
    let drawn = draw(&sent);
    let below_the_call = drawn.lines().skip_while(|line| !line.contains("SQS")).nth(1).unwrap();
    assert!(below_the_call.contains(&format!("← linked from {consumer} fulfillment")), "{drawn}");
}

#[test]
fn a_batch_is_traced_if_one_of_its_messages_is() {
    let home = Home::new();
    home.send("a", Some(&header("000000000000000a", "0")));
    home.send("b", Some(&header("000000000000000b", "1")));
    home.send("c", None);
    let mapping = home.poll(|source| source);
    let batch = mapping.wait_for_batch(PATIENCE).unwrap();
    assert_eq!(batch.message_ids().len(), 3);
    let trace = home.trace(batch.result().trace_id().unwrap());
    let links: Vec<_> =
        trace.find_origin("AWS::Lambda").unwrap().links().map(|link| link.id().to_string()).collect();
    assert_eq!(links, ["000000000000000b"]);
    home.send("a", Some(&header("000000000000000a", "0")));
    let batch = mapping.wait_for_batch(PATIENCE).unwrap();
    assert!(batch.result().trace_header().unwrap().ends_with("Sampled=0"));
}

#[test]
fn messages_that_the_function_names_come_back_and_the_others_are_deleted() {
    let home = Home::new();
    let (_good, bad) = (home.send("good", None), home.send("fail", None));
    let mapping = home.poll(|source| source.report_batch_item_failures().retry_after(Duration::ZERO));
    let batch = mapping.wait_for_batch(PATIENCE).unwrap();
    assert_eq!((batch.message_ids().len(), batch.failed_ids()), (2, &[bad.clone()][..]));
    let again = mapping.wait_for_batch(PATIENCE).unwrap();
    assert_eq!(again.message_ids(), [bad]);
    assert_eq!(seen(&again)["event"]["Records"][0]["attributes"]["ApproximateReceiveCount"], "2");
}

#[test]
fn without_the_setting_an_answer_is_a_success_and_an_error_brings_the_batch_back() {
    let home = Home::new();
    home.send("fail", None);
    let mapping = home.poll(|source| source);
    assert!(mapping.wait_for_batch(PATIENCE).unwrap().failed_ids().is_empty());
    assert_eq!(home.left(), (0, 0));
    home.send("error", None);
    let batch = mapping.wait_for_batch(PATIENCE).unwrap();
    assert_eq!(batch.failed_ids(), batch.message_ids());
    assert!(batch.result().error().is_some());
    // As on AWS it is with nobody until the visibility timeout is over.
    assert_eq!(home.left(), (1, 0));
    assert!(
        home.trace(batch.result().trace_id().unwrap())
            .find_origin("AWS::Lambda::Function")
            .unwrap()
            .is_fault()
    );
}

#[test]
fn a_batch_has_as_many_messages_as_it_may_and_a_window_gathers_them() {
    let home = Home::new();
    for number in 0..5 {
        home.send(&format!("{number}"), None);
    }
    let few = home.poll(|source| source.batch_size(2).max_concurrency(1));
    let sizes = [(); 3].map(|()| few.wait_for_batch(PATIENCE).unwrap().message_ids().len());
    assert_eq!(sizes, [2, 2, 1]);
    drop(few);
    for number in 0..12 {
        home.send(&format!("{number}"), None);
    }
    let many = home.poll(|source| source.batch_size(12).batch_window(Duration::from_secs(60)));
    assert_eq!(many.wait_for_batch(PATIENCE).unwrap().message_ids().len(), 12);
}

#[test]
fn large_messages_are_shared_out_over_batches() {
    let home = Home::new();
    let large = "x".repeat(200_000);
    for _ in 0..40 {
        home.send(&large, None);
    }
    let mapping = home.poll(|source| source.batch_size(40).batch_window(Duration::from_secs(60)));
    let first = mapping.wait_for_batch(PATIENCE).unwrap();
    assert!((25..40).contains(&first.message_ids().len()), "{}", first.message_ids().len());
    assert!(first.result().error().is_none());
}

/// Lambda takes no event over 6 MB, and JSON makes quotes twice as long.
#[test]
fn what_json_escapes_counts_for_the_size_of_a_batch() {
    let home = Home::new();
    let quotes = "\"".repeat(200_000);
    for _ in 0..20 {
        home.send(&quotes, None);
    }
    let mapping = home.poll(|source| source.batch_size(20).batch_window(Duration::from_secs(60)));
    let first = mapping.wait_for_batch(PATIENCE).unwrap();
    assert!((10..20).contains(&first.message_ids().len()), "{}", first.message_ids().len());
    assert!(seen(&first)["event"].to_string().len() <= 6 << 20);
}

#[test]
fn what_sqs_does_not_delete_is_tried_again_and_then_told() {
    let home = Home::new();
    // The SDK itself tries three times.
    home.aws.inject(Fault::fail(Service::Sqs, "DeleteMessageBatch", 500).times(3));
    home.send("hello", None);
    let mapping = home.poll(|source| source);
    assert!(mapping.wait_for_batch(PATIENCE).unwrap().failed_ids().is_empty());
    assert_eq!(home.left(), (0, 0));
    home.aws.inject(Fault::fail(Service::Sqs, "DeleteMessageBatch", 500));
    home.send("hello", None);
    let batch = mapping.wait_for_batch(PATIENCE).unwrap();
    assert_eq!(batch.failed_ids(), batch.message_ids(), "it comes back, whatever the function said");
    assert!(batch.result().error().is_none());
    assert_eq!(home.left(), (1, 0));
}

/// What waits for an environment would become visible again, and be worked on twice.
#[test]
fn no_more_is_received_than_the_function_has_environments_for() {
    let home = Home::new();
    let one = home.lambda.function("one", echo_function()).max_environments(1);
    let one = one.timeout(Duration::from_secs(1)).start().unwrap();
    home.send("sleep", None);
    home.send("hello", None);
    let mapping = one.event_source(&home.queue).batch_size(1).start().unwrap();
    assert!(mapping.wait_for_batch(PATIENCE).unwrap().result().timed_out());
    let second = mapping.wait_for_batch(PATIENCE).unwrap();
    let attributes = seen(&second)["event"]["Records"][0]["attributes"].clone();
    let millis = |name: &str| attributes[name].as_str().unwrap().parse::<u64>().unwrap();
    let waited = millis("ApproximateFirstReceiveTimestamp") - millis("SentTimestamp");
    assert!(waited >= 900, "it was received {waited} ms after it was sent, while the other was worked on");
}

#[test]
fn what_lambda_refuses_to_poll_is_refused() {
    let home = Home::new();
    let refused = |source: EventSourceBuilder| source.start().unwrap_err().to_string();
    let slow =
        home.lambda.function("slow", echo_function()).timeout(Duration::from_secs(31)).start().unwrap();
    let error = refused(slow.event_source(&home.queue));
    assert!(error.contains("visibility timeout of 30s") && error.contains("31s"), "{error}");
    for window in [Duration::from_secs(301), Duration::MAX] {
        let error = refused(home.function.event_source(&home.queue).batch_window(window));
        assert!(error.contains("at most 5 minutes"), "{error}");
    }
    let fifo = json!({"QueueName": "orders.fifo", "Attributes": {"FifoQueue": "true"}});
    let fifo = home.aws.sqs("CreateQueue", &fifo).unwrap()["QueueUrl"].as_str().unwrap().to_owned();
    let error = refused(home.function.event_source(&fifo).batch_window(Duration::from_secs(1)));
    assert!(error.contains("FIFO"), "{error}");
    assert!(home.function.event_source(&fifo).start().is_ok());
}

#[test]
fn an_endpoint_that_takes_connections_and_never_answers_is_named() {
    let home = Home::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let error = home.function.event_source(&home.queue).endpoint(endpoint).start().unwrap_err();
    assert!(error.to_string().contains("no answer within"), "{error}");
}

#[test]
fn a_queue_that_is_not_there_and_an_endpoint_that_is_none_are_named() {
    let home = Home::new();
    let refused = |source: EventSourceBuilder| source.start().unwrap_err().to_string();
    let absent = home.queue.replace("fulfillment", "absent");
    let error = refused(home.function.event_source(&absent));
    let expected = format!("queue {absent:?} was not found: service error: QueueDoesNotExist");
    assert!(error.starts_with(&expected) && error.contains("create it first"), "{error}");
    let https = "https://sqs.us-east-1.amazonaws.com/123456789012/q";
    assert!(refused(home.function.event_source(https)).contains("plain HTTP"));
    let error = home.function.event_source(&home.queue).batch_size(11).start().unwrap_err();
    assert_eq!(error, EventSourceError::BatchSize { batch_size: 11 });
}

#[test]
fn trouble_of_the_queue_is_told_and_polling_goes_on_after_it() {
    let home = Home::new();
    home.aws.inject(Fault::fail(Service::Sqs, "ReceiveMessage", 403));
    let mapping = home.poll(|source| source);
    let told = || mapping.wait_for_batch(Duration::from_millis(50)).unwrap_err().to_string();
    let trouble = (0..400).map(|_| told()).find(|told| told.contains("AccessDeniedException"));
    assert!(trouble.is_some());
    home.aws.clear_faults();
    home.send("hello", None);
    assert!(mapping.wait_for_batch(PATIENCE).is_ok());
}

#[test]
fn dropped_it_polls_no_more() {
    let home = Home::new();
    let other = home.lambda.function("other", echo_function()).start().unwrap();
    drop(other.event_source(&home.queue).start().unwrap());
    let mapping = home.poll(|source| source.batch_size(1));
    for _ in 0..20 {
        home.send("hello", None);
    }
    for _ in 0..20 {
        mapping.wait_for_batch(PATIENCE).unwrap();
    }
    assert_eq!(other.log(), "");
}

#[cfg(unix)]
#[test]
fn the_command_draws_the_trace_of_each_batch_until_it_is_interrupted() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let home = Home::new();
    home.send("hello", Some(&header("53995c3f42cd8ad8", "1")));
    let mut running = Command::new(env!("CARGO_BIN_EXE_tracer-console"))
        .args(["lambda", "--sqs-queue", &home.queue, "--name", "fulfillment", "--binary"])
        .arg(echo_function())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines().map_while(Result::ok);
    let linked = format!("→ linked to {SENDER}");
    assert!(lines.any(|line| line.contains(&linked)));
    let id = rustix::process::Pid::from_child(&running);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    lines.for_each(drop);
    assert!(running.wait().unwrap().success());
}
