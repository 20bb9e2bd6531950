//! Reports of what was folded.

use serde_json::{Value, json};

use super::*;

fn json(analysis: &Analysis) -> Value {
    serde_json::to_value(analysis.report()).unwrap()
}

fn summary(number: u32, annotations: &Value) -> Value {
    let annotations: serde_json::Map<_, _> = annotations
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| (key.clone(), json!([{ "AnnotationValue": value }])))
        .collect();
    json!({"Id": format!("trace {number}"), "ResponseTime": f64::from(number) / 100.0, "Annotations": annotations})
}

#[test]
fn the_figures_are_those_of_the_well_known_script() {
    let mut analysis = Analysis::default();
    (1..=200_u32).for_each(|number| analysis.add(f64::from(number) / 100.0, number.is_multiple_of(40)));
    assert_eq!(
        analysis.to_string(),
        "  Total traces           200
  Error rate             2.5%
  Average response time  1.005s
  P50 response time      1.010s
  P90 response time      1.810s
  P99 response time      1.990s
  Max response time      2.000s"
    );
}

#[test]
fn one_trace_has_figures_and_none_has_none() {
    let mut analysis = Analysis::default();
    assert_eq!((analysis.percentile(50), analysis.average()), (None, None));
    assert!(analysis.to_string().contains("P99 response time      –"));
    assert_eq!(json(&analysis)["p99"], Value::Null);
    analysis.add(0.5, true);
    assert_eq!((analysis.percentile(99), analysis.error_rate()), (Some(0.5), Some(100.0)));
}

#[test]
fn traces_in_progress_stand_beside_the_total() {
    let mut analysis = Analysis::default();
    analysis.add_summary(&json!({"Id": "done", "ResponseTime": 0.25}));
    analysis.add_summary(&json!({"IsPartial": true, "HasFault": true}));
    analysis.add_summary(&json!({"IsPartial": true, "ResponseTime": 0.0}));
    assert!(
        analysis
            .to_string()
            .starts_with("  Total traces           1 (2 more in progress)\n  Error rate             0.0%\n")
    );
    assert_eq!((&json(&analysis)["in_progress"], &json(&analysis)["max"]), (&json!(2), &json!(0.25)));
    let compared = Comparison::of(&analysis, &Analysis::default()).to_string();
    assert!(compared.contains("  More in progress                2           0          +2\n"), "{compared}");
}

#[test]
fn values_that_are_not_shown_are_counted_together() {
    let mut analysis = Analysis::default().by(Breakdown::Annotation("tenant".into())).top(1);
    for number in 1..=10 {
        let tenant = if number > 6 { "acme".to_owned() } else { format!("t{number}") };
        analysis.add_summary(&summary(number, &json!({"tenant": {"StringValue": tenant}})));
    }
    analysis.add_summary(&summary(11, &json!({})));
    let by = &json(&analysis)["by"][0];
    let shown: Vec<_> =
        by["values"].as_array().unwrap().iter().map(|row| (&row["value"], &row["count"])).collect();
    assert_eq!(shown, [(&json!("acme"), &json!(4))]);
    assert_eq!(
        (&by["rest"]["values"], &by["rest"]["count"], &by["rest"]["max"]),
        (&json!(6), &json!(6), &json!(0.06))
    );
    assert_eq!((&by["of_traces"], &by["without"]), (&json!(11), &json!(1)));
}

#[test]
fn values_of_different_types_are_different_ones() {
    let mut analysis = Analysis::default().by(Breakdown::Annotation("n".into()));
    for value in [json!({"NumberValue": 7.0}), json!({"StringValue": "7"}), json!({"BooleanValue": true})] {
        analysis.add_summary(&summary(1, &json!({ "n": value })));
    }
    let by = &json(&analysis)["by"][0];
    let values: Vec<_> = by["values"].as_array().unwrap().iter().map(|row| &row["value"]).collect();
    assert_eq!(values, [&json!("7"), &json!(7), &json!(true)]);
}

#[test]
fn however_many_values_there_are_all_traces_count() {
    let mut analysis = Analysis::default().by(Breakdown::Annotation("id".into()));
    for number in 0..52_000 {
        analysis.add_summary(&summary(number, &json!({"id": {"NumberValue": number}})));
    }
    let by = &json(&analysis)["by"][0];
    let shown = by["values"].as_array().unwrap().len() as u64;
    assert_eq!((shown, by["rest"]["count"].as_u64()), (20, Some(52_000 - 20)));
    assert!(analysis.report().to_string().contains("(49,980+ others)"));
}

#[test]
fn a_report_that_was_written_is_read_again() {
    let mut analysis = Analysis::default().by(Breakdown::Status).by(Breakdown::Subsegment).slowest(2);
    analysis.add_summary(&json!({"Id": "a", "ResponseTime": 1.5, "Http": {"HttpStatus": 200}}));
    let report = analysis.report();
    let read: AnalysisReport = serde_json::from_value(serde_json::to_value(&report).unwrap()).unwrap();
    assert_eq!((read.to_string(), &read), (report.to_string(), &report));
    let comparison = Comparison::of(&analysis.clone().by_all(), &Analysis::default());
    let read: Comparison = serde_json::from_value(serde_json::to_value(&comparison).unwrap()).unwrap();
    assert_eq!((read.to_string(), &read), (comparison.to_string(), &comparison));
}

#[test]
fn times_are_short_and_numbers_grouped() {
    use super::columns::{compact, grouped, percent, seconds};
    let shown = [0.0, 0.000_5, 0.009_9, 0.01, 0.999_4, 0.999_6, 9.99, 12.34, 123.4, 1_200.0, 90_000.0];
    let texts = ["0µs", "500µs", "9.9ms", "10ms", "999ms", "1.00s", "9.99s", "12.3s", "123s", "20m", "25h"];
    assert_eq!(shown.map(|time| compact(Some(time))), texts);
    let times = [0.0, 0.000_312, 0.001_5, 0.009_96, 0.395, 1.5].map(|time| seconds(Some(time)));
    assert_eq!(times, ["0.000s", "312µs", "1.5ms", "0.010s", "0.395s", "1.500s"]);
    assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!([Some(0.0), Some(99.94), Some(99.96), None].map(percent), ["0.0%", "99.9%", "100%", "–"]);
}

#[test]
fn a_name_that_is_longer_than_its_column_has_a_line_of_its_own() {
    use super::columns::beside;
    assert_eq!(beside("load", 6, "   1"), "load     1");
    assert_eq!(beside("## shop::load", 6, "         1"), "## shop::load\n               1");
    assert_eq!(beside("日本語", 4, "  1"), "日本語\n      1");
    assert_eq!(beside("## shop::orders", 6, "  1"), "## shop:…\n        1");
}
