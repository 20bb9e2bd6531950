use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::testing::{BEGIN, Home};
use crate::filter::FilterExpression;
use crate::sqlite_store::SqliteStore;

const NAMES: [&str; 3] = ["web", "orders", "worker"];

/// A trace: when it began, its service and how it went, what it called and sent, and of which trace it received something.
#[derive(Debug, Clone)]
struct Draft {
    start: u32,
    /// `None` while it is in progress.
    took: Option<u32>,
    name: usize,
    fault: bool,
    call: Option<(&'static str, u32)>,
    received: Option<(u64, bool)>,
}

fn draft() -> impl Strategy<Value = Draft> {
    let call = prop::sample::select(&["SQS", "DynamoDB", "local", "orders"][..]);
    let received = prop::option::weighted(0.4, (0..12_u64, any::<bool>()));
    (
        0..400_u32,
        prop::option::weighted(0.9, 0..90_u32),
        0..3_usize,
        any::<bool>(),
        prop::option::of((call, 0..90_u32)),
        received,
    )
        .prop_map(|(start, took, name, fault, call, received)| Draft {
            start,
            took,
            name,
            fault,
            call,
            received,
        })
}

fn trace_id(trace: u64) -> String {
    format!("1-6b02d940-{trace:024x}")
}

fn document(trace: u64, draft: &Draft) -> Value {
    let Draft { start, took, name, fault, call, received } = draft.clone();
    let start = BEGIN + f64::from(start);
    let mut document = json!({
        "name": NAMES[name], "id": "00000000000000a1", "trace_id": trace_id(trace), "start_time": start,
        "annotations": {"tenant": name}, "fault": fault,
    });
    match took {
        Some(took) => document["end_time"] = json!(start + f64::from(took)),
        None => document["in_progress"] = json!(true),
    }
    if let Some((name, took)) = call {
        let mut call = json!({
            "name": name, "id": "00000000000000b2", "start_time": start + 1.0, "end_time": start + f64::from(took),
        });
        match name {
            "SQS" | "DynamoDB" => call["namespace"] = json!("aws"),
            "orders" => call["namespace"] = json!("remote"),
            _ => {}
        }
        document["subsegments"] = json!([call]);
    }
    if let Some((sender, by_call)) = received {
        let id = if by_call { "00000000000000b2" } else { "00000000000000a1" };
        document["links"] = json!([{"trace_id": trace_id(sender), "id": id, "attributes": {}}]);
    }
    document
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn what_is_packed_adds_up_to_what_documents_do(
        drafts in prop::collection::vec(draft(), 1..12),
        (from, length) in (0..500_u32, 1..300_u32),
        group in prop::sample::select(&[
            "", "fault", "service(\"orders\")", "annotation.tenant = 1", "!fault responsetime > 30",
            "edge(\"web\", \"SQS\") OR partial", "service(\"web\") { fault = false }", "rootcause.fault.service",
        ][..]),
        period in prop::sample::select(&[60_u32, 300][..]),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let file = Arc::new(SqliteStore::open(&directory.path().join("traces.db")).unwrap());
        let homes = [Home::new(), Home::with(file)];
        let documents: Vec<_> = (0..).zip(&drafts).map(|(trace, draft)| document(trace, draft)).collect();
        let asked = json!({
            "StartTime": BEGIN + f64::from(from), "EndTime": BEGIN + f64::from(from + length), "Period": period,
            "GroupName": "some", "EntitySelectorExpression": "service(\"orders\") OR id(type: \"AWS::SQS\")",
        });
        let [of_memory, of_file] = homes.map(|home| {
            home.put(&documents);
            home.ok("CreateGroup", json!({"GroupName": "some", "FilterExpression": group}));
            ["GetServiceGraph", "GetTimeSeriesServiceStatistics"].map(|name| home.ok(name, asked.clone()))
        });
        prop_assert_eq!(of_memory, of_file);
        prop_assert!(FilterExpression::parse(group).is_ok());
    }
}

/// The service graph of each window, from the documents in memory and from the file.
fn graphs(homes: &[Home], windows: &[(u32, u32)]) -> Vec<Vec<Value>> {
    let asked = windows.iter().map(|(from, length)| {
        json!({"StartTime": BEGIN + f64::from(*from), "EndTime": BEGIN + f64::from(from + length)})
    });
    asked.map(|asked| homes.iter().map(|home| home.ok("FilteredGraph", asked.clone())).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    /// Minutes that were added up once are added up again where something came, and only kept where nothing did.
    #[test]
    fn c3_what_was_added_up_before_late_documents_is_not_told_after_them(
        rounds in prop::collection::vec(prop::collection::vec((draft(), 0..12_u64), 0..8), 2..5),
        windows in prop::collection::vec((0..400_u32, 1..900_u32), 2..5),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("traces.db");
        let file = Arc::new(SqliteStore::open(&path).unwrap());
        let other_program = Arc::new(SqliteStore::open_read_only(&path).unwrap());
        let homes = [Home::new(), Home::with(file), Home::with(other_program)];
        for drafts in rounds {
            // Of a trace that is there, too: it may begin in another minute then.
            let documents: Vec<_> = drafts.iter().map(|(draft, trace)| document(*trace, draft)).collect();
            if !documents.is_empty() {
                homes[..2].iter().for_each(|home| home.put(&documents));
            }
            for _ in 0..2 {
                for answers in graphs(&homes, &windows) {
                    prop_assert_eq!(&answers[0], &answers[1]);
                    prop_assert_eq!(&answers[0], &answers[2], "as another program reads it");
                }
            }
        }
    }
}

#[test]
fn what_is_forgotten_is_not_told_of_either() {
    let directory = tempfile::tempdir().unwrap();
    let retention = crate::Retention { bytes: 1, ..crate::Retention::default() };
    let file = Arc::new(SqliteStore::open_with(&directory.path().join("traces.db"), retention).unwrap());
    let home = Home::with(file);
    let draft = Draft { start: 200, took: Some(1), name: 0, fault: false, call: None, received: None };
    let requests = |home: &Home| {
        let asked = json!({"StartTime": BEGIN, "EndTime": BEGIN + 3_600.0});
        let graph = home.ok("FilteredGraph", asked);
        let services = graph["Services"].as_array().unwrap();
        services.last().map_or(json!(0), |service| service["SummaryStatistics"]["TotalCount"].clone())
    };
    for trace in 0..40 {
        home.put(&[document(trace, &draft)]);
        let there = home.ok("TraceIds", json!({"StartTime": 0, "EndTime": BEGIN * 2.0}));
        assert_eq!(requests(&home), there["TraceIds"].as_array().unwrap().len());
    }
}
