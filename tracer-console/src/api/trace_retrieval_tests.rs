use serde_json::{Value, json};

use super::super::testing::{BEGIN, Home, segment};
use super::*;

fn start(home: &Home, ids: &[String]) -> Value {
    let asked = json!({"TraceIds": ids, "StartTime": BEGIN, "EndTime": BEGIN + 60.0});
    json!({"RetrievalToken": home.ok("StartTraceRetrieval", asked)["RetrievalToken"]})
}

#[test]
fn traces_within_the_range_are_there_at_once_five_a_page() {
    let home = Home::new();
    (1..=7).for_each(|trace| home.put(&[segment(trace, 1, 1.0)]));
    home.put(&[segment(8, 1, 61.0)]);
    let token = start(&home, &(1..=9).map(|trace| home.id(trace)).collect::<Vec<_>>());
    let pages = home.pages("ListRetrievedTraces", token);
    let counts: Vec<_> = pages.iter().map(|page| page["Traces"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [5, 2]);
    assert_eq!(
        (&pages[0]["RetrievalStatus"], &pages[0]["TraceFormat"]),
        (&json!("COMPLETE"), &json!("XRAY"))
    );
    let span = &pages[1]["Traces"][1]["Spans"][0];
    let document: Value = serde_json::from_str(span["Document"].as_str().unwrap()).unwrap();
    assert_eq!((&document["trace_id"], &document["id"]), (&json!(home.id(7)), &span["Id"]));
}

#[test]
fn a_trace_of_many_segments_comes_in_several_pages() {
    let home = Home::new();
    (0..250).for_each(|number| home.put(&[segment(1, number + 1, 1.0)]));
    home.put(&[segment(2, 1, 1.0)]);
    let pages = home.pages("ListRetrievedTraces", start(&home, &[home.id(1), home.id(2)]));
    let counts: Vec<Vec<_>> = pages
        .iter()
        .map(|page| {
            page["Traces"]
                .as_array()
                .unwrap()
                .iter()
                .map(|trace| trace["Spans"].as_array().unwrap().len())
                .collect()
        })
        .collect();
    assert_eq!(counts, [vec![100], vec![100], vec![50, 1]]);
}

#[test]
fn the_graph_names_links_at_the_service_that_received() {
    let home = Home::new();
    let sender = segment(1, 1, 1.0);
    let mut receiver = segment(2, 1, 2.0);
    receiver["name"] = json!("worker");
    receiver["links"] =
        json!([{"trace_id": home.id(1), "id": sender["id"], "attributes": {"ReferenceType": "parent"}}]);
    home.put(&[sender, receiver]);
    let graph = home.ok("GetRetrievedTracesGraph", start(&home, &[home.id(1), home.id(2)]));
    let services = graph["Services"].as_array().unwrap();
    let worker = services
        .iter()
        .find(|service| service["Service"]["Name"] == "worker" && service["Service"]["Type"] != "client");
    let link =
        json!({"ReferenceType": "parent", "SourceTraceId": home.id(1), "DestinationTraceIds": [home.id(2)]});
    assert_eq!(worker.unwrap()["Links"], json!([link]));
    assert_eq!(services.iter().filter(|service| service["Links"] != json!([])).count(), 1);
}

#[test]
fn a_cancelled_retrieval_is_empty_and_an_unknown_one_is_not_found() {
    let home = Home::new();
    home.put(&[segment(1, 1, 1.0)]);
    let token = start(&home, &[home.id(1)]);
    home.ok("CancelTraceRetrieval", token.clone());
    let listed = home.ok("ListRetrievedTraces", token.clone());
    assert_eq!((&listed["RetrievalStatus"], &listed["Traces"]), (&json!("CANCELLED"), &json!([])));
    assert_eq!(home.ok("GetRetrievedTracesGraph", token)["Services"], json!([]));
    for operation in ["CancelTraceRetrieval", "ListRetrievedTraces", "GetRetrievedTracesGraph"] {
        let unknown = home.call(operation, &json!({"RetrievalToken": "none"})).unwrap_err();
        assert_eq!(unknown.kind.name(), "ResourceNotFoundException", "{operation}");
    }
}

#[test]
fn what_cannot_be_retrieved_is_refused() {
    let home = Home::new();
    let error = home.error("ListRetrievedTraces", json!({"RetrievalToken": "none", "TraceFormat": "OTEL"}));
    assert!(error.contains("XRAY"), "{error}");
    let many: Vec<_> = (0..101).map(|trace| home.id(trace)).collect();
    home.error("StartTraceRetrieval", json!({"TraceIds": many, "StartTime": 1, "EndTime": 2}));
    home.error("StartTraceRetrieval", json!({"TraceIds": [home.id(1)], "StartTime": 2, "EndTime": 1}));
}

#[test]
fn retrievals_end_after_an_hour_and_only_the_latest_are_remembered() {
    let mut retrievals = Retrievals::default();
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    for number in 0..=REMEMBERED {
        retrievals.add(Retrieval {
            token: number.to_string(),
            traces: Vec::new(),
            began: at(0),
            is_cancelled: false,
        });
    }
    let status = |token: &str, seconds| retrievals.find(token, at(seconds)).map(|(status, _)| status);
    assert_eq!(status("0", 0), None);
    assert_eq!(status("1", 3_600), Some(RetrievalStatus::Complete));
    assert_eq!(status("1", 3_601), Some(RetrievalStatus::Timeout));
}
