//! The service graph of several traces, and their statistics by time.

use super::*;
use crate::compiled::{TimeSeries, Window};
use crate::timestamp::Timestamp;
use crate::trace_id::TraceId;

fn graph(traces: &[Trace], window: Option<Window>) -> Value {
    let mut graph = ServiceGraph::new(window);
    traces.iter().for_each(|trace| graph.add(&CompiledTrace::of(trace)));
    serde_json::to_value(graph.finish()).unwrap()
}

fn node<'g>(graph: &'g Value, name: &str, kind: &str) -> &'g Value {
    let mut nodes = graph.as_array().unwrap().iter();
    nodes.find(|node| node["Name"] == name && node["Type"] == kind).unwrap()
}

fn statistics(ok: u64, errors: (u64, u64), faults: u64, time: f64) -> Value {
    let (throttles, others) = errors;
    json!({
        "OkCount": ok, "ErrorStatistics": {"ThrottleCount": throttles, "OtherCount": others, "TotalCount": throttles + others},
        "FaultStatistics": {"OtherCount": faults, "TotalCount": faults},
        "TotalCount": ok + throttles + others + faults, "TotalResponseTime": time,
    })
}

#[test]
fn one_service_that_calls_another_is_three_nodes_and_two_edges() {
    let times = json!({"StartTime": fixtures::BEGIN, "EndTime": fixtures::BEGIN + 2.0});
    let with = |mut object: Value| {
        object.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
        object
    };
    let faults = statistics(0, (0, 0), 1, 0.9);
    let histogram = json!([{"Value": 0.9, "Count": 1}]);
    let ok = statistics(1, (0, 0), 0, 1.2);
    let root_histogram = json!([{"Value": 1.2, "Count": 1}]);
    assert_eq!(
        graph(&[fixtures::trace("D")], None),
        json!([
            with(
                json!({"ReferenceId": 0, "Name": "web", "Names": ["web"], "Type": "client", "State": "unknown", "Edges": [
                with(json!({"ReferenceId": 1, "SummaryStatistics": ok, "ResponseTimeHistogram": root_histogram, "Aliases": []}))]})
            ),
            with(
                json!({"ReferenceId": 1, "Name": "web", "Names": ["web"], "Root": true, "Type": "AWS::EC2::Instance",
                "State": "active", "SummaryStatistics": ok, "DurationHistogram": root_histogram,
                "ResponseTimeHistogram": root_histogram, "Edges": [
                with(json!({"ReferenceId": 2, "SummaryStatistics": faults, "ResponseTimeHistogram": histogram, "Aliases": []}))]})
            ),
            with(
                json!({"ReferenceId": 2, "Name": "payments.example.com", "Names": ["payments.example.com"], "Type": "remote",
                "State": "unknown", "SummaryStatistics": faults, "DurationHistogram": histogram,
                "ResponseTimeHistogram": histogram, "Edges": []})
            ),
        ])
    );
}

#[test]
fn traces_are_counted_together_and_each_request_once() {
    let traces = ["A", "B", "C", "D", "E", "F"].map(fixtures::trace);
    let graph = graph(&traces, None);
    let web = node(&graph, "web", "AWS::EC2::Instance");
    assert_eq!(web["SummaryStatistics"], statistics(2, (0, 1), 0, 1.214));
    let orders = node(&graph, "Orders", "AWS::DynamoDB::Table");
    assert_eq!(orders["SummaryStatistics"], statistics(1, (1, 0), 0, 0.1));
    assert!(node(&graph, "shop/prod", "client").get("SummaryStatistics").is_none());
    assert_eq!(
        node(&graph, "worker", "AWS::Lambda::Function")["SummaryStatistics"],
        statistics(0, (0, 0), 0, 0.0)
    );
    let ids: Vec<_> =
        graph.as_array().unwrap().iter().map(|node| node["ReferenceId"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>());
}

#[test]
fn only_what_ended_in_the_window_counts() {
    let at = |seconds: f64| Timestamp::from_micros(((fixtures::BEGIN + seconds) * 1e6) as i64);
    let graph = graph(&[fixtures::trace("D")], Some(Window { start: at(1.3), end: at(2.0) }));
    assert_eq!(node(&graph, "payments.example.com", "remote")["SummaryStatistics"]["TotalCount"], 1);
    // The caller is there for its edge; its own request ended before.
    assert_eq!(node(&graph, "web", "AWS::EC2::Instance")["SummaryStatistics"]["TotalCount"], 0);
    assert_eq!(graph.as_array().unwrap().len(), 2);
}

fn sender() -> Value {
    let send = fixtures::segment(
        "SQS",
        2,
        (0.1, 0.2),
        json!({"namespace": "aws", "aws": {"queue_url": "https://sqs/1/f"}}),
    );
    let mut web = fixtures::segment("web", 1, (0.0, 0.3), json!({"subsegments": [send]}));
    web["trace_id"] = json!("1-6b02d940-0000000000000000000000aa");
    web
}

fn receiver() -> Value {
    let link = json!({"trace_id": "1-6b02d940-0000000000000000000000aa", "id": "0000000000000002", "attributes": {}});
    fixtures::segment("worker", 7, (5.1, 5.4), json!({"origin": "AWS::Lambda", "links": [link]}))
}

#[test]
fn a_link_leads_from_the_queue_to_its_receiver_whichever_trace_is_added_first() {
    use crate::{Document, MemoryStore, TraceStore as _};
    let store = MemoryStore::default();
    let ids = [sender(), receiver()].map(|document| {
        let document = Document::parse(&document.to_string()).unwrap();
        let id: TraceId = document.trace_id();
        store.record(document).unwrap();
        id
    });
    let [sent, received] = ids.map(|id| store.trace(id).unwrap());
    for traces in [[sent.clone(), received.clone()], [received, sent]] {
        let graph = graph(&traces, None);
        let queue = node(&graph, "https://sqs/1/f", "AWS::SQS::Queue");
        let edge = &queue["Edges"][0];
        assert_eq!(edge["ReferenceId"], node(&graph, "worker", "AWS::Lambda")["ReferenceId"]);
        assert_eq!(edge["EdgeType"], "link");
        assert_eq!(edge["ReceivedEventAgeHistogram"], json!([{"Value": 5.0, "Count": 1}]));
        assert!(edge.get("ResponseTimeHistogram").is_none());
        assert_eq!(edge["SummaryStatistics"], statistics(1, (0, 0), 0, 0.3));
    }
}

#[test]
fn a_link_to_a_trace_that_is_not_there_draws_nothing() {
    let graph = graph(&[fixtures::from_documents(&[receiver()])], None);
    assert_eq!(graph.as_array().unwrap().len(), 2);
    assert_eq!(node(&graph, "worker", "AWS::Lambda")["Edges"], json!([]));
}

fn series(of_edges: bool) -> Value {
    let at = |seconds: f64| Timestamp::from_micros(((fixtures::BEGIN + seconds) * 1e6) as i64);
    let mut series = TimeSeries::new(Window { start: at(0.0), end: at(120.0) }, 60).unwrap();
    let late = fixtures::segment("web", 1, (59.9, 60.1), json!({"fault": true}));
    for trace in [fixtures::trace("C"), fixtures::trace("E"), fixtures::from_documents(&[late])] {
        let compiled = CompiledTrace::of(&trace);
        match of_edges {
            true => {
                compiled.calls().iter().for_each(|call| series.add_call(call.measured().measurement()));
            }
            false => {
                let segments = compiled.segments().iter();
                segments.for_each(|segment| series.add_segment(segment.measured().measurement()));
            }
        }
    }
    serde_json::to_value(series.finish()).unwrap()
}

#[test]
fn statistics_by_the_minute_count_requests_when_they_ended() {
    let expected = |side: &str| {
        json!([
            {"Timestamp": fixtures::BEGIN, side: statistics(1, (0, 1), 0, 0.014),
             "ResponseTimeHistogram": [{"Value": 0.004, "Count": 1}, {"Value": 0.01, "Count": 1}]},
            {"Timestamp": fixtures::BEGIN + 60.0, side: statistics(0, (0, 0), 1, 0.2),
             "ResponseTimeHistogram": [{"Value": 0.2, "Count": 1}]},
        ])
    };
    assert_eq!(series(false), expected("ServiceSummaryStatistics"));
    assert_eq!(series(true), expected("EdgeSummaryStatistics"));
}

#[test]
fn a_period_that_xray_does_not_have_is_named() {
    let window = Window { start: Timestamp::from_micros(0), end: Timestamp::from_micros(1) };
    assert_eq!(
        TimeSeries::new(window, 7).unwrap_err().to_string(),
        "Period 7 is not one of 60 and 300 seconds"
    );
}
