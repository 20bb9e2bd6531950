//! The worked examples of the fact sheet (6.6), on the traces that it describes.

use crate::compiled::{CompiledTrace, fixtures};
use crate::filter::{FilterErrorKind, FilterExpression, Group};

const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// The names of the traces that an expression keeps.
fn kept(text: &str) -> String {
    let slow = FilterExpression::parse("responsetime > 1").unwrap();
    let groups = [Group {
        name: "slow".into(),
        arn: "arn:aws:xray:eu-west-1:1:group/slow/1".into(),
        expression: slow,
    }];
    let filter = FilterExpression::parse(text).unwrap_or_else(|error| panic!("{error:#}"));
    let filter = filter.with_groups(&groups).unwrap();
    let is_kept = |name: &&str| filter.keeps(&CompiledTrace::of(&fixtures::trace(name)));
    NAMES.into_iter().filter(is_kept).collect::<Vec<_>>().join(" ")
}

#[test]
#[rustfmt::skip]
fn every_worked_example_keeps_the_traces_that_it_is_said_to_keep() {
    let examples = [
        (1, "", "A B C D E F"),
        (2, "ok", "A C D F"),
        (3, "!ok", "B E"),
        (4, "ok = false", "B E"),
        (5, "fault", "B"),
        (6, "error", "E"),
        (7, "error = true OR fault = true", "B E"),
        (8, "throttle", "B"),
        (9, "partial", "F"),
        (10, "ok !partial", "A C D"),
        (11, "inferred", "A B D F"),
        (12, "responsetime > 1", "B D"),
        (13, "duration >= 1.4 AND duration <= 2", "D"),
        (14, "responsetime < 0.02", "C E"),
        (15, "ok !partial duration <3", "A C D"),
        (16, "http.status != 200", "B E"),
        (17, r#"http.method = "POST""#, "B D"),
        (18, r#"http.url CONTAINS "/api/""#, "A B"),
        (19, r#"http.url BEGINSWITH "http://web.local""#, "C D E"),
        (20, "http.url", "A B C D E"),
        (21, "!http.url", "F"),
        (22, r#"http.useragent BEGINSWITH "curl""#, "E"),
        (23, r#"user = "alice""#, "C D"),
        (24, r#"user CONTAINS """#, "C D E"),
        (25, "!user", "A B F"),
        (26, r#"instance.id = "i-0abc" AND availabilityzone = "us-west-2c""#, "C D E"),
        (27, r#"resource.arn ENDSWITH ":function:orders""#, "B"),
        (28, "annotation.tenant", "A B D"),
        (29, "!annotation.tenant", "C E F"),
        (30, r#"annotation.tenant = "acme""#, "A D"),
        (31, "annotation.count > 10", "A"),
        (32, r#"annotation.count = "12""#, ""),
        (33, "annotation.total = 99.5", "B"),
        (34, "annotation.ColdStart", "A"),
        (35, "annotation.retry", ""),
        (36, r#"annotation[aws:api_stage] = "prod""#, "A"),
        (37, r#"service("web")"#, "C D E"),
        (38, r#"service("items")"#, "A"),
        (39, r#"service("orders") { fault }"#, "B"),
        (40, r#"service(id(name: "orders", type: "AWS::Lambda")) { fault }"#, ""),
        (41, r#"service(id(name:"orders", type:"AWS::Lambda::Function")) { fault }"#, "B"),
        (42, r#"service(id(type: "AWS::Lambda::Function")) { partial }"#, "F"),
        (43, "service() { fault }", "B D"),
        (44, "service() { fault } AND !fault", "D"),
        (45, r#"service("Orders")"#, "B F"),
        (46, r#"service(id(type:"AWS::DynamoDB::Table")) { throttle }"#, "B"),
        (47, r#"service("web") { root = true AND error = true }"#, "E"),
        (48, r#"!service("web") AND ok"#, "A F"),
        (49, r#"edge("web", "payments.example.com")"#, "D"),
        (50, r#"edge("web", "payments.example.com") { fault }"#, "D"),
        (51, r#"edge("web", "payments.example.com") { responsetime > 1 }"#, ""),
        (52, r#"edge(id(type:"AWS::Lambda::Function"), "Orders") { error }"#, "B"),
        (53, r#"!edge("web","payments.example.com") service("web")"#, "C E"),
        (54, r#"(fault OR error) AND annotation.tenant = "beta""#, "B"),
        (55, r#"fault OR error AND user = "bob""#, "B E"),
        (56, r#"group.name = "slow" AND user = "alice""#, "D"),
        (57, r#"rootcause.fault.service { last and name = "orders" }"#, "B"),
        (58, r#"rootcause.fault.exception { name = "ValidationError" }"#, "B"),
        (59, r#"rootcause.fault.exception { last and message BEGINSWITH "bad sku" }"#, "B"),
        // The fault of D is handled, so that no path of faults leads there from the root (7.8).
        (60, "rootcause.fault.entity { remote }", ""),
        (61, "rootcause.responsetime.entity { last and coverage > 0.8 }", "B"),
        (62, r#"rootcause.json = #[{"Services":[{"Name":"shop/prod"},{"Name":"orders"}]}]"#, "B"),
    ];
    for (number, text, names) in examples {
        assert_eq!(kept(text), names, "{number}: {text}");
    }
}

#[test]
#[rustfmt::skip]
fn the_worked_examples_of_mistakes_are_refused() {
    let examples = [
        (63, r#"responsetime CONTAINS "1""#, FilterErrorKind::WrongType),
        (64, r#"service("web") { annotation.tenant = "acme" }"#, FilterErrorKind::WrongScope),
        (65, "response_time > 1", FilterErrorKind::UnknownWord),
        (66, r#"service("a" { fault }"#, FilterErrorKind::Syntax),
    ];
    for (number, text, kind) in examples {
        assert_eq!(FilterExpression::parse(text).unwrap_err().kind(), kind, "{number}: {text}");
    }
}

#[test]
#[rustfmt::skip]
fn what_the_console_of_x_ray_writes_is_understood() {
    let examples = [
        (r#"service("web") { fault = true OR responsetime > 1.1 } AND annotation.tenant = "acme""#, "D"),
        (r#"service(id(name: "orders" , type: "AWS::Lambda::Function" )) { ok = true }"#, ""),
        (r#"service(id(name: "items" , type: "AWS::Lambda::Function" )) { ok = true }"#, "A"),
        ("responsetime >= 0.15 AND responsetime <= 1.5", "A D F"),
        (r#"http.url = "http://web.local/pay""#, "D"),
    ];
    for (text, names) in examples {
        assert_eq!(kept(text), names, "{text}");
    }
}

#[test]
#[rustfmt::skip]
fn the_expressions_of_articles_about_x_ray_are_understood() {
    let examples = [
        (r#"annotation.OrderId = "ORD-12345""#, ""),
        ("responsetime > 2", "B"),
        ("fault = true OR error = true", "B E"),
        (r#"service("orders") AND responsetime > 1"#, "B"),
        (r#"annotation.PaymentMethod = "credit_card" AND responsetime > 3"#, ""),
        ("http.status = 502", "B"),
    ];
    for (text, names) in examples {
        assert_eq!(kept(text), names, "{text}");
    }
}
