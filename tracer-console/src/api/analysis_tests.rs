use serde_json::{Value, json};

use super::super::testing::{BEGIN, Home, segment, with};

/// Traces of a second each: trace n takes n hundredths of a second, every tenth is a fault.
fn home(traces: u64) -> Home {
    let home = Home::new();
    let documents: Vec<_> = (1..=traces).map(document).collect();
    home.put(&documents);
    home
}

fn document(number: u64) -> Value {
    let start = BEGIN + number as f64;
    let took = number as f64 / 100.0;
    with(
        segment(number, 1, 0.0),
        json!({
            "start_time": start, "end_time": start + took, "fault": number.is_multiple_of(10),
            "annotations": {"tenant": format!("t{}", number % 4), "ColdStart": number <= 5},
            "http": {"request": {"method": "GET", "url": "http://a/"}, "response": {"status": 200}},
            "subsegments": [{"id": "00000000000000b1", "name": "load", "start_time": start, "end_time": start + took / 2.0}],
        }),
    )
}

fn asked(home: &Home, more: Value) -> Value {
    home.ok("Analysis", with(json!({"StartTime": BEGIN, "EndTime": BEGIN * 1.5}), more))
}

fn analysis(home: &Home, more: Value) -> Value {
    asked(home, more)["Analysis"].clone()
}

#[test]
fn figures_are_of_all_traces_that_match() {
    let home = home(200);
    let all = analysis(&home, json!({}));
    let figures = ["traces", "failed", "error_rate", "average", "p50", "p90", "p99", "max"];
    let found = figures.map(|figure| all[figure].as_f64().unwrap());
    assert_eq!(found, [200.0, 20.0, 10.0, 1.005, 1.01, 1.81, 1.99, 2.0]);
    let starts = &all["cold_starts"];
    assert_eq!(
        (&starts["cold"]["traces"], &starts["cold"]["p99"], &starts["share"]),
        (&json!(5), &json!(0.05), &json!(2.5))
    );
    assert_eq!(analysis(&home, json!({"FilterExpression": "fault"}))["traces"], 20);
    assert_eq!(analysis(&home, json!({"FilterExpression": "annotation.tenant = \"none\""}))["traces"], 0);
    assert_eq!(asked(&home, json!({"EndTime": BEGIN + 11.0}))["Analysis"]["traces"], 10);
}

#[test]
fn breakdowns_are_of_all_traces_where_these_are_few() {
    let home = home(60);
    let found = analysis(
        &home,
        json!({"By": ["annotation.tenant", "subsegment", "http.status", "service"], "Top": 3}),
    );
    let by = found["by"].as_array().unwrap();
    assert!(by.iter().all(|by| by["of_traces"] == 60));
    let tenants: Vec<_> =
        by[0]["values"].as_array().unwrap().iter().map(|row| (&row["value"], &row["count"])).collect();
    assert_eq!(tenants, [(&json!("t0"), &json!(15)), (&json!("t1"), &json!(15)), (&json!("t2"), &json!(15))]);
    assert_eq!((&by[0]["rest"]["values"], &by[0]["rest"]["count"]), (&json!(1), &json!(15)));
    let load = &by[1]["values"][0];
    assert_eq!(
        (&load["value"], &load["count"], &load["share_of_time"]),
        (&json!("load"), &json!(60), &json!(50.0))
    );
    assert_eq!((&by[2]["values"][0]["value"], &by[3]["values"][0]["value"]), (&json!(200), &json!("web")));
}

#[test]
fn a_sample_lies_evenly_among_the_traces_and_says_how_large_it_is() {
    let home = home(1_000);
    for (sample, of_traces) in [(1, 1), (100, 100), (250, 250), (999, 999), (1_000, 1_000), (5_000, 1_000)] {
        let found = analysis(&home, json!({"By": ["annotation.tenant"], "Sample": sample}));
        assert_eq!(found["traces"], 1_000);
        assert_eq!(found["by"][0]["of_traces"], of_traces, "of {sample}");
    }
    let found = analysis(&home, json!({"By": ["subsegment"], "Sample": 100}));
    let average = found["by"][0]["values"][0]["average"].as_f64().unwrap();
    assert!((2.4..2.6).contains(&average), "{average} is not about half of the traces' average");
    let none = analysis(&home, json!({"By": ["subsegment"], "Sample": 0}));
    assert_eq!(none["by"][0]["of_traces"], 0);
}

#[test]
fn the_slowest_come_first_and_of_like_ones_as_many_as_fit() {
    let home = home(30);
    let like: Vec<_> = (31..=34)
        .map(|number| with(document(number), json!({"end_time": BEGIN + number as f64 + 0.29})))
        .collect();
    home.put(&like);
    let slow = |more: Value| {
        let found = analysis(&home, more);
        let slow = found["slowest"].as_array().unwrap();
        slow.iter().map(|trace| trace["response_time"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(slow(json!({"Slowest": 4})), [0.3, 0.29, 0.29, 0.29]);
    assert_eq!(slow(json!({"Slowest": 100})).len(), 34);
    assert_eq!(slow(json!({"Slowest": 2, "FilterExpression": "fault"})), [0.3, 0.2]);
    let first = &analysis(&home, json!({"Slowest": 1}))["slowest"][0];
    assert_eq!(
        [&first["id"], &first["outcome"], &first["entry"], &first["url"]],
        [&json!(home.id(30)), &json!("fault"), &json!("web"), &json!("http://a/")]
    );
}

/// A trace of web whose end nobody has told yet, in which a call has ended.
fn open(number: u64) -> Value {
    let mut open = with(document(number), json!({"in_progress": true}));
    open.as_object_mut().unwrap().remove("end_time");
    open
}

#[test]
fn traces_in_progress_are_told_and_in_no_figure() {
    let home = home(2);
    home.put(&[open(3), open(4)]);
    let found = analysis(&home, json!({"By": ["subsegment", "http.status"], "Slowest": 9}));
    assert_eq!((&found["traces"], &found["in_progress"]), (&json!(2), &json!(2)));
    assert_eq!(
        (&found["average"], &found["p50"], &found["max"]),
        (&json!(0.015), &json!(0.02), &json!(0.02))
    );
    assert_eq!(found["slowest"].as_array().map(Vec::len), Some(2));
    assert!(found["by"].as_array().unwrap().iter().all(|by| by["of_traces"] == 2), "{}", found["by"]);
    let few = analysis(&home, json!({"By": ["http.status"], "Sample": 3}));
    assert!(few["by"][0]["of_traces"].as_u64() <= Some(2), "{few}");
    for filter in ["responsetime < 1", "responsetime >= 0", "duration < 1"] {
        let found = analysis(&home, json!({ "FilterExpression": filter }));
        assert_eq!((&found["traces"], &found["in_progress"]), (&json!(2), &json!(0)), "{filter}");
    }
    let others = analysis(&home, json!({"FilterExpression": "!(responsetime < 1)"}));
    assert_eq!(
        (&others["traces"], &others["in_progress"], &others["max"]),
        (&json!(0), &json!(2), &json!(null))
    );
}

#[test]
fn what_takes_less_than_a_millisecond_has_a_time() {
    let home = Home::new();
    let short = |number: u64| {
        with(
            segment(number, 1, number as f64),
            json!({"end_time": BEGIN + number as f64 + 290e-6 + number as f64 * 1e-5}),
        )
    };
    home.put(&(1..=10).map(short).collect::<Vec<_>>());
    let found = analysis(&home, json!({"Slowest": 2}));
    assert_eq!((&found["p50"], &found["max"]), (&json!(0.000_35), &json!(0.000_39)));
    let slowest: Vec<_> =
        found["slowest"].as_array().unwrap().iter().map(|trace| &trace["response_time"]).collect();
    assert_eq!(slowest, [&json!(0.000_39), &json!(0.000_38)]);
    let report: crate::AnalysisReport = serde_json::from_value(found).unwrap();
    assert!(report.to_string().contains("P50 response time      350µs"), "{report}");
}

#[test]
fn two_filters_are_compared() {
    let home = home(100);
    let asked = asked(&home, json!({"FilterExpression": "annotation.tenant = \"t1\"", "Against": "fault"}));
    let found = &asked["Comparison"];
    assert_eq!((&found["a"]["traces"], &found["b"]["traces"]), (&json!(25), &json!(10)));
    assert_eq!(found["difference"]["error_rate"], -100.0);
    let most = &found["values"][0];
    assert_eq!(
        [&most["by"], &most["value"], &most["a"], &most["b"]],
        [&json!("annotation.tenant"), &json!("t1"), &json!(100.0), &json!(0.0)]
    );
    let load = &found["subsegments"][0];
    assert_eq!((&load["name"], load["difference"].as_f64() < Some(0.0)), (&json!("load"), true));
}

#[test]
fn what_cannot_be_analysed_is_refused_with_what_is_wrong() {
    let home = home(1);
    let message =
        |more: Value| home.error("Analysis", with(json!({"StartTime": BEGIN, "EndTime": BEGIN + 1.0}), more));
    assert!(message(json!({"By": ["color"]})).contains("By[0]: there are no figures by \"color\""));
    assert!(message(json!({"FilterExpression": "falut"})).contains("falut"));
    assert!(message(json!({"Against": "falut"})).contains("falut"));
    assert!(message(json!({"Slowest": 10_001})).contains("10000"));
    assert!(message(json!({"By": vec!["user"; 51]})).contains("50"));
    message(json!({"EndTime": BEGIN}));
    message(json!({"NextToken": "x"}));
}
