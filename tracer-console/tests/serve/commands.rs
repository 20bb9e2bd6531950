//! The command line as a user runs it.

use std::net::TcpListener;
use std::process::Output;

use serde_json::{Value, json};

use crate::serving::{Serving, new_trace_id, now, program};

/// A console with three traces of the last minutes: two of `order-service`, of which one failed, and one of `mailer`.
struct Home {
    serving: Serving,
    fine: String,
    failed: String,
    mail: String,
}

impl Home {
    fn new() -> Self {
        let serving = Serving::in_memory();
        let [fine, failed, mail] = [(); 3].map(|()| new_trace_id());
        let now = now();
        let request = |status: u16| json!({"request": {"method": "POST", "url": "http://shop.example/orders"}, "response": {"status": status}});
        serving.send(&json!({
            "name": "order-service", "id": "00000000000000a1", "trace_id": fine, "start_time": now - 120.0, "end_time": now - 119.75,
            "http": request(200), "annotations": {"OrderId": "ORD-1"},
            "subsegments": [{"name": "charge", "id": "00000000000000a2", "start_time": now - 119.9, "end_time": now - 119.8}],
        }));
        let cause = json!({"exceptions": [{"id": "00000000000000e1", "type": "PaymentDeclined", "message": "the card is declined"}]});
        serving.send(&json!({
            "name": "order-service", "id": "00000000000000b1", "trace_id": failed, "start_time": now - 60.0, "end_time": now - 58.5,
            "http": request(503), "fault": true, "annotations": {"OrderId": "ORD-2"}, "cause": cause,
        }));
        serving.send(&json!({
            "name": "mailer", "id": "00000000000000c1", "trace_id": mail, "start_time": now - 30.0, "end_time": now - 29.9,
        }));
        for trace in [&fine, &failed, &mail] {
            serving.wait_for(trace, |segments| !segments.is_empty());
        }
        Self { serving, fine, failed, mail }
    }

    /// The lines of JSON that a command prints.
    fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let said = self.serving.says(&[arguments, &["--json"]].concat());
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn ids(&self, arguments: &[&str]) -> Vec<String> {
        let summaries = self.json(&[&["traces"], arguments].concat());
        summaries.iter().map(|summary| summary["Id"].as_str().unwrap().to_owned()).collect()
    }
}

/// What a command that must fail says on the standard error.
fn refusal(output: &Output) -> String {
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn serve_says_first_that_it_is_ready_where_and_what_it_keeps() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let serving = Serving::in_file(&path);
    assert!(serving.ready.starts_with("ready "), "{}", serving.ready);
    assert!(
        serving.ready.contains("traces.db") && serving.ready.contains("30 days, 1.0 GiB"),
        "{}",
        serving.ready
    );
    let trace = new_trace_id();
    serving.send(&json!({"name": "job", "id": "00000000000000a1", "trace_id": trace, "start_time": now() - 1.0, "end_time": now()}));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    #[cfg(unix)]
    assert!(serving.interrupt());
    #[cfg(not(unix))]
    serving.kill();
    // What it kept is there the next time.
    let serving = Serving::in_file(&path);
    assert_eq!(serving.found("service(\"job\")"), [trace]);
}

#[test]
fn traces_lists_what_a_filter_finds_newest_first() {
    let home = Home::new();
    assert_eq!(home.ids(&[]), [&*home.mail, &home.failed, &home.fine]);
    assert_eq!(home.ids(&["--filter", "annotation.OrderId = \"ORD-1\""]), [&*home.fine]);
    assert_eq!(
        home.ids(&["--filter", "service(\"order-service\") { fault }", "--last", "1h"]),
        [&*home.failed]
    );
    assert_eq!(home.ids(&["--last", "90s"]), [&*home.mail, &home.failed]);
    assert_eq!(home.ids(&["--last", "3d", "--limit", "1"]), [&*home.mail]);
}

#[test]
fn traces_shows_each_trace_as_a_line() {
    let home = Home::new();
    let said = home.serving.says(&["traces", "--filter", "service(\"order-service\")"]);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    for word in [&*home.failed, "fault", "503", "1.50 s", "order-service", "POST http://shop.example/orders"]
    {
        assert!(lines[1].contains(word), "{word} is not in {said}");
    }
    for word in [&*home.fine, "ok", "200", "250 ms"] {
        assert!(lines[2].contains(word), "{word} is not in {said}");
    }
}

#[test]
fn nothing_found_is_said_and_is_no_failure() {
    let home = Home::new();
    let nothing = ["--filter", "annotation.OrderId = \"ORD-3\""];
    for command in ["traces", "analyze"] {
        let output = home.serving.ask(&[&[command], &nothing[..]].concat());
        assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("no trace matches"));
    }
    assert!(home.ids(&nothing).is_empty());
    assert_eq!(home.json(&[&["analyze"], &nothing[..]].concat())[0]["traces"], 0);
}

#[test]
fn show_draws_a_trace_and_prints_its_documents() {
    let home = Home::new();
    let drawn = home.serving.says(&["show", &home.fine]);
    for word in [&*home.fine, "order-service", "charge", "OrderId=ORD-1", "250 ms", "100 ms"] {
        assert!(drawn.contains(word), "{word} is not in\n{drawn}");
    }
    assert!(home.serving.says(&["show", &home.failed]).contains("the card is declined"));
    let documents = home.json(&["show", &home.fine]);
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["subsegments"][0]["name"], "charge");
}

#[test]
fn an_endpoint_may_be_written_without_its_scheme() {
    let home = Home::new();
    let address = home.serving.address.to_string();
    let output = program().args(["traces", "--json", "--endpoint", &address]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3);
}

#[test]
fn none_and_no_time_at_all_are_refused_with_what_to_write() {
    let home = Home::new();
    let said = refusal(&home.serving.ask(&["traces", "--limit", "0"]));
    assert!(said.contains("--limit") && said.contains("from 1 on"), "{said}");
    for command in ["traces", "analyze"] {
        let said = refusal(&home.serving.ask(&[command, "--last", "0s"]));
        assert!(said.contains("--last") && said.contains("15m"), "{said}");
    }
    // Long before there was a trace.
    assert_eq!(home.ids(&["--last", "1000years", "--limit", "3"]).len(), 3);
}

#[test]
fn a_mistyped_trace_is_not_taken_for_a_file() {
    let home = Home::new();
    for mistyped in [&home.fine[..34], &home.fine[..10], &format!("{}x", home.fine)] {
        let said = refusal(&home.serving.ask(&["show", mistyped]));
        assert!(said.contains(mistyped) && said.contains("1-5759e988-"), "{said}");
    }
    let said = refusal(&home.serving.ask(&["show", "no-such-file"]));
    assert!(said.contains("no-such-file") && said.contains("tracer-console traces"), "{said}");
}

#[test]
fn a_database_in_memory_is_asked_for_by_its_flag() {
    let directory = tempfile::tempdir().unwrap();
    let mut serve = program();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--db", ":memory:"]).current_dir(directory.path());
    assert!(refusal(&serve.output().unwrap()).contains("--memory"));
    assert_eq!(directory.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_trace_that_is_not_there_is_named() {
    let home = Home::new();
    let absent = new_trace_id();
    for json in [&[][..], &["--json"]] {
        let said = refusal(&home.serving.ask(&[&["show", &absent], json].concat()));
        assert!(said.contains(&absent), "{said}");
    }
}

#[test]
fn a_wrong_filter_is_shown_with_its_place() {
    let home = Home::new();
    for command in ["traces", "analyze"] {
        let said = refusal(&home.serving.ask(&[command, "--filter", "ok AND response_time > 1"]));
        let lines: Vec<_> = said.lines().collect();
        let place = lines.iter().position(|line| line.contains("ok AND response_time > 1"));
        let place = place.unwrap_or_else(|| panic!("no place in\n{said}"));
        assert_eq!(
            lines[place + 1].find('^'),
            lines[place].find("response_time"),
            "the mark is not below the word in\n{said}"
        );
        assert!(said.contains("did you mean `responsetime`?"), "{said}");
    }
    // With a service, too, the place is that in what was written.
    let said = refusal(&home.serving.ask(&["analyze", "--service", "a", "--filter", "falut"]));
    assert!(said.contains("\n  falut\n  ^^^^^"), "{said}");
}

#[test]
fn where_no_console_runs_what_to_do_is_said() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{nobody}");
    let trace = new_trace_id();
    for command in [&["traces"][..], &["analyze"], &["show", &trace]] {
        let said = refusal(&program().args(command).args(["--endpoint", &endpoint]).output().unwrap());
        assert!(said.contains(&endpoint) && said.contains("tracer-console serve"), "{said}");
        assert!(said.contains("--endpoint"), "{said}");
    }
}

#[test]
fn an_address_that_is_taken_is_named_with_what_to_do() {
    let serving = Serving::in_memory();
    let output =
        program().args(["serve", "--memory", "--listen", &serving.address.to_string()]).output().unwrap();
    let said = refusal(&output);
    assert!(said.contains(&serving.address.to_string()) && said.contains("port 0"), "{said}");
}

#[test]
fn a_database_that_another_console_keeps_its_traces_in_is_named_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let serving = Serving::in_file(&path);
    let output = program().args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&path).output().unwrap();
    let said = refusal(&output);
    assert!(
        said.contains("traces.db") && said.contains("another program") && said.contains("--db"),
        "{said}"
    );
    // The lock goes with the process, however it ends.
    serving.kill();
    assert!(Serving::in_file(&path).ready.starts_with("ready "));
}

#[test]
fn what_is_no_database_is_named_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "notes of mine ".repeat(1_000)).unwrap();
    let output = program().args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&path).output().unwrap();
    let said = refusal(&output);
    assert!(said.contains("notes.txt") && said.contains("--db") && said.contains("--memory"), "{said}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("notes of mine"));
}
