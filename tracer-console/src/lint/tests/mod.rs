//! Rules, one by one.

mod any_file;
mod files;

use serde_json::{Value, json};

use super::*;

/// 2026-11-22.
const NOW: Timestamp = Timestamp::from_micros(1_795_348_900_000_000);
const ID: &str = "cbafb490a105b1f4";

fn segment(more: Value) -> Value {
    let document = json!({
        "name": "web", "id": ID, "trace_id": "1-6b02e002-9311b20839c1ed87c6cec943",
        "start_time": 1_795_348_812.34, "end_time": 1_795_348_812.44,
    });
    with(document, more)
}

fn subsegment(more: Value) -> Value {
    let own = json!({"type": "subsegment", "parent_id": "53995c3f42cd8ad8", "namespace": "remote"});
    with(segment(own), more)
}

/// A segment with one that is nested in it.
fn nested(more: Value) -> Value {
    let nested = json!({
        "name": "call", "id": "8e7fb6825d14ff63", "start_time": 1_795_348_812.35, "end_time": 1_795_348_812.36,
    });
    segment(json!({"subsegments": [with(nested, more)]}))
}

/// Members with others in their place; `null` takes one away.
#[allow(clippy::needless_pass_by_value, reason = "calls read better")]
fn with(mut members: Value, more: Value) -> Value {
    let members_of = members.as_object_mut().unwrap();
    for (key, value) in more.as_object().unwrap() {
        members_of.insert(key.clone(), value.clone());
    }
    members_of.retain(|_, value| !value.is_null());
    members
}

fn lint_now(file: impl AsRef<[u8]>) -> Linted {
    Linted::at(file.as_ref(), NOW)
}

/// Paths and what becomes of what stands there.
fn found(document: &Value) -> Vec<(String, LintLevel)> {
    let linted = lint_now(document.to_string());
    linted.findings.into_iter().map(|finding| (finding.path, finding.level)).collect()
}

#[allow(clippy::needless_pass_by_value, reason = "calls read better")]
#[track_caller]
fn finds(document: Value, path: &str, level: LintLevel) {
    assert_eq!(found(&document), [(path.to_owned(), level)], "{document:#}");
}

#[track_caller]
fn refuses(document: &Value, path: &str, code: RefusalCode) {
    let linted = lint_now(document.to_string());
    let refusals: Vec<_> =
        linted.findings.iter().map(|finding| (finding.path.as_str(), finding.code)).collect();
    assert_eq!(refusals, [(path, Some(code))], "{document:#}");
    assert_eq!((linted.refused, linted.taken_whole()), (1, 0));
}

#[test]
fn what_fits_the_schema_is_taken_whole() {
    let everything = json!({
        "user": "me", "origin": "AWS::EC2::Instance", "resource_arn": "arn:aws:ec2:…", "parent_id": "53995c3f42cd8ad8",
        "service": {"version": "1", "name": "web", "runtime": "CPython"},
        "http": {"request": {"method": "GET", "url": "https://shop.example/", "client_ip": "::1", "user_agent": "curl",
            "x_forwarded_for": true}, "response": {"status": 429, "content_length": -1}},
        "aws": {"xray": {"sdk": "X-Ray for Rust"}, "ec2": {"instance_id": "i-0abc"}, "region": "eu-west-1"},
        "error": true, "throttle": true, "fault": false,
        "cause": {"working_directory": "/", "paths": [], "exceptions": [{"id": ID, "message": "m", "type": "T",
            "remote": true, "stack": [{"path": "a.rs", "line": 7, "label": "f"}, {"line": null}], "truncated": 1}]},
        "annotations": {"aws:api_stage": "prod", "aws.responseLatency": 1, "tenant": "acme", "n": 7, "f": 0.5, "ok": true}, "metadata": {"default": {"any": [1, {}]}},
        "links": [{"trace_id": "1-6b02e002-9311b20839c1ed87c6cec943", "id": ID, "attributes": {}}],
        "subsegments": [{"name": "### any name <>", "id": "8e7fb6825d14ff63", "start_time": 1.5, "in_progress": true,
            "parent_id": ID, "type": "subsegment", "namespace": "local", "traced": true, "precursor_ids": [ID],
            "sql": {"url": "postgres://db", "preparation": "call"}, "cause": ID}],
    });
    assert_eq!(found(&segment(everything)), []);
    assert_eq!(found(&subsegment(json!({"cause": {"id": ID, "exceptions": []}}))), []);
}

#[test]
fn what_a_document_needs_is_asked_for_by_x_rays_names() {
    use RefusalCode::{
        InvalidId, InvalidName, InvalidSegment, InvalidTraceId, MissingEndTime, MissingId, MissingName,
        MissingParentId, MissingStartTime, MissingTraceId,
    };
    let absent = |member: &str| segment(json!({member: null}));
    for (member, code) in [
        ("trace_id", MissingTraceId),
        ("id", MissingId),
        ("name", MissingName),
        ("start_time", MissingStartTime),
        ("end_time", MissingEndTime),
    ] {
        refuses(&absent(member), "", code);
    }
    refuses(&subsegment(json!({"parent_id": null})), "", MissingParentId);
    refuses(&subsegment(json!({"parent_id": ""})), "", MissingParentId);
    for (member, value, code) in [
        ("trace_id", json!("1-5759e988"), InvalidTraceId),
        ("trace_id", json!(7), InvalidTraceId),
        ("trace_id", json!("6b02e0029311b20839c1ed87c6cec943"), InvalidTraceId),
        ("id", json!("cbafb490"), InvalidId),
        ("id", json!("cbafb490a105b1fg"), InvalidId),
        ("parent_id", json!(1), InvalidId),
        ("name", json!(""), InvalidName),
        ("name", json!("a<b"), InvalidName),
        ("name", json!("x".repeat(201)), InvalidName),
        ("name", json!(7), InvalidName),
        ("start_time", json!("1795348812.34"), InvalidSegment),
        ("start_time", json!(-1), MissingStartTime),
        ("end_time", json!(true), MissingEndTime),
    ] {
        refuses(&segment(json!({member: value})), &format!("/{member}"), code);
    }
    refuses(&json!([7]), "", InvalidSegment);
    for (member, code) in [("id", MissingId), ("name", MissingName), ("start_time", MissingStartTime)] {
        refuses(&nested(json!({member: null})), "/subsegments/0", code);
    }
    assert_eq!(found(&subsegment(json!({"name": "any name: <>"}))), []);
}

#[test]
fn every_refusal_of_a_document_is_listed() {
    let codes: Vec<_> = lint("{}").into_iter().filter_map(|finding| finding.code).collect();
    use RefusalCode::{MissingEndTime, MissingId, MissingName, MissingStartTime, MissingTraceId};
    assert_eq!(codes, [MissingTraceId, MissingId, MissingName, MissingStartTime, MissingEndTime]);
}

#[test]
fn annotations_have_plain_keys_and_values() {
    use LintLevel::{Advice, Dropped};
    for (key, value, level) in [
        ("order-id", json!(1), Dropped),
        ("", json!(1), Dropped),
        ("größe", json!(1), Dropped),
        ("list", json!([1]), Dropped),
        ("nothing", json!(null), Dropped),
        ("long", json!("x".repeat(1_001)), Dropped),
        ("a.b", json!(1), Advice),
    ] {
        finds(segment(json!({"annotations": {key: value}})), &format!("/annotations/{key}"), level);
    }
    finds(segment(json!({"annotations": {"a/b~": 1}})), "/annotations/a~1b~0", Dropped);
    finds(segment(json!({"annotations": [1]})), "/annotations", Dropped);
    finds(nested(json!({"annotations": {"a b": 1}})), "/subsegments/0/annotations/a b", Dropped);
    let key = "k".repeat(501);
    finds(segment(json!({"annotations": {key.as_str(): 1}})), &format!("/annotations/{key}"), Dropped);
}

#[test]
fn metadata_has_namespaces() {
    finds(segment(json!({"metadata": {"total": 7}})), "/metadata/total", LintLevel::Dropped);
    finds(segment(json!({"metadata": 7})), "/metadata", LintLevel::Dropped);
    finds(segment(json!({"metadata": {"AWS.x": {}}})), "/metadata/AWS.x", LintLevel::Advice);
}

#[test]
fn members_of_another_kind_or_of_none_are_dropped() {
    use LintLevel::{Advice, Changed, Dropped};
    for (document, path, level) in [
        (segment(json!({"Dummy": false})), "/Dummy", Dropped),
        (segment(json!({"namespace": "aws"})), "/namespace", Dropped),
        (segment(json!({"type": "segment"})), "/type", Changed),
        (segment(json!({"inferred": true})), "/inferred", Advice),
        (segment(json!({"name": "a\\b"})), "/name", Advice),
        (segment(json!({"parent_id": ""})), "/parent_id", Changed),
        (segment(json!({"parent_id": ID})), "/parent_id", Advice),
        (subsegment(json!({"user": "me"})), "/user", Dropped),
        (subsegment(json!({"links": []})), "/links", Dropped),
        (subsegment(json!({"namespace": "local-ish"})), "/namespace", Dropped),
        (nested(json!({"origin": "AWS::Lambda"})), "/subsegments/0/origin", Dropped),
        (nested(json!({"parent_id": "53995c3f42cd8ad8"})), "/subsegments/0/parent_id", Changed),
        (nested(json!({"id": ID})), "/subsegments/0/id", Dropped),
        (nested(json!({"end_time": null})), "/subsegments/0", Changed),
        (segment(json!({"subsegments": {}})), "/subsegments", Dropped),
        (segment(json!({"subsegments": [7]})), "/subsegments/0", Dropped),
    ] {
        finds(document, path, level);
    }
}

#[test]
fn members_of_another_type_are_dropped_where_they_stand() {
    use LintLevel::{Advice, Changed, Dropped};
    for (more, path, level) in [
        (json!({"http": 1}), "/http", Dropped),
        (json!({"http": {"request": {"url": 1}}}), "/http/request/url", Dropped),
        (json!({"http": {"request": {"url": "x".repeat(251)}}}), "/http/request/url", Dropped),
        (json!({"http": {"request": {"headers": {}}}}), "/http/request/headers", Dropped),
        (json!({"http": {"response": {"status": "404"}}}), "/http/response/status", Changed),
        (json!({"http": {"response": {"status": "none"}}}), "/http/response/status", Dropped),
        (json!({"aws": {"operation": ["Scan"]}}), "/aws/operation", Dropped),
        (json!({"sql": {"dialect": "x"}}), "/sql/dialect", Dropped),
        (json!({"fault": 1}), "/fault", Dropped),
        (json!({"throttle": true}), "/throttle", Advice),
        (json!({"cause": "short"}), "/cause", Dropped),
        (json!({"cause": 7}), "/cause", Dropped),
        (json!({"cause": {"exceptions": [{"message": "m"}]}}), "/cause/exceptions/0", Dropped),
        (
            json!({"cause": {"exceptions": [{"id": ID, "stack": [{"line": "7"}]}]}}),
            "/cause/exceptions/0/stack/0/line",
            Dropped,
        ),
        (json!({"links": [{"id": ID}]}), "/links/0", Dropped),
        (json!({"user": 7}), "/user", Dropped),
    ] {
        finds(segment(more), path, level);
    }
    let link = json!({"trace_id": "1-6b02e002-9311b20839c1ed87c6cec943", "id": ID});
    finds(segment(json!({"links": vec![link; 21]})), "/links", Dropped);
}

#[test]
fn times_are_seconds_that_x_ray_keeps() {
    use LintLevel::{Advice, Changed, Dropped};
    let times = |start: f64, end: f64| segment(json!({"start_time": start, "end_time": end}));
    finds(times(1_795_348_812.5, 1_795_348_812.0), "/end_time", Advice);
    finds(times(1_790_000_000.0, 1_795_348_812.0), "/start_time", Advice);
    finds(times(1_795_350_000.0, 1_795_350_001.0), "/start_time", Advice);
    finds(segment(json!({"in_progress": true})), "/end_time", Changed);
    let milliseconds = found(&times(1_795_348_812_340.0, 1_795_348_812_440.0));
    assert_eq!(milliseconds, [("/start_time".to_owned(), Dropped), ("/end_time".to_owned(), Dropped)]);
    refuses(&segment(json!({"in_progress": false, "end_time": null})), "", RefusalCode::MissingEndTime);
}

#[test]
fn sizes_are_those_of_x_ray_and_of_a_datagram() {
    let document = |bytes: usize| {
        let empty = segment(json!({"metadata": {"default": {"text": ""}}})).to_string().len();
        segment(json!({"metadata": {"default": {"text": "x".repeat(bytes - empty)}}}))
    };
    assert_eq!(found(&document(65_477)), []);
    finds(document(65_478), "", LintLevel::Advice);
    finds(document(65_536), "", LintLevel::Advice);
    refuses(&document(65_537), "", RefusalCode::InvalidSegment);
}

#[test]
fn a_bare_nan_is_a_loss_and_what_is_no_json_is_refused() {
    let nan = segment(json!({"metadata": {"default": {"a": 1}}})).to_string().replace(":1}", ":NaN}");
    let linted = lint_now(nan);
    assert_eq!((linted.taken_with_losses(), linted.findings.len()), (1, 1));
    for (bytes, code) in
        [(&b"{\"name\":"[..], RefusalCode::ParseError), (b"{\"a\":\"\xff\"}", RefusalCode::ParseError)]
    {
        assert_eq!(lint_now(bytes).findings[0].code, Some(code));
    }
    let deep = format!("{{\"metadata\":{}1{}}}", "[".repeat(400), "]".repeat(400));
    assert_eq!(lint(&deep)[0].code, Some(RefusalCode::TooDeep));
}

#[test]
fn documents_of_one_trace_are_looked_at_together() {
    let in_progress = segment(json!({"in_progress": true, "end_time": null}));
    let lines = |documents: &[&Value]| {
        let text: Vec<_> = documents.iter().map(ToString::to_string).collect();
        let linted = lint_now(text.join("\n"));
        let findings = linted.findings.into_iter();
        findings.map(|finding| (finding.document, finding.path, finding.level)).collect::<Vec<_>>()
    };
    let whole = segment(json!({}));
    assert_eq!(lines(&[&in_progress, &whole]), []);
    assert_eq!(lines(&[&whole, &whole]), [(2, "/id".to_owned(), LintLevel::Dropped)]);
    assert_eq!(lines(&[&whole, &in_progress]), [(2, "/id".to_owned(), LintLevel::Dropped)]);
    assert_eq!(lines(&[&in_progress, &in_progress]), [(2, "/id".to_owned(), LintLevel::Advice)]);

    let annotated = |id: &str, keys: std::ops::Range<usize>| {
        let annotations: serde_json::Map<_, _> = keys.map(|key| (format!("k{key:02}"), json!(key))).collect();
        segment(json!({"id": id, "annotations": annotations}))
    };
    let (first, second) = (annotated(ID, 0..40), annotated("8e7fb6825d14ff63", 30..60));
    assert_eq!(lines(&[&first, &second]), [(2, "/annotations/k50".to_owned(), LintLevel::Dropped)]);

    let large = |number: usize| {
        segment(
            json!({"id": format!("{number:016x}"), "metadata": {"default": {"text": "x".repeat(60_000)}}}),
        )
    };
    let large: Vec<_> = (1..=10).map(large).collect();
    assert_eq!(lines(&large.iter().collect::<Vec<_>>()), [(9, String::new(), LintLevel::Dropped)]);
}

#[test]
fn a_finding_reads_as_a_line_and_as_json() {
    let finding = &lint("{\n}")[0];
    assert!(
        finding.to_string().starts_with("line 1: refused (MissingTraceId): there is no trace_id; write 1-")
    );
    let value = serde_json::to_value(finding).unwrap();
    assert_eq!((&value["level"], &value["code"]), (&json!("refused"), &json!("MissingTraceId")));
    let dropped =
        serde_json::to_value(&lint_now(segment(json!({"Dummy": 1})).to_string()).findings[0]).unwrap();
    assert_eq!((&dropped["path"], dropped.get("code")), (&json!("/Dummy"), None));
}
