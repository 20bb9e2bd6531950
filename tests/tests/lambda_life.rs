//! A function's whole life: the real `lambda_runtime` in the local Lambda, datagrams over a real socket.

#[path = "lambda/life.rs"]
mod life;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tracer_console::{FunctionErrorKind, Invocation, InvocationResult, Node, Trace, Tracing};

use self::life::Life;

fn start(mode: &str) -> Life {
    start_with(mode, 1)
}

fn start_with(mode: &str, concurrency: usize) -> Life {
    Life::of("test-function", env!("CARGO_BIN_EXE_test-function"), |function| {
        let function = function.env("MODE", mode).env("POWERTOOLS_SERVICE_NAME", "tests");
        if concurrency > 1 { function.max_concurrency(concurrency) } else { function }
    })
}

/// The documents of a trace that the function itself sent; AWS's are segments.
fn datagrams(life: &Life, result: &InvocationResult) -> usize {
    let documents = life.console.store().documents(result.trace_id().unwrap());
    documents.iter().filter(|document| document.contains(r#""type":"subsegment""#)).count()
}

fn find<'a>(trace: &'a Trace, name: &str) -> Node<'a> {
    trace.find(name).unwrap_or_else(|| panic!("`{name}` is not among {:?}", names(trace)))
}

fn names(trace: &Trace) -> Vec<&str> {
    trace.nodes().map(|node| node.entity().name()).collect()
}

const STEP: &str = "## test_function::step";

#[test]
fn behaviours_16_17_20_a_cold_and_a_warm_invocation_hang_on_lambdas_own_segment() {
    for mode in ["attribute", "layer", "only-layer"] {
        let life = start(mode);
        for cold in [true, false] {
            let (result, trace) = life.invoke(json!({ "do": "answer", "number": 3 }));
            assert_eq!(result.json::<Value>().unwrap()["number"], 3, "{mode}");
            let function = trace.find_origin("AWS::Lambda::Function").unwrap();
            let handler = find(&trace, "## handler");
            assert_eq!(handler.parent().unwrap().entity().id(), function.entity().id(), "{mode}");
            assert_eq!(handler.annotation("ColdStart"), Some(&json!(cold)), "{mode}");
            assert_eq!(handler.annotation("Service"), Some(&json!("tests")));
            assert_eq!(handler.annotation("Number"), Some(&json!(3)));
            assert_eq!(find(&trace, STEP).parent().unwrap().entity().id(), handler.entity().id());
            assert_eq!(
                names(&trace).iter().filter(|name| name.starts_with("## ")).count(),
                2,
                "{mode}: {:?}",
                names(&trace)
            );
            assert_eq!(datagrams(&life, &result), 1, "{mode}: one datagram an invocation");
        }
    }
}

#[test]
fn an_error_is_a_fault_of_the_handler_and_reaches_the_runtime_unchanged() {
    for mode in ["attribute", "layer"] {
        let life = start(mode);
        let (result, trace) = life.invoke(json!({ "do": "fail" }));
        assert_eq!(result.error().unwrap().message, "asked to fail");
        let handler = find(&trace, "## handler");
        assert!(handler.is_fault());
        assert_eq!(handler.exceptions().next().unwrap().message(), "asked to fail");
    }
}

#[test]
fn a_panic_is_a_fault_with_its_text_and_the_next_invocation_is_traced() {
    let life = start("attribute");
    let (result, trace) = life.invoke(json!({ "do": "panic" }));
    assert_eq!(result.error().unwrap().kind, FunctionErrorKind::Reported);
    let handler = find(&trace, "## handler");
    assert!(handler.is_fault());
    assert_eq!(handler.exceptions().next().unwrap().message(), "asked to panic");
    let (_, trace) = life.invoke(json!({ "do": "answer" }));
    assert!(!find(&trace, "## handler").is_fault());
}

#[test]
fn p4_a_timeout_loses_nothing_whether_the_handler_yields_or_blocks() {
    for (mode, what) in [("attribute", "hang"), ("attribute", "block"), ("layer", "block")] {
        let life = start(mode);
        let event = Invocation::json(json!({ "do": what, "number": 1 })).timeout(Duration::from_millis(900));
        let result = life.function.invoke(event).unwrap();
        assert!(result.timed_out(), "{mode} {what}");
        let trace = life.trace(&result, |trace| trace.find("open").is_some());
        let handler = find(&trace, "## handler");
        assert!(handler.is_in_progress() && find(&trace, "open").is_in_progress(), "{mode} {what}");
        assert_eq!(handler.annotation("ColdStart"), Some(&json!(true)));
        assert_eq!(handler.annotation("Number"), Some(&json!(1)));
        assert!(find(&trace, STEP).end().is_some(), "what was closed is complete");
        assert_eq!(find(&trace, "open").parent().unwrap().entity().id(), handler.entity().id());
    }
}

#[test]
fn p5_what_was_closed_a_quarter_of_a_second_before_a_kill_is_there() {
    let life = start("attribute");
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".to_owned();
    let event = Invocation::json(json!({ "do": "await-kill" })).tracing(Tracing::Incoming(header));
    let pending = life.function.begin(event);
    let id = "1-5759e988-bd862e3fe1be46a994272793".parse().unwrap();
    let names_process = |trace: &Trace| trace.find("process").is_some();
    let trace = life.console.store().wait_for_trace(id, names_process, Duration::from_secs(20)).unwrap();
    let process = find(&trace, "process").annotation("Process").unwrap().to_string();
    let killed = std::process::Command::new("kill").args(["-9", process.as_str()]).status().unwrap();
    assert!(killed.success());

    let result = pending.wait().unwrap();
    assert_eq!(result.error().unwrap().kind, FunctionErrorKind::Exited);
    let trace = life.console.store().trace(id).unwrap();
    assert!(find(&trace, STEP).is_orphan(), "its parent was open and died with the process");
}

#[test]
fn behaviours_104_105_106_166_without_a_sampled_header_nothing_is_sent() {
    let life = start("attribute");
    let verbatim = |text: &str| Tracing::Verbatim(text.to_owned());
    for tracing in
        [Tracing::NotSampled, Tracing::PassThrough, Tracing::Absent, verbatim("nonsense"), verbatim("Root=1")]
    {
        let result = life
            .function
            .invoke(Invocation::json(json!({ "do": "answer" })).tracing(tracing.clone()))
            .unwrap();
        assert!(result.error().is_none(), "{tracing:?}");
    }
    // All that ever arrived is of a sampled one after them.
    let (result, _) = life.invoke(json!({ "do": "answer" }));
    let documents = life.console.store().documents(result.trace_id().unwrap());
    assert_eq!(life.console.counts().received, documents.len() as u64);
}

#[test]
fn a_subsegment_that_outlives_the_handler_comes_alone_under_its_parent() {
    let life = start("attribute");
    let result = life.function.invoke(Invocation::json(json!({ "do": "late" }))).unwrap();
    // The sandbox may be frozen before the task runs: the next invocation thaws it.
    life.invoke(json!({ "do": "answer" }));
    let trace = life.trace(&result, |trace| trace.find("late").is_some());
    assert_eq!(find(&trace, "late").parent().unwrap().entity().name(), "## handler");
}

#[test]
fn p7_overlapping_invocations_in_one_process_never_mix() {
    let life = start_with("concurrent", 8);
    let pending: Vec<_> = (0..64_u64)
        .map(|number| {
            let tracing = if number % 3 == 0 { Tracing::NotSampled } else { Tracing::Sampled };
            let event = Invocation::json(json!({ "do": "answer", "number": number })).tracing(tracing);
            (number, life.function.begin(event))
        })
        .collect();
    let (mut cold, mut processes) = (0, BTreeSet::new());
    for (number, pending) in pending {
        let result = pending.wait().unwrap();
        processes.insert(result.process_id());
        assert!(result.json::<Value>().unwrap()["header"].is_null(), "the environment has no header there");
        if number % 3 == 0 {
            continue;
        }
        let trace = life.trace(&result, |trace| trace.find(STEP).is_some());
        let handler = find(&trace, "## handler");
        assert_eq!(handler.annotation("Number"), Some(&json!(number)));
        assert_eq!(find(&trace, STEP).annotation("Number"), Some(&json!(number)));
        assert_eq!(names(&trace).iter().filter(|name| name.starts_with("## ")).count(), 2);
        assert_eq!(datagrams(&life, &result), 1);
        cold += usize::from(handler.annotation("ColdStart") == Some(&json!(true)));
    }
    assert!(cold <= processes.len(), "one of each process was first");
}

#[test]
fn a_streamed_response_is_traced_to_its_end() {
    let life = start("stream");
    let (result, trace) = life.invoke(json!({ "do": "answer", "number": 7 }));
    assert!(result.payload().ends_with(b"first second third"), "behind the head of the response");
    let (handler, writer) = (find(&trace, "## streaming"), find(&trace, "writer"));
    assert!(handler.end() >= writer.end(), "the handler's subsegment ends with the body");
    assert_eq!(writer.parent().unwrap().entity().id(), handler.entity().id());
    assert!(!handler.is_cancelled() && !handler.is_in_progress());
    assert_eq!(handler.annotation("Number"), Some(&json!(7)));
}

#[test]
fn a_streamed_response_of_a_hidden_type_is_traced_to_its_end() {
    let life = start("stream-opaque");
    let (result, trace) = life.invoke(json!({ "do": "answer" }));
    assert!(result.payload().ends_with(b"part 0 part 1 part 2 "), "behind the head of the response");
    let handler = find(&trace, "## streaming_opaque");
    assert_eq!(handler.children().count(), 4, "each part's step is below it: {:?}", names(&trace));
    assert!(!handler.is_cancelled());
}
