//! Documents that are made to hurt: texts and trees without end, clocks that are wrong, and what a terminal would obey.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tracer_console::{
    Document, EmbeddedApi, MemoryLimits, MemoryStore, Refusal, RefusalCode, Retention, Search, SqliteStore,
    Timestamp, TraceId, TraceStore, Waterfall,
};

use crate::serving::{Serving, new_trace_id, now};

const BEGIN: f64 = 1_795_348_800.0;

fn id(trace: u64) -> TraceId {
    format!("1-6b02d940-{trace:024x}").parse().unwrap()
}

fn segment(trace: u64, more: &Value) -> Document {
    let mut document = json!({
        "trace_id": id(trace).to_string(), "id": format!("{:016x}", trace + 1), "name": "web", "start_time": BEGIN,
        "end_time": BEGIN + 1.0,
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Document::parse(&document.to_string()).unwrap()
}

/// A store of each kind, and the directory that one of them needs.
fn stores() -> (tempfile::TempDir, [Arc<dyn TraceStore>; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let file = SqliteStore::open(&directory.path().join("traces.db")).unwrap();
    (directory, [Arc::new(MemoryStore::default()), Arc::new(file)])
}

/// Hundreds of kilobytes in every text that a document can have.
fn endless() -> Value {
    let long = "é".repeat(100_000);
    let exception = json!({"id": "00000000000000e1", "type": long, "message": long});
    json!({
        "name": long, "origin": long, "user": long, "resource_arn": long, "fault": true,
        "annotations": {"key": long, &*long: "value"}, "metadata": {&*long: long},
        "http": {"request": {"method": long, "url": long, "user_agent": long, "client_ip": long}, "response": {"status": 500}},
        "aws": {"account_id": long, "ec2": {"instance_id": long, "availability_zone": long}, "operation": long},
        "cause": {"exceptions": [exception]},
        "subsegments": [{
            "name": long, "id": "00000000000000b1", "namespace": "remote", "start_time": BEGIN, "end_time": BEGIN + 0.5, "fault": true,
            "http": {"request": {"url": long}}, "cause": {"exceptions": [exception]},
        }],
    })
}

#[test]
fn texts_of_megabytes_are_kept_in_the_document_and_nowhere_else_at_full_length() {
    let (_directory, stores) = stores();
    for store in stores {
        let document = segment(1, &endless());
        let length = document.text().len();
        assert!(length > 2 << 20);
        store.record(document).unwrap();
        let api = EmbeddedApi::over(Arc::clone(&store));
        let window = json!({"StartTime": BEGIN - 10.0, "EndTime": BEGIN + 10.0});
        let of_trace = json!({ "TraceIds": [id(1).to_string()] });
        let asked = [
            ("/TraceSummaries", &window),
            ("/ServiceGraph", &window),
            ("/TimeSeriesServiceStatistics", &window),
            ("/TraceGraph", &of_trace),
        ];
        for (path, request) in asked {
            let answer = api.call(path, request.to_string().as_bytes()).unwrap().to_string();
            assert!(answer.contains('é') || path.starts_with("/Time"), "{path}");
            assert!(answer.len() < 200_000, "{path} answers {} bytes", answer.len());
        }
        // All of it is there, and its beginning finds it.
        assert_eq!(store.documents(id(1))[0].len(), length);
        for filter in [
            "user BEGINSWITH \"éé\"",
            "annotation.key BEGINSWITH \"éé\"",
            "http.url CONTAINS \"éé\"",
            "fault",
        ] {
            let mut request = window.clone();
            request["FilterExpression"] = json!(filter);
            let answer = api.call("/TraceSummaries", request.to_string().as_bytes()).unwrap();
            assert_eq!(answer["TraceSummaries"].as_array().unwrap().len(), 1, "{filter}");
        }
        let drawn = Waterfall::new(&store.trace(id(1)).unwrap()).metadata(true).to_string();
        assert!(drawn.len() < 20_000, "{} bytes", drawn.len());
    }
}

#[test]
fn the_tables_of_a_file_do_not_repeat_what_is_long() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = SqliteStore::open(&path).unwrap();
    for trace in 0..4 {
        store.record(segment(trace, &endless())).unwrap();
    }
    drop(store);
    // Megabytes each; compressed they are next to nothing, and so must be what the tables know of them.
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size < 2 << 20, "{size} bytes");
}

#[test]
fn a_clock_far_ahead_or_long_ago_makes_nothing_else_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let retention = Retention { age: Duration::from_secs(3_600), ..Retention::default() };
    let store = SqliteStore::open_with(&directory.path().join("traces.db"), retention).unwrap();
    let times = [0.0, 1.0, BEGIN, 9.9e10, 1e12, 1e15, 9e19];
    for (trace, time) in (0..).zip(times) {
        store.record(segment(trace, &json!({"start_time": time, "end_time": time}))).unwrap();
    }
    // One by one, so that each transaction may forget.
    for trace in 100..150 {
        store.record(segment(trace, &json!({}))).unwrap();
    }
    for trace in (0..times.len() as u64).chain(100..150) {
        assert!(store.trace(id(trace)).is_some(), "{trace}");
    }
    let all = Search::between(Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
    assert_eq!(store.search(&all).unwrap().traces.len(), times.len() + 50);
}

#[test]
fn a_clock_far_ahead_does_not_stretch_what_is_answered() {
    let (_directory, stores) = stores();
    for store in stores {
        store.record(segment(1, &json!({}))).unwrap();
        store.record(segment(2, &json!({"start_time": 0.0, "end_time": 9.9e10}))).unwrap();
        store
            .record(segment(3, &json!({"start_time": 9.9e10, "in_progress": true, "end_time": null})))
            .unwrap();
        let api = EmbeddedApi::over(Arc::clone(&store));
        for path in ["/TraceSummaries", "/ServiceGraph", "/TimeSeriesServiceStatistics"] {
            let request = json!({"StartTime": BEGIN - 60.0, "EndTime": BEGIN + 60.0, "TimeRangeType": "Event", "Period": 60});
            let answer = api.call(path, request.to_string().as_bytes()).unwrap();
            assert!(answer.to_string().len() < 50_000, "{path}");
        }
        for trace in 1..=3 {
            let drawn = Waterfall::new(&store.trace(id(trace)).unwrap()).width(100).to_string();
            assert!(
                drawn.lines().count() < 10 && drawn.lines().all(|line| line.chars().count() <= 110),
                "{drawn}"
            );
        }
    }
}

fn limit_exceeded(outcome: Result<(), Refusal>) -> bool {
    outcome.is_err_and(|refusal| refusal.code == RefusalCode::LimitExceeded)
}

#[test]
fn a_trace_of_subsegments_without_end_is_taken_as_far_as_it_is_bearable() {
    let limits = MemoryLimits { entities_per_trace: 20_000, ..MemoryLimits::default() };
    let directory = tempfile::tempdir().unwrap();
    let file =
        SqliteStore::open_limited(&directory.path().join("traces.db"), Retention::default(), limits).unwrap();
    let stores: [Arc<dyn TraceStore>; 2] = [Arc::new(MemoryStore::new(limits)), Arc::new(file)];
    for store in stores {
        let subs = vec![r#"{"name":"s"}"#; 10_000].join(",");
        let document = |number: u64| {
            let text =
                segment(1, &json!({"id": format!("{number:016x}"), "subsegments": []})).text().to_owned();
            Document::parse(&text.replace("\"subsegments\":[]", &format!("\"subsegments\":[{subs}]")))
                .unwrap()
        };
        let refused =
            (0..10).filter(|number| limit_exceeded(store.record(document(1_000_000 + number)))).count();
        let trace = store.trace(id(1)).unwrap();
        assert_eq!((trace.len(), refused), (10_001, 9));
        // Others are taken as before, and this one is answered.
        store.record(segment(2, &json!({}))).unwrap();
        let api = EmbeddedApi::over(Arc::clone(&store));
        let answer =
            api.call("/Traces", json!({ "TraceIds": [id(1).to_string()] }).to_string().as_bytes()).unwrap();
        assert_eq!(answer["Traces"][0]["Id"], id(1).to_string());
    }
}

#[test]
fn a_trace_that_would_fill_the_memory_is_refused_before_it_does() {
    let (_directory, stores) = stores();
    for store in stores {
        let heavy = format!("[{}]", vec!["{}"; 50_000].join(","));
        let heavy: Value = serde_json::from_str(&heavy).unwrap();
        let taken = (0..64_u64).take_while(|number| {
            let more =
                json!({"id": format!("{:016x}", 7_000 + number), "metadata": {"default": {"list": heavy}}});
            !limit_exceeded(store.record(segment(1, &more)))
        });
        let taken = taken.count();
        assert!((2..20).contains(&taken), "{taken} documents that take 30 MB each");
    }
}

#[test]
fn what_a_terminal_obeys_is_shown_and_not_done_by_every_command() {
    let hostile = "a\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{8}\u{9b}31m\u{202e}gpj\u{2066}\u{200f}\u{85}\u{0}\nend";
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    let document = json!({
        "trace_id": trace, "id": "00000000000000a1", "name": hostile, "start_time": now() - 1.0, "end_time": now(), "fault": true,
        "http": {"request": {"method": hostile, "url": hostile}, "response": {"status": 500}}, "user": hostile,
        "annotations": {"key": hostile, hostile: true}, "metadata": {hostile: {hostile: hostile}}, "origin": hostile,
        "cause": {"exceptions": [{"id": "00000000000000e1", "type": hostile, "message": hostile}]},
        "subsegments": [{"name": hostile, "id": "00000000000000b1", "namespace": "remote", "start_time": now() - 0.5, "end_time": now()}],
    });
    serving.send(&document);
    serving.wait_for(&trace, |segments| !segments.is_empty());
    let commands: [&[&str]; 7] = [
        &["traces"],
        &["show", &trace, "--metadata"],
        &["analyze"],
        &["analyze", "--service", hostile.split('\u{0}').next().unwrap()],
        &["map"],
        &["tail", "--last", "1h", "--count", "1"],
        &["wait", "--last", "1h"],
    ];
    for command in commands {
        let output = serving.ask(command);
        for said in [&output.stdout, &output.stderr] {
            let said = String::from_utf8(said.clone()).unwrap();
            let obeyed = |c: char| {
                (c.is_control() && c != '\n')
                    || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c)
                    || c == '\u{200f}'
            };
            assert!(!said.contains(obeyed), "{command:?} says {said:?}");
        }
    }
}

#[test]
fn what_a_far_end_says_is_not_obeyed_either() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let body = json!({"Message": "a\u{1b}]0;owned\u{7}\u{202e}b"}).to_string();
        let head = format!(
            "HTTP/1.1 400 Bad Request\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    });
    let output =
        crate::serving::program().args(["traces", "--endpoint", &address.to_string()]).output().unwrap();
    answering.join().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("owned") && !said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
}
