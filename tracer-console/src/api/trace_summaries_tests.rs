use std::sync::Arc;

use serde_json::{Value, json};

use super::super::testing::{BEGIN, Home, segment, with};
use crate::sqlite_store::SqliteStore;

fn asked(more: Value) -> Value {
    with(json!({"StartTime": BEGIN, "EndTime": BEGIN + 3600.0}), more)
}

fn ids(answer: &Value) -> Vec<String> {
    let summaries = answer["TraceSummaries"].as_array().unwrap();
    summaries.iter().map(|summary| summary["Id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn newest_come_first_with_what_the_filter_says() {
    let home = Home::new();
    for trace in 1..=5 {
        let mut document = segment(trace, 1, trace as f64);
        document["http"] = json!({"response": {"status": if trace % 2 == 0 { 500 } else { 200 }}});
        home.put(&[document]);
    }
    let all = home.ok("GetTraceSummaries", asked(json!({})));
    assert_eq!(ids(&all), [5, 4, 3, 2, 1].map(|trace| home.id(trace)));
    assert_eq!((&all["TracesProcessedCount"], &all["ApproximateTime"]), (&json!(5), &json!(BEGIN)));
    assert_eq!(all.get("NextToken"), None);
    let faults = home.ok("GetTraceSummaries", asked(json!({"FilterExpression": "fault", "Sampling": true})));
    assert_eq!(ids(&faults), [4, 2].map(|trace| home.id(trace)));
    assert_eq!(faults["TraceSummaries"][0]["Http"]["HttpStatus"], 500);
    assert_eq!(faults["TraceSummaries"][0]["Revision"], 1);
}

#[test]
fn groups_stand_for_their_expressions() {
    let home = Home::new();
    let mut slow = segment(1, 1, 1.0);
    slow["end_time"] = json!(BEGIN + 31.0);
    home.put(&[slow, segment(2, 1, 1.0)]);
    home.ok("CreateGroup", json!({"GroupName": "slow", "FilterExpression": "responsetime > 5"}));
    let found = |filter: &str| ids(&home.ok("GetTraceSummaries", asked(json!({"FilterExpression": filter}))));
    assert_eq!(found("group.name = \"slow\""), [home.id(1)]);
    assert_eq!(found("!group.name = \"slow\""), [home.id(2)]);
    assert_eq!(found("group.name = \"Default\"").len(), 2);
    let error = home.error("GetTraceSummaries", asked(json!({"FilterExpression": "group.name = \"fast\""})));
    assert!(error.contains("no group"), "{error}");
}

#[test]
fn all_traces_come_once_in_pages_however_many() {
    let directory = tempfile::tempdir().unwrap();
    let in_file = SqliteStore::open(&directory.path().join("traces.db")).unwrap();
    for home in [Home::new(), Home::with(Arc::new(in_file))] {
        come_once_in_pages(&home);
    }
}

fn come_once_in_pages(home: &Home) {
    let documents: Vec<_> = (0..450).map(|trace| segment(trace, 1, (trace / 10) as f64)).collect();
    home.put(&documents);
    let pages = home.pages("GetTraceSummaries", asked(json!({})));
    assert!(pages.len() > 3);
    let mut all: Vec<_> = pages.iter().flat_map(ids).collect();
    assert_eq!(all.len(), 450);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 450);
    let approximate = |page: &Value| page["ApproximateTime"].as_f64().unwrap();
    assert!(pages.windows(2).all(|two| approximate(&two[0]) >= approximate(&two[1])));
}

#[test]
fn a_token_of_another_question_is_refused() {
    let home = Home::new();
    for trace in 0..150 {
        home.put(&[segment(trace, 1, 1.0)]);
    }
    let token = home.ok("GetTraceSummaries", asked(json!({})))["NextToken"].clone();
    home.ok("GetTraceSummaries", asked(json!({"NextToken": token})));
    let other = asked(json!({"NextToken": token, "FilterExpression": "fault"}));
    assert!(home.error("GetTraceSummaries", other).starts_with("Invalid NextToken"));
}

#[test]
fn a_range_means_the_start_the_activity_or_the_end() {
    let home = Home::new();
    // From 10 to 70 seconds.
    let mut long = segment(1, 1, 10.0);
    long["end_time"] = json!(BEGIN + 70.0);
    home.put(&[long]);
    let found = |by: &str, from: f64, to: f64| {
        let asked = json!({"StartTime": BEGIN + from, "EndTime": BEGIN + to, "TimeRangeType": by});
        home.ok("GetTraceSummaries", asked)["TraceSummaries"].as_array().unwrap().first().cloned()
    };
    assert!(found("TraceId", 0.0, 20.0).is_some());
    assert_eq!(found("TraceId", 20.0, 90.0), None);
    assert_eq!(found("TraceId", 0.0, 10.0), None, "the end of a range is not in it");
    let matched = |summary: Option<Value>| summary.unwrap()["MatchedEventTime"].as_f64().unwrap() - BEGIN;
    assert_eq!(matched(found("Event", 20.0, 30.0)), 20.0);
    assert_eq!(matched(found("Event", 0.0, 30.0)), 10.0);
    assert_eq!(found("Event", 71.0, 90.0), None);
    assert_eq!(matched(found("Service", 20.0, 90.0)), 70.0);
    assert_eq!(found("Service", 0.0, 20.0), None);
    assert_eq!(found("TraceId", 0.0, 20.0).unwrap().get("MatchedEventTime"), None);
}

#[test]
fn windows_and_words_are_checked() {
    let home = Home::new();
    let window = |from: f64, to: f64| json!({"StartTime": BEGIN + from, "EndTime": BEGIN + to});
    assert!(home.error("GetTraceSummaries", window(1.0, 1.0)).contains("earlier"));
    home.ok("GetTraceSummaries", window(0.0, 86_400.0));
    let error = home.error("GetTraceSummaries", window(0.0, 86_401.0));
    assert_eq!(error, "Time range cannot be longer than 24 hours");
    for wrong in [
        json!({"TimeRangeType": "Trace"}),
        json!({"SamplingStrategy": {"Name": "Half"}}),
        json!({"StartTime": "yesterday"}),
        json!({"FilterExpression": "response_time > 1"}),
    ] {
        home.error("GetTraceSummaries", asked(wrong));
    }
    home.ok("GetTraceSummaries", asked(json!({"SamplingStrategy": {"Name": "FixedRate", "Value": 0.5}})));
}

#[test]
fn the_revision_grows_with_every_document() {
    let home = Home::new();
    home.put(&[segment(1, 1, 1.0)]);
    home.put(&[segment(1, 2, 1.0), segment(1, 1, 1.0)]);
    assert_eq!(home.ok("GetTraceSummaries", asked(json!({})))["TraceSummaries"][0]["Revision"], 3);
}

#[test]
fn numbers_that_no_client_can_read_are_not_answered() {
    let home = Home::new();
    let mut odd = segment(1, 1, 1.0);
    odd["http"] = json!({"response": {"status": 1_u64 << 31}});
    home.put(&[odd]);
    // One such document would make every answer that it is in unreadable for boto3.
    let mut later = segment(2, 1, 1.0);
    later["end_time"] = json!(1e300);
    let refused = home.ok("PutTraceSegments", json!({"TraceSegmentDocuments": [later.to_string()]}));
    assert_eq!(refused["UnprocessedTraceSegments"][0]["ErrorCode"], "MissingEndTime");
    let asked = json!({"StartTime": BEGIN, "EndTime": BEGIN + 60.0});
    let summaries = home.ok("GetTraceSummaries", asked)["TraceSummaries"].clone();
    assert_eq!(summaries.as_array().unwrap().len(), 1);
    assert_eq!(summaries[0]["Http"].get("HttpStatus"), None);
}
