//! What real X-Ray SDKs sent, byte for byte over real UDP into a console whose store is a file: nothing that a document says is
//! lost, there and after the file is opened again. Skipped where the corpus is not beside the workspace.

#[path = "corpus/recordings.rs"]
mod recordings;

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tracer_console::{
    Console, ConsoleOptions, EntityKind, Node, SqliteStore, Timestamp, Trace, TraceId, TraceStore,
};

use self::recordings::recordings;

const PATIENCE: Duration = Duration::from_secs(20);

/// A console whose store is a file.
struct Home {
    console: Console,
    sender: UdpSocket,
    directory: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&directory.path().join("traces.db")).unwrap());
        let console = Console::start(ConsoleOptions { store, ..ConsoleOptions::any_port() }).unwrap();
        Self { console, sender: UdpSocket::bind("127.0.0.1:0").unwrap(), directory }
    }

    fn store(&self) -> &dyn TraceStore {
        &**self.console.store()
    }

    /// Sends a datagram and waits until it is taken or refused; which is said.
    fn send(&self, datagram: &str) -> bool {
        let (seen, refused) = (self.store().revision(), self.console.counts().refused);
        self.sender.send_to(datagram.as_bytes(), self.console.local_addr()).unwrap();
        let deadline = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < deadline {
            if self.store().wait_for_change(seen, Duration::from_millis(20)) != seen {
                return true;
            }
            if self.console.counts().refused != refused {
                return false;
            }
        }
        panic!("neither taken nor refused: {datagram}");
    }

    fn send_documents<'d>(&self, documents: impl IntoIterator<Item = &'d str>) {
        for document in documents {
            assert!(self.send(&format!("{{\"format\":\"json\",\"version\":1}}\n{document}")), "{document}");
        }
    }

    fn trace(&self, id: &str) -> Trace {
        self.store().trace(id.parse().unwrap()).unwrap()
    }

    /// What X-Ray's API answers of a trace: the documents of its segments.
    fn answered(&self, id: &str) -> Vec<Value> {
        let url = format!("http://{}/Traces", self.console.local_addr());
        let request = json!({ "TraceIds": [id] }).to_string();
        let mut response = ureq::post(url).header("content-type", "application/json").send(request).unwrap();
        let answer: Value = serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap();
        let segments = answer["Traces"][0]["Segments"].as_array().unwrap();
        segments.iter().map(|segment| strict(segment["Document"].as_str().unwrap())).collect()
    }

    /// Stops the console and opens its file again.
    fn reopen(self) -> (SqliteStore, tempfile::TempDir) {
        drop(self.console);
        (SqliteStore::open(&self.directory.path().join("traces.db")).unwrap(), self.directory)
    }
}

fn strict(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A document as a reader sees it that knows Python's bare `NaN` and `Infinity`, and whether it had any.
fn lenient(text: &str) -> (Value, bool) {
    if let Ok(value) = serde_json::from_str(text) {
        return (value, false);
    }
    // Every one in the corpus stands behind a key, as Python's `json` writes it.
    let mended = ["NaN", "Infinity", "-Infinity"]
        .into_iter()
        .fold(text.to_owned(), |text, word| text.replace(&format!("\": {word}"), "\": null"));
    (strict(&mended), true)
}

fn datagrams(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| strict(line)["raw"].as_str().unwrap().to_owned()).collect()
}

/// A segment or subsegment as its document says it.
#[derive(Debug, Clone)]
struct Said {
    parent: Option<String>,
    /// All but the nested subsegments.
    members: Map<String, Value>,
    repaired: bool,
}

/// What is said of each trace, as it is expected to be kept.
#[derive(Debug, Default)]
struct Traces(BTreeMap<String, Known>);

#[derive(Debug, Default)]
struct Known {
    entities: BTreeMap<String, Said>,
    documents: Vec<String>,
}

impl Traces {
    fn hear(&mut self, datagram: &str) {
        let (_, text) = datagram.split_once('\n').unwrap();
        let (document, repaired) = lenient(text);
        let known = self.0.entry(document["trace_id"].as_str().unwrap().to_owned()).or_default();
        known.documents.push(text.to_owned());
        let parent = document.get("parent_id").and_then(Value::as_str).map(str::to_owned);
        known.hear(document, parent, repaired);
    }
}

impl Known {
    /// What is complete replaces what is in progress, whichever comes first.
    fn hear(&mut self, document: Value, parent: Option<String>, repaired: bool) {
        let Value::Object(mut members) = document else { panic!("no object: {document}") };
        let nested = members.remove("subsegments");
        let id = members["id"].as_str().unwrap().to_owned();
        for subsegment in nested.iter().filter_map(Value::as_array).flatten() {
            self.hear(subsegment.clone(), Some(id.clone()), repaired);
        }
        let is_late = members.get("in_progress") == Some(&json!(true)) && self.entities.contains_key(&id);
        if !is_late {
            self.entities.insert(id, Said { parent, members, repaired });
        }
    }
}

/// Whether a kept segment or subsegment is what was said.
fn assert_kept(kept: Node<'_>, said: &Said, at: &str) {
    for (key, value) in &said.members {
        assert_eq!(kept.member(key), Some(value), "{key} in {at}");
    }
    let by_accessors =
        |key: &str| said.members.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let entries = |map: Map<String, Value>| map.into_iter().collect::<BTreeMap<_, _>>();
    let kept_of = |entries: Vec<(&str, &Value)>| -> BTreeMap<String, Value> {
        entries.into_iter().map(|(key, value)| (key.to_owned(), value.clone())).collect()
    };
    assert_eq!(kept_of(kept.annotations().collect()), entries(by_accessors("annotations")), "{at}");
    assert_eq!(kept_of(kept.metadata().collect()), entries(by_accessors("metadata")), "{at}");
    assert_eq!(kept.name(), said.members.get("name").and_then(Value::as_str).unwrap_or_default(), "{at}");
    assert_eq!(kept.parent_id().map(|id| id.to_string()), said.parent, "{at}");
    assert_eq!(kept.is_repaired(), said.repaired, "{at}");
    assert_cause_kept(kept, said.members.get("cause"), at);
    let flag = |key: &str| said.members.get(key) == Some(&json!(true));
    let flags = [kept.is_fault(), kept.is_error(), kept.is_throttle()];
    assert_eq!(flags, ["fault", "error", "throttle"].map(flag), "{at}");
    let time = |key: &str| said.members.get(key).and_then(Value::as_f64);
    assert!(is_near(Some(kept.start()), time("start_time")), "{at}");
    assert!(is_near(kept.end(), time("end_time")), "{at}");
}

fn assert_cause_kept(kept: Node<'_>, cause: Option<&Value>, at: &str) {
    match cause {
        Some(Value::String(id)) => assert_eq!(kept.cause_reference(), Some(id.as_str()), "{at}"),
        Some(Value::Object(cause)) => {
            let said: Vec<_> =
                cause.get("exceptions").and_then(Value::as_array).into_iter().flatten().collect();
            let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
            let said: Vec<_> =
                said.into_iter().map(|value| ["id", "type", "message"].map(|key| text(value, key))).collect();
            let kept = kept.exceptions();
            let kept: Vec<_> =
                kept.map(|e| [e.id(), e.type_name(), e.message()].map(str::to_owned)).collect();
            assert_eq!(kept, said, "{at}");
        }
        _ => assert_eq!(kept.exceptions().count(), 0, "{at}"),
    }
}

/// To a microsecond.
fn is_near(kept: Option<Timestamp>, said: Option<f64>) -> bool {
    match (kept, said) {
        (Some(kept), Some(said)) => (kept.seconds() - said).abs() < 2e-6,
        (kept, said) => kept.is_none() && said.is_none(),
    }
}

fn assert_all_kept(store: &dyn TraceStore, expected: &Traces) {
    for (id, known) in &expected.0 {
        let id: TraceId = id.parse().unwrap();
        let trace = store.trace(id).unwrap_or_else(|| panic!("{id} is not there"));
        assert_eq!(trace.len(), known.entities.len(), "{id}");
        for (entity, said) in &known.entities {
            let kept = trace.nodes().find(|node| node.id().to_string() == *entity);
            assert_kept(
                kept.unwrap_or_else(|| panic!("{entity} of {id}")),
                said,
                &format!("{entity} of {id}"),
            );
        }
        let documents = store.documents(id);
        assert!(documents.iter().map(|text| &**text).eq(known.documents.iter().map(String::as_str)), "{id}");
    }
}

#[test]
fn every_document_of_the_corpus_is_kept_word_for_word_and_so_after_the_file_is_opened_again() {
    let home = Home::new();
    let mut expected = Traces::default();
    for file in recordings() {
        for datagram in datagrams(&file) {
            assert!(home.send(&datagram), "{}: {:?}", file.display(), home.console.refusals().latest());
            expected.hear(&datagram);
        }
    }
    assert_eq!(home.console.counts().refused, 0);
    assert_all_kept(home.store(), &expected);
    let (store, _directory) = home.reopen();
    assert_all_kept(&store, &expected);
}

const TRACE: &str = "1-6b02e002-9311b20839c1ed87c6cec943";

/// A segment with more members, or others.
fn segment(more: &Value) -> String {
    let mut segment = json!({
        "name": "job", "id": "00000000000000a1", "trace_id": TRACE, "start_time": 1.5, "end_time": 2.5,
    });
    segment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    segment.to_string()
}

fn kept(more: &Value) -> Trace {
    let home = Home::new();
    home.send_documents([segment(more).as_str()]);
    home.trace(TRACE)
}

#[test]
fn a_bare_nan_is_repaired_and_flagged_and_the_text_stays_as_it_came() {
    let home = Home::new();
    let text = segment(&json!({"metadata": {"default": {"n": 0, "text": "NaN -Infinity"}}}));
    let text = text.replace("\"n\":0", "\"n\":[NaN,-Infinity, Infinity]");
    home.send_documents([text.as_str()]);
    let trace = home.trace(TRACE);
    let job = trace.find("job").unwrap();
    assert!(job.is_repaired());
    let metadata = json!({"n": [null, null, null], "text": "NaN -Infinity"});
    assert_eq!(job.metadata().next(), Some(("default", &metadata)));
    assert_eq!(&*home.store().documents(trace.id())[0], text);
}

#[test]
fn a_document_without_a_name_is_kept() {
    let home = Home::new();
    let mut segment: Value = strict(&segment(&json!({"annotations": {"OrderId": "ORD-1"}})));
    segment.as_object_mut().unwrap().remove("name");
    home.send_documents([segment.to_string().as_str()]);
    let trace = home.trace(TRACE);
    assert_eq!(trace.find("").unwrap().annotation("OrderId"), Some(&json!("ORD-1")));
    assert_eq!(home.answered(TRACE)[0]["id"], "00000000000000a1");
}

#[test]
fn the_same_id_twice_is_one_segment_and_complete_counts_in_either_order() {
    let open = segment(&json!({"in_progress": true, "end_time": null, "user": "nobody"}));
    let complete = segment(&json!({"user": "me"}));
    for documents in [[&open, &complete], [&complete, &open]] {
        let home = Home::new();
        home.send_documents(documents.map(String::as_str));
        let trace = home.trace(TRACE);
        assert_eq!(trace.len(), 1);
        assert_eq!(trace.find("job").unwrap().member("user"), Some(&json!("me")));
        assert!(!trace.find("job").unwrap().is_in_progress());
        assert_eq!(home.store().documents(trace.id()).len(), 2);
    }
}

#[test]
fn nesting_is_trusted_and_not_parent_id() {
    let inner = json!({"name": "inner", "id": "00000000000000a3", "parent_id": "00000000000000ff", "start_time": 1.7, "end_time": 1.8});
    let outer = json!({"name": "outer", "id": "00000000000000a2", "parent_id": "00000000000000a3",
        "start_time": 1.6, "end_time": 1.9, "subsegments": [inner]});
    let trace = kept(&json!({"subsegments": [outer]}));
    let parent = |name: &str| trace.find(name).unwrap().parent().unwrap().name().to_owned();
    assert_eq!([parent("inner"), parent("outer")], ["outer", "job"]);
}

#[test]
fn a_nested_subsegment_without_type_parent_and_trace_id_is_a_subsegment() {
    let nested = json!({"name": "nested", "id": "00000000000000a2", "start_time": 1.6, "end_time": 1.9});
    let trace = kept(&json!({"subsegments": [nested]}));
    let nested = trace.find("nested").unwrap();
    assert_eq!((nested.kind(), nested.parent().unwrap().name()), (EntityKind::Subsegment, "job"));
}

#[test]
fn a_cause_that_is_a_string_names_the_exception_of_another() {
    let cause = json!({"exceptions": [{"id": "00000000000000e1", "type": "Late", "message": "too late"}]});
    let nested = json!({"name": "nested", "id": "00000000000000a2", "start_time": 1.6, "end_time": 1.9,
        "fault": true, "cause": cause});
    let trace = kept(&json!({"fault": true, "cause": "00000000000000e1", "subsegments": [nested]}));
    let job = trace.find("job").unwrap();
    let reference = job.cause_reference().unwrap();
    let (thrower, exception) = trace.exception(reference).unwrap();
    assert_eq!((thrower.name(), exception.message()), ("nested", "too late"));
}

#[test]
fn error_and_fault_are_both_kept_and_both_answered() {
    let home = Home::new();
    home.send_documents([segment(&json!({"error": true, "fault": true})).as_str()]);
    let trace = home.trace(TRACE);
    assert!(trace.find("job").unwrap().is_error() && trace.find("job").unwrap().is_fault());
    let answered = &home.answered(TRACE)[0];
    assert_eq!((&answered["error"], &answered["fault"]), (&json!(true), &json!(true)));
}

#[test]
fn members_that_x_ray_does_not_know_are_kept_and_not_answered() {
    let home = Home::new();
    home.send_documents([segment(&json!({"shoe_size": 43, "subsegments": "none"})).as_str()]);
    assert_eq!(home.trace(TRACE).find("job").unwrap().member("shoe_size"), Some(&json!(43)));
    assert_eq!(home.answered(TRACE)[0].get("shoe_size"), None);
}

#[test]
fn times_in_milliseconds_and_microseconds_are_the_times_that_they_mean() {
    for (start, end) in [
        (json!(1_795_348_454.25), json!(1_795_348_454.75)),
        (json!(1_795_348_454_250_u64), json!(1_795_348_454_750_u64)),
        (json!(1_795_348_454_250_000_u64), json!(1_795_348_454_750_000_u64)),
    ] {
        let trace = kept(&json!({"start_time": start, "end_time": end}));
        let job = trace.find("job").unwrap();
        assert_eq!(job.start(), Timestamp::from_micros(1_795_348_454_250_000), "{start}");
        assert_eq!(job.duration_micros(), Some(500_000), "{end}");
    }
}

#[test]
fn annotations_that_are_no_values_are_kept_and_not_answered() {
    let home = Home::new();
    let annotations =
        json!({"text": "a", "number": 1.5, "flag": false, "null": null, "list": [1], "object": {"a": 1}});
    let text = segment(&json!({ "annotations": annotations }));
    home.send_documents([text.as_str()]);
    assert_eq!(&*home.store().documents(TRACE.parse().unwrap())[0], text);
    assert_eq!(home.trace(TRACE).find("job").unwrap().annotations().count(), 6);
    assert_eq!(home.answered(TRACE)[0]["annotations"], json!({"text": "a", "number": 1.5, "flag": false}));
}

#[test]
fn what_is_no_document_is_refused_by_name_and_what_follows_it_is_kept() {
    let home = Home::new();
    for datagram in
        ["nonsense", "{\"format\":\"json\",\"version\":1}\n{]", "{\"format\":\"json\",\"version\":1}\n{}"]
    {
        assert!(!home.send(datagram), "{datagram}");
    }
    let codes: Vec<_> =
        home.console.refusals().latest().iter().map(|refusal| refusal.code.to_string()).collect();
    assert_eq!(codes, ["MissingHeaderOrSegment", "ParseError", "MissingTraceId"]);
    home.send_documents([segment(&json!({})).as_str()]);
    assert!(home.trace(TRACE).find("job").is_some());
}
