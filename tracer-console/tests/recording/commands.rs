//! The commands as a user runs them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};
use tracer_console::Console;

use crate::running::{ask, console, program, record, refusal, says};

fn id(trace: u64) -> String {
    format!("1-6b02e002-{trace:024x}")
}

fn document(trace: u64, more: &Value) -> String {
    let mut document = json!({
        "trace_id": id(trace), "id": "00000000000000a1", "name": "order-service", "start_time": 1_700_000_000 + trace,
        "end_time": 1_700_000_001 + trace,
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document.to_string()
}

fn with_traces(count: u64) -> Console {
    let console = console();
    record(&console, &(1..=count).map(|trace| document(trace, &json!({}))).collect::<Vec<_>>());
    console
}

fn import(console: &Console, input: &str, arguments: &[&str]) -> std::process::Output {
    let mut command = program();
    command.args(["import", "-", "--endpoint", &console.local_addr().to_string()]).args(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn documents_go_to_the_standard_output_the_oldest_trace_first() {
    let console = with_traces(3);
    let said = says(&ask(&console, &["export", "--last", "100years"]));
    let expected: Vec<_> = (1..=3).map(|trace| document(trace, &json!({}))).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    // Nothing of the last hour.
    let output = ask(&console, &["export"]);
    assert_eq!(says(&output), "");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no trace matches"));
}

#[test]
fn a_filter_or_ids_say_which_traces_and_those_that_are_not_there_are_named() {
    let console = with_traces(3);
    record(&console, &[document(4, &json!({"fault": true}))]);
    let said = says(&ask(&console, &["export", "--last", "100years", "--filter", "fault"]));
    assert_eq!(said, format!("{}\n", document(4, &json!({"fault": true}))));
    assert!(refusal(&ask(&console, &["export", "--filter", "falut"])).contains("did you mean"));
    let said = says(&ask(&console, &["export", &id(3), &id(1)]));
    assert_eq!(said.lines().count(), 2);
    let output = ask(&console, &["export", &id(3), &id(9)]);
    assert!(refusal(&output).contains(&format!("there is no trace {}", id(9))));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
}

#[test]
fn a_file_is_there_once_it_is_whole_and_how_much_is_in_it_is_said() {
    let console = with_traces(2);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.html");
    let path = path.to_str().unwrap();
    let said = says(&ask(&console, &["export", "--last", "100years", "-o", path, "--json"]));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said, json!({"traces": 2, "documents": 2, "file": path}));
    assert_eq!(directory.path().read_dir().unwrap().count(), 1, "nothing is left beside it");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    let lines = directory.path().join("lines.html");
    let asked = ["export", "--last", "100years", "--format", "ndjson", "-o", lines.to_str().unwrap()];
    let output = ask(&console, &asked);
    says(&output);
    assert!(String::from_utf8_lossy(&output.stderr).contains("2 traces and 2 documents in"));
    assert!(std::fs::read_to_string(lines).unwrap().starts_with('{'));
    let nowhere = directory.path().join("no/such/a.ndjson");
    assert!(refusal(&ask(&console, &["export", "-o", nowhere.to_str().unwrap()])).contains("cannot write"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_a_device_is_written_as_it_is() {
    let console = with_traces(3);
    let said = refusal(&ask(&console, &["export", "--last", "100years", "-o", "/dev/full"]));
    assert!(said.contains("No space left"), "{said}");
    says(&ask(&console, &["export", "--last", "100years", "-o", "/dev/null"]));
    use std::os::unix::fs::FileTypeExt as _;
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let console = console();
    let large = json!({"metadata": {"default": {"text": "x".repeat(100_000)}}});
    record(&console, &(1..=40).map(|trace| document(trace, &large)).collect::<Vec<_>>());
    let mut command = program();
    command.args(["export", "--last", "100years", "--endpoint", &console.local_addr().to_string()]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn what_is_refused_is_said_with_its_line_and_the_rest_is_taken() {
    let console = console();
    let good = [document(1, &json!({})), document(2, &json!({}))];
    let input = format!("{}\nnonsense\n\n{{\"trace_id\":\"1-2-3\"}}\n{}\n", good[0], good[1]);
    let output = import(&console, &input, &[]);
    let said = refusal(&output);
    assert!(said.contains("refused: line 2: ParseError: "), "{said}");
    assert!(said.contains("refused: line 4: InvalidTraceId: "), "{said}");
    assert!(said.contains("2 documents refused"), "{said}");
    assert!(said.contains("\n2 documents of 2 traces\n") && output.stdout.is_empty(), "{output:?}");
    let output = import(&console, &input, &["--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["taken"], &said["traces"], &said["refused"]), (&json!(2), &json!(2), &json!(2)));
    assert_eq!(
        (&said["refusals"][1]["line"], &said["refusals"][1]["code"]),
        (&json!(4), &json!("InvalidTraceId"))
    );
}

#[test]
fn what_the_console_refuses_is_said_with_its_line_and_what_it_keeps_nevertheless_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let large = json!({"metadata": {"default": {"text": "x".repeat(70_000)}}});
    let input = format!("{}\n{}\n", document(1, &json!({})), document(2, &large));
    // X-Ray would refuse the second, and says so.
    let console = console();
    let output = import(&console, &input, &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "2 documents of 2 traces\n");
    // As would a strict console.
    let store = tracer_console::MemoryStore::new(tracer_console::MemoryLimits::strict());
    let options = tracer_console::ConsoleOptions {
        store: std::sync::Arc::new(store),
        ..tracer_console::ConsoleOptions::any_port()
    };
    let strict = Console::start(options).unwrap();
    let said = refusal(&import(&strict, &input, &[]));
    assert!(said.contains("refused: line 2: LimitExceeded"), "{said}");
    drop(directory);
}

#[test]
fn documents_that_are_heavy_go_in_small_batches_and_what_no_request_holds_is_refused_alone() {
    let objects = vec!["{}"; 60_000].join(",");
    let heavy = |trace: u64| {
        document(trace, &json!({})).replacen(
            '{',
            &format!("{{\"metadata\":{{\"d\":{{\"l\":[{objects}]}}}},"),
            1,
        )
    };
    let huge = document(9, &json!({"metadata": {"d": {"text": "x".repeat(16 << 20)}}}));
    let lines: Vec<_> = (1..=8).map(heavy).collect();
    let input = format!("{}\n{huge}\n{}\n", lines.join("\n"), document(10, &json!({})));
    let console = console();
    let output = import(&console, &input, &[]);
    let said = refusal(&output);
    assert!(said.contains("refused: line 9: LimitExceeded") && said.contains("--db"), "{said}");
    assert!(said.contains("\n9 documents of 9 traces\n"), "{said}");
}

#[test]
fn answers_of_x_ray_and_documents_one_a_line_are_imported() {
    let from = with_traces(7);
    let ids: Vec<_> = (1..=5).map(id).collect();
    let api = tracer_console::EmbeddedApi::over(std::sync::Arc::clone(from.store()));
    let answer = api.call("/Traces", json!({ "TraceIds": ids }).to_string().as_bytes()).unwrap();
    for input in [answer.to_string(), format!("{answer:#}"), says(&ask(&from, &["show", "--json", &id(1)]))] {
        let to = console();
        says(&import(&to, &input, &[]));
        assert!(to.store().trace(id(1).parse().unwrap()).is_some());
    }
}

#[test]
fn an_old_recording_becomes_one_of_now() {
    let console = console();
    let order = format!("{}/tests/data/order.jsonl", env!("CARGO_MANIFEST_DIR"));
    says(&ask(&console, &["import", &order, "--shift-to-now"]));
    // What began in the last minute, under an id of the last minute.
    let found = says(&ask(&console, &["export", "--last", "1m"]));
    assert_eq!(found.lines().count(), std::fs::read_to_string(&order).unwrap().lines().count());
    let (id, _) = console.store().changed_since(tracer_console::Revision::default())[0];
    let began = u64::from_str_radix(&id.to_string()[2..10], 16).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(began.abs_diff(now) < 60, "{id}");
    assert!(refusal(&ask(&console, &["import", "-", "--shift-to-now"])).contains("a file"));
}

#[test]
fn nothing_to_import_and_nobody_to_take_it_are_failures_that_say_so() {
    let console = console();
    assert!(refusal(&import(&console, "\n", &[])).contains("holds no document"));
    assert!(refusal(&ask(&console, &["import", "no-such-file"])).contains("cannot read no-such-file"));
    let address = console.local_addr().to_string();
    drop(console);
    let mut command = program();
    command.args([
        "import",
        &format!("{}/tests/data/order.jsonl", env!("CARGO_MANIFEST_DIR")),
        "--endpoint",
        &address,
    ]);
    let output = command.output().unwrap();
    let said = refusal(&output);
    assert!(said.contains("tracer-console serve") && said.lines().count() == 1, "{said}");
    assert!(!said.contains("kept") && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn a_database_is_exported_while_a_console_writes_it_and_imported_into_when_none_does() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let db = path.to_str().unwrap();
    let store = std::sync::Arc::new(tracer_console::SqliteStore::open(&path).unwrap());
    let options = tracer_console::ConsoleOptions { store, ..tracer_console::ConsoleOptions::any_port() };
    let serving = Console::start(options).unwrap();
    record(&serving, &[document(1, &json!({}))]);
    let exported = ["export", "--db", db, "--last", "100years"];
    assert_eq!(says(&program().args(exported).output().unwrap()), format!("{}\n", document(1, &json!({}))));
    let order = format!("{}/tests/data/order.jsonl", env!("CARGO_MANIFEST_DIR"));
    let said = refusal(&program().args(["import", &order, "--db", db]).output().unwrap());
    assert!(said.contains("another program keeps its traces in the database"), "{said}");
    drop(serving);
    says(&program().args(["import", &order, "--db", db]).output().unwrap());
    let filtered =
        ["export", "--db", db, "--last", "100years", "--filter", "service(\"order-service\") AND !fault"];
    assert!(says(&program().args(filtered).output().unwrap()).lines().count() >= 1);
    let absent = directory.path().join("absent.db");
    let said = refusal(&program().args(["export", "--db", absent.to_str().unwrap()]).output().unwrap());
    assert!(said.contains("absent.db") && !absent.exists(), "{said}");
}

#[test]
fn a_wrong_name_of_a_file_makes_no_database() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("traces.db");
    let absent = directory.path().join("absent.ndjson");
    let output = program().arg("import").arg("--db").arg(&database).arg(absent).output().unwrap();
    assert_eq!((output.status.code(), database.exists()), (Some(1), false));
}

#[test]
fn a_database_and_another_x_ray_are_not_asked_at_once() {
    for command in
        [&["export", "--db", "traces.db", "--aws"][..], &["import", "--db", "traces.db", "--aws", "-"]]
    {
        assert_eq!(program().args(command).output().unwrap().status.code(), Some(2), "{command:?}");
    }
}
