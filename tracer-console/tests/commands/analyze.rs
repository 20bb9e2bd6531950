//! `analyze`.

use serde_json::{Value, json};

use crate::far_end::FarEnd;
use crate::serving::{Serving, program};

/// 2026-11-22 12:00:00 UTC.
const NOON: f64 = 1_795_348_800.0;
const RANGE: [&str; 4] = ["--from", "2026-11-22 12:00:00", "--to", "2026-11-22 13:00:00"];

fn trace_id(number: u64) -> String {
    format!("1-6b02d940-{number:024x}")
}

/// Twenty orders: each loads for 0.1 s; every second one charges a card, the slower the later; the first two start cold, and
/// every fifth fails while it charges. And a mail of another service.
fn shop() -> Serving {
    let serving = Serving::in_memory();
    let mut documents: Vec<_> = (1..=20).map(order).collect();
    documents.push(json!({
        "name": "mailer", "id": "00000000000000c1", "trace_id": trace_id(99), "start_time": NOON, "end_time": NOON + 9.0,
    }));
    let texts: Vec<_> = documents.iter().map(Value::to_string).collect();
    serving.call("/TraceSegments", &json!({ "TraceSegmentDocuments": texts }));
    serving
}

fn order(number: u64) -> Value {
    let (start, card) = (NOON + number as f64, number.is_multiple_of(2));
    let took = if card { number as f64 / 10.0 } else { 0.1 };
    let fault = number.is_multiple_of(10);
    let step = |id: u64, name: &str, from: f64, to: f64| json!({"id": format!("{id:016x}"), "name": name, "start_time": start + from, "end_time": start + to, "fault": fault && id == 3});
    let mut steps = vec![step(2, "load", 0.0, 0.1)];
    if card {
        steps.push(step(3, "charge", 0.1, took));
    }
    json!({
        "name": "order-service", "id": format!("{number:016x}"), "trace_id": trace_id(number), "start_time": start,
        "end_time": start + took, "fault": fault, "subsegments": steps,
        "http": {"request": {"method": "POST", "url": "http://shop.example/orders"}, "response": {"status": if fault { 502 } else { 200 }}},
        "annotations": {"ColdStart": number <= 2, "PaymentMethod": if card { "card" } else { "voucher" }, "OrderId": format!("ORD-{number}")},
    })
}

fn said(serving: &Serving, arguments: &[&str]) -> String {
    serving.says(&[&["analyze", "--service", "order-service"], &RANGE[..], arguments].concat())
}

fn found(serving: &Serving, arguments: &[&str]) -> Value {
    serde_json::from_str(&said(serving, &[arguments, &["--json"]].concat())).unwrap()
}

#[test]
fn the_figures_of_a_service_are_those_of_the_articles_report_and_more() {
    let shop = shop();
    assert_eq!(
        said(&shop, &[]).trim_end(),
        "Trace analysis for order-service
  Total traces           20
  Error rate             10.0%
  Average response time  0.600s
  P50 response time      0.200s
  P90 response time      1.800s
  P99 response time      2.000s
  Max response time      2.000s
  Cold starts            2 (10.0%), average 0.150s, P99 0.200s
  Warm starts            18 (90.0%), average 0.650s, P99 2.000s"
    );
    let figures = found(&shop, &[]);
    for (figure, value) in [
        ("service", json!("order-service")),
        ("filter", json!("")),
        ("from", json!(NOON)),
        ("to", json!(NOON + 3_600.0)),
        ("traces", json!(20)),
        ("failed", json!(2)),
        ("faults", json!(2)),
        ("errors", json!(0)),
        ("error_rate", json!(10.0)),
        ("average", json!(0.6)),
        ("p50", json!(0.2)),
        ("p90", json!(1.8)),
        ("p99", json!(2.0)),
        ("max", json!(2.0)),
        ("by", json!([])),
        ("slowest", json!([])),
    ] {
        assert_eq!(figures[figure], value, "{figure}");
    }
    assert_eq!(figures["cold_starts"]["cold"]["average"], 0.15);
    assert_eq!(found(&shop, &["--filter", "ok OR http.status = 404"])["traces"], 18);
    let all: Value =
        serde_json::from_str(&shop.says(&[&["analyze", "--json"], &RANGE[..]].concat())).unwrap();
    assert_eq!((&all["traces"], &all["service"]), (&json!(21), &json!(null)));
}

#[test]
fn where_the_time_goes_is_told_by_subsegment() {
    let shop = shop();
    let table = said(&shop, &["--by", "subsegment"]);
    let table: Vec<_> = table.lines().skip_while(|line| !line.is_empty()).skip(1).collect();
    assert_eq!(
        table.join("\n"),
        "By subsegment, of all 20 traces
Subsegment        Count Failed   Avg   P50   P90   P99   Max  Total   Self Share
charge               10  20.0% 1.00s 1.10s 1.90s 1.90s 1.90s  10.0s  10.0s 83.3%
load                 20   0.0% 100ms 100ms 100ms 100ms 100ms  2.00s  2.00s 16.7%"
    );
    let by = &found(&shop, &["--by", "subsegment"])["by"][0];
    let charge = &by["values"][0];
    assert_eq!(
        (&charge["value"], &charge["total"], &charge["self"]),
        (&json!("charge"), &json!(10.0), &json!(10.0))
    );
}

#[test]
fn figures_are_broken_down_by_the_values_of_an_annotation() {
    let shop = shop();
    let table =
        said(&shop, &["--by", "annotation.PaymentMethod", "--by", "annotation.OrderId", "--top", "2"]);
    let mut tables = table.split("\n\n").skip(1);
    assert_eq!(
        tables.next().unwrap(),
        "By annotation.PaymentMethod, of all 20 traces
Value                    Traces  Share Failed    Avg    P50    P90    P99    Max
card                         10  50.0%  20.0%  1.10s  1.20s  2.00s  2.00s  2.00s
voucher                      10  50.0%   0.0%  100ms  100ms  100ms  100ms  100ms"
    );
    let orders: Vec<_> = tables.next().unwrap().lines().collect();
    assert!(orders[2].starts_with("ORD-1 ") && orders[4].starts_with("(18 others)"), "{orders:#?}");
    assert_eq!(orders.len(), 5);
}

#[test]
fn a_key_that_no_trace_has_is_said_with_those_that_there_are() {
    let shop = shop();
    let table = said(&shop, &["--by", "annotation.Paymentmethod", "--by", "user"]);
    assert!(
        table.contains(
            "  no trace has an annotation Paymentmethod\n  there are ColdStart, OrderId, PaymentMethod\n"
        ),
        "{table}"
    );
    assert!(table.trim_end().ends_with("By user, of all 20 traces\n  no trace has user"), "{table}");
    let wrong = shop.ask(&["analyze", "--by", "color"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("annotation.KEY"), "{wrong:?}");
}

#[test]
fn the_slowest_traces_are_listed_with_what_was_asked() {
    let shop = shop();
    let slowest = said(&shop, &["--slowest", "2"]);
    let slowest: Vec<_> = slowest.lines().rev().take(3).collect();
    let line = |number: u64, seconds: &str, outcome: &str| {
        format!("  {}    {seconds}  {outcome}  order-service POST h…", trace_id(number))
    };
    assert_eq!(
        slowest,
        [line(18, "1.800s", "ok      "), line(20, "2.000s", "fault   "), "Slowest".to_owned()]
    );
    let slowest = &found(&shop, &["--slowest", "1"])["slowest"];
    assert_eq!((&slowest[0]["id"], slowest.as_array().map(Vec::len)), (&json!(trace_id(20)), Some(1)));
}

#[test]
fn two_filters_are_compared_by_figures_values_and_subsegments() {
    let shop = shop();
    let filters = ["--filter", "responsetime > 1", "--against", "responsetime <= 1"];
    let text = said(&shop, &filters);
    for lines in [
        "Trace analysis for order-service\n  A: responsetime > 1\n  B: responsetime <= 1\n",
        "  Total traces                    5          15         -10\n",
        "  Error rate                  20.0%        6.7%       +13.3\n",
        "  Average response time      1.600s      0.267s     +1.333s\n",
        "Values that differ most, of all 5 of A and all 15 of B\n",
        "annotation.PaymentMethod = card                         100%     33.3%     +66.7\n",
        "Subsegments that differ most, of all 5 of A and all 15 of B\n",
    ] {
        assert!(text.contains(lines), "{lines} is not in\n{text}");
    }
    let found = found(&shop, &filters);
    assert_eq!(found["against"], "responsetime <= 1");
    let charge = &found["subsegments"][0];
    assert_eq!((&charge["name"], &charge["a"]["seconds_per_trace"]), (&json!("charge"), &json!(1.5)));
    for more in [["--by", "subsegment"], ["--slowest", "1"]] {
        let wrong = shop.ask(&[&["analyze"], &filters[..], &more].concat());
        assert_eq!(wrong.status.code(), Some(2), "it would say nothing of {more:?}: {wrong:?}");
    }
    assert_eq!(shop.ask(&["analyze", "--by", "user", "--sample", "0"]).status.code(), Some(2));
    let wrong = shop.ask(&["analyze", "--against", "falut"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("\n  falut\n  ^^^^^"), "{wrong:?}");
}

#[test]
fn another_x_ray_is_analysed_by_its_summaries_and_traces_with_the_same_result() {
    let shop = shop();
    let far_end = FarEnd::before(shop.address);
    for arguments in [
        &["--json"][..],
        &[
            "--json",
            "--by",
            "subsegment",
            "--by",
            "annotation.PaymentMethod",
            "--by",
            "service",
            "--by",
            "http.status",
        ],
        &["--json", "--slowest", "3", "--top", "1", "--by", "annotation.OrderId"],
        &["--json", "--filter", "fault", "--against", "ok"],
        &["--by", "annotation.none", "--slowest", "2"],
    ] {
        let arguments = [&["analyze", "--service", "order-service"], &RANGE[..], arguments].concat();
        let far = program().args(&arguments).args(["--endpoint", &far_end.endpoint()]).output().unwrap();
        assert!(far.status.success(), "{far:?}");
        assert_eq!(String::from_utf8(far.stdout).unwrap(), shop.says(&arguments), "{arguments:?}");
    }
    let asked: Vec<_> = far_end.asked().into_iter().map(|asked| asked.path).collect();
    assert!(asked.contains(&"/TraceSummaries".to_owned()) && asked.contains(&"/Traces".to_owned()));
}

#[test]
fn a_sample_is_said_to_be_one() {
    let shop = shop();
    for endpoint in [shop.endpoint(), FarEnd::before(shop.address).endpoint()] {
        let arguments =
            [&["analyze", "--by", "subsegment", "--sample", "7", "--endpoint", &endpoint], &RANGE[..]]
                .concat();
        let said = String::from_utf8(program().args(arguments).output().unwrap().stdout).unwrap();
        assert!(said.contains("By subsegment, of 7 of 21 traces"), "{said}");
    }
}

#[test]
fn lines_have_80_columns_and_obey_nothing_that_is_in_a_document() {
    let serving = Serving::in_memory();
    let mut order = order(2);
    order["subsegments"][0]["name"] = json!(format!("\u{1b}[31m{}", "日本語".repeat(40)));
    order["annotations"]["PaymentMethod"] = json!(format!("\u{202e}{}", "x".repeat(300)));
    serving.call("/TraceSegments", &json!({ "TraceSegmentDocuments": [order.to_string()] }));
    let more = ["--by", "subsegment", "--by", "annotation.PaymentMethod", "--slowest", "1"];
    for arguments in [&more[..], &["--against", "fault"]] {
        let said = said(&serving, arguments);
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
        for line in said.lines() {
            assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{line}");
        }
    }
}
