//! `map`.

use serde_json::{Value, json};

use crate::far_end::FarEnd;
use crate::serving::{Serving, new_trace_id, now, program};

/// A console with two requests of a shop that ask a table, of which one failed, and one that a queue brought.
struct Home {
    serving: Serving,
    fine: String,
    failed: String,
}

impl Home {
    fn new() -> Self {
        let serving = Serving::in_memory();
        let [fine, failed] = [(0.2, false), (1.4, true)].map(|(seconds, fault)| {
            let trace = new_trace_id();
            // Whole seconds: X-Ray's graph has times to the millisecond, and the console's own to the microsecond.
            let start = now().floor() - 60.0;
            let call = json!({
                "name": "DynamoDB", "id": "00000000000000a2", "namespace": "aws", "start_time": start, "end_time": start + 0.1,
                "aws": {"operation": "GetItem", "table_name": "orders"},
            });
            serving.send(&json!({
                "name": "shop", "id": "00000000000000a1", "trace_id": trace, "origin": "AWS::EC2::Instance",
                "start_time": start, "end_time": start + seconds, "fault": fault, "subsegments": [call],
            }));
            serving.wait_for(&trace, |segments| !segments.is_empty());
            trace
        });
        Self { serving, fine, failed }
    }

    fn drawn(&self, arguments: &[&str]) -> String {
        self.serving.says(&[&["map"], arguments].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.drawn(&[arguments, &["--json"]].concat())).unwrap()
    }
}

/// Cells of the line that has these words.
fn cells<'a>(drawn: &'a str, words: &[&str]) -> Vec<&'a str> {
    let line = drawn.lines().find(|line| words.iter().all(|word| line.contains(word)));
    let line = line.unwrap_or_else(|| panic!("{words:?} are not in\n{drawn}"));
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

fn shop(graph: &Value) -> &Value {
    let services = graph["Services"].as_array().unwrap().iter();
    let mut shops = services.filter(|service| service["Type"] == "AWS::EC2::Instance");
    &shops.next().unwrap()["SummaryStatistics"]["TotalCount"]
}

#[test]
fn who_calls_whom_is_a_tree_with_figures() {
    let drawn = Home::new().drawn(&[]);
    let beginnings: Vec<_> = drawn.lines().map(|line| line.split("  ").next().unwrap()).collect();
    assert_eq!(beginnings[..4], ["Calls", "shop", "└─ shop", ""], "{drawn}");
    let call = cells(&drawn, &["└─ shop"]);
    let figures = ["AWS::EC2::Instance", "2", "50.0%", "50.0%", "800 ms", "1.40 s", "1.40 s", "1.40 s"];
    assert_eq!(call[1..], figures, "{drawn}");
    assert_eq!(cells(&drawn, &["   └─ orders"])[1..4], ["AWS::DynamoDB::Table", "2", "100.0%"], "{drawn}");
    let services = drawn.split("\n\n").nth(1).unwrap();
    assert_eq!(services.lines().count(), 3, "{drawn}");
}

#[test]
fn percentiles_of_many_requests_have_three_digits_and_of_short_ones_microseconds() {
    let serving = Serving::in_memory();
    let requests: Vec<_> = (0..400)
        .flat_map(|number: u32| {
            let start = now().floor() - 60.0 - f64::from(number % 50);
            [("slow", f64::from(1_200_000 + number * 1_990)), ("fast", f64::from(300 + number % 90))].map(
                |(name, micros)| {
                    json!({
                    "name": name, "id": "00000000000000a1", "trace_id": new_trace_id(), "start_time": start,
                    "end_time": start + micros / 1e6,
                })
                .to_string()
                },
            )
        })
        .collect();
    for some in requests.chunks(50) {
        serving.call("/TraceSegments", &json!({ "TraceSegmentDocuments": some }));
    }
    let drawn = serving.says(&["map"]);
    assert!(cells(&drawn, &["└─ slow"]).ends_with(&["1.60 s", "1.60 s", "1.92 s", "1.99 s"]), "{drawn}");
    assert!(cells(&drawn, &["└─ fast"]).ends_with(&["342 µs", "340 µs", "380 µs", "389 µs"]), "{drawn}");
}

#[test]
fn one_trace_and_those_of_a_filter_or_a_group_can_be_drawn() {
    let home = Home::new();
    assert_eq!(shop(&home.json(&[])), 2);
    assert_eq!(shop(&home.json(&["--filter", "fault"])), 1);
    assert_eq!(shop(&home.json(&["--trace", &home.fine])), 1);
    assert_eq!(shop(&home.json(&["--trace", &home.fine, "--trace", &home.failed])), 2);
    home.serving.call("/CreateGroup", &json!({"GroupName": "slow", "FilterExpression": "responsetime > 1"}));
    assert_eq!(shop(&home.json(&["--group", "slow"])), 1);
    let none = home.serving.ask(&["map", "--group", "slow", "--filter", "!fault"]);
    assert!(none.status.success() && String::from_utf8_lossy(&none.stderr).contains("no trace matches"));
}

#[test]
fn the_json_is_x_rays_own_graph() {
    let home = Home::new();
    let asked = json!({"StartTime": now() - 3_600.0, "EndTime": now() + 60.0});
    let graph = home.serving.call("/ServiceGraph", &asked);
    assert_eq!(home.json(&["--last", "7d"])["Services"], graph["Services"]);
}

#[test]
fn an_x_ray_without_such_graphs_is_asked_for_those_that_it_has() {
    let home = Home::new();
    let far_end = FarEnd::before(home.serving.address);
    let json = |arguments: &[&str]| {
        let mut map = program();
        map.args(["map", "--json", "--endpoint", &far_end.endpoint()]).args(arguments);
        let output = map.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(shop(&json(&["--last", "1d"])), 2);
    let windows = far_end.asked().iter().filter(|asked| asked.path == "/ServiceGraph").count();
    // A day, and the ten minutes that a clock may be fast.
    assert_eq!(windows, 5);
    assert_eq!(shop(&json(&["--filter", "fault"])), 1);
    assert_eq!(far_end.asked().last().unwrap().body, json!({ "TraceIds": [home.failed] }));
}

#[test]
fn a_trace_that_is_not_there_is_said() {
    let serving = Serving::in_memory();
    let absent = new_trace_id();
    let output =
        program().args(["map", "--trace", &absent, "--endpoint", &serving.endpoint()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("there is no trace {absent}")));
}
