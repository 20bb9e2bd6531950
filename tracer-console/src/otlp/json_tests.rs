//! What JSON is read, and what is said of JSON that is not.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;

use super::super::fixtures::{any, array, attributes, list};
use super::*;

fn spans(json: &Json) -> Result<Vec<Span>, String> {
    let request = json!({"resourceSpans": [{"scopeSpans": [{"spans": json}]}]});
    let Decoded { request, refused } =
        read(request.to_string().as_bytes()).map_err(|error| error.to_string())?;
    if let Some(refusal) = refused.first() {
        return Err(refusal.message.clone());
    }
    let scopes = request.resource_spans.into_iter().flat_map(|spans| spans.scope_spans);
    Ok(scopes.flat_map(|spans| spans.spans).collect())
}

fn value(json: &Json) -> Result<AnyValue, String> {
    let spans = spans(&json!([{"attributes": [{"key": "a", "value": json}]}]))?;
    Ok(spans[0].attributes[0].value.clone().unwrap())
}

#[test]
fn camel_case_and_snake_case_text_and_numbers_names_and_numbers_say_the_same() {
    let camel = json!({
        "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174", "parentSpanId": "eee19b7ec3c1b173",
        "traceState": "a=b", "flags": 257, "name": "I'm a server span", "kind": 2, "startTimeUnixNano": "1544712660000000000",
        "endTimeUnixNano": "1544712661000000000", "droppedLinksCount": 1, "status": {"code": 2, "message": "no"},
        "links": [{"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}],
        "events": [{"timeUnixNano": "5", "name": "e", "attributes": [{"key": "k", "value": {"intValue": "7"}}]}],
        "attributes": [{"key": "my.span.attr", "value": {"stringValue": "some value"}}],
    });
    let snake = json!({
        "trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "EEE19B7EC3C1B174", "parent_span_id": "eee19b7ec3c1b173",
        "trace_state": "a=b", "flags": "257", "name": "I'm a server span", "kind": "SPAN_KIND_SERVER",
        "start_time_unix_nano": 1_544_712_660_000_000_000_u64, "end_time_unix_nano": 1_544_712_661e9, "dropped_links_count": "1",
        "status": {"code": "STATUS_CODE_ERROR", "message": "no"},
        "links": [{"trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "eee19b7ec3c1b174", "attributes": null}],
        "events": [{"time_unix_nano": 5, "name": "e", "attributes": [{"key": "k", "value": {"int_value": 7}}]}],
        "attributes": [{"key": "my.span.attr", "value": {"string_value": "some value"}}],
    });
    let camel = spans(&json!([camel])).unwrap();
    assert_eq!(camel, spans(&json!([snake])).unwrap());
    let span = &camel[0];
    assert_eq!((span.trace_id.len(), span.span_id[0], span.parent_span_id[7]), (16, 0xee, 0x73));
    assert_eq!((span.kind(), span.end_time_unix_nano), (SpanKind::Server, 1_544_712_661_000_000_000));
    assert_eq!((span.flags, span.links.len(), span.status.as_ref().unwrap().code), (257, 1, 2));
    assert_eq!(span.events[0].attributes, attributes([("k", any(7))]));
}

#[test]
fn every_kind_of_value_is_read() {
    let table = [
        (json!({"boolValue": true}), any(true)),
        (json!({"intValue": "-7"}), any(-7)),
        (json!({"intValue": 7.0}), any(7)),
        (json!({"doubleValue": 1}), any(1.0)),
        (json!({"doubleValue": "Infinity"}), any(f64::INFINITY)),
        (
            json!({"intValue": "1.795713447e18"}),
            AnyValue { value: Some(Value::IntValue(1_795_713_447_000_000_000)) },
        ),
        (json!({"intValue": "7.0"}), any(7)),
        (json!({"doubleValue": "1.5e3"}), any(1500.0)),
        (json!({"bytesValue": "_-8="}), AnyValue { value: Some(Value::BytesValue(vec![255, 239])) }),
        (json!({"bytesValue": "_-8"}), AnyValue { value: Some(Value::BytesValue(vec![255, 239])) }),
        (json!({"bytesValue": "/+8"}), AnyValue { value: Some(Value::BytesValue(vec![255, 239])) }),
        (json!({"bytesValue": "AQL/"}), AnyValue { value: Some(Value::BytesValue(vec![1, 2, 255])) }),
        (json!({"arrayValue": {"values": [{"stringValue": "a"}]}}), array([any("a")])),
        (json!({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}]}}), list([("a", any(1))])),
        (json!({"arrayValue": {}}), array([])),
        (json!({}), AnyValue::default()),
        (json!({"futureValue": [{"x": 1}]}), AnyValue::default()),
        (json!({"stringValue": null}), AnyValue::default()),
    ];
    for (json, expected) in table {
        assert_eq!(value(&json), Ok(expected), "{json}");
    }
}

#[test]
fn what_is_not_known_is_passed_over() {
    let span =
        json!({"name": "a", "kind": "SPAN_KIND_OF_TOMORROW", "future": {"deep": [1, {}]}, "events": null});
    let read = spans(&json!([span])).unwrap();
    assert_eq!((&*read[0].name, read[0].kind), ("a", 0));
    assert_eq!(read_text("{}"), Ok(0));
    assert_eq!(read_text(r#"{"resourceSpans": null, "resourceMetrics": [1]}"#), Ok(0));
}

fn read_text(text: &str) -> Result<usize, String> {
    read(text.as_bytes())
        .map(|decoded| decoded.request.resource_spans.len())
        .map_err(|error| error.to_string())
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let within = |json: Json| spans(&json!([{}, json])).unwrap_err();
    let place = "resourceSpans[0].scopeSpans[0].spans[1].";
    for (json, expected) in [
        (json!({"traceId": "xyz"}), "traceId: not hexadecimal digits"),
        (json!({"spanId": "abc"}), "spanId: not hexadecimal digits"),
        (json!({"spanId": "+a"}), "spanId: not hexadecimal digits"),
        (json!({"name": 7}), "name: not a string"),
        (json!({"startTimeUnixNano": -1}), "startTimeUnixNano: not a whole number that fits"),
        (json!({"startTimeUnixNano": 0.5}), "startTimeUnixNano: not a whole number that fits"),
        (json!({"flags": 1e20}), "flags: not a whole number that fits"),
        (json!({"attributes": {}}), "attributes: not an array"),
        (
            json!({"attributes": [{"value": {"boolValue": 1}}]}),
            "attributes[0].value.boolValue: neither true nor false",
        ),
        (json!({"attributes": [{"value": 1}]}), "attributes[0].value: not an object"),
    ] {
        assert_eq!(within(json), format!("{place}{expected}"));
    }
    assert_eq!(read_text("[]").unwrap_err(), "not an object");
    assert!(read_text("{").unwrap_err().starts_with("EOF while parsing"));
}

#[test]
fn a_value_that_is_wrong_costs_its_span_or_its_attribute_of_the_resource_only() {
    let bad = [
        json!({"name": "bad", "attributes": [{"key": "i", "value": {"intValue": "18446744073709551615"}}]}),
        json!({"name": "bad", "attributes": [{"key": "b", "value": {"boolValue": "true"}}]}),
        json!({"name": "bad", "traceId": "AAAAAAAAAAAAAAAAAAAAAA=="}),
        json!({"name": "bad", "events": 7}),
    ];
    let spans: Vec<_> = bad.into_iter().chain([json!({"name": "good"}), json!(7)]).collect();
    let attributes =
        json!([{"key": "a", "value": {"intValue": 1}}, {"key": "b", "value": {"boolValue": 1}}, 7]);
    let request = json!({"resourceSpans": [
        {"resource": {"attributes": attributes}, "scopeSpans": [{"scope": {"attributes": attributes}, "spans": spans}, 7]},
        {"resource": 7, "scopeSpans": {}},
        null,
    ]});
    let Decoded { request, refused } = read(request.to_string().as_bytes()).unwrap();
    let [of_resource] = &*request.resource_spans else { panic!("{request:?}") };
    let resource = of_resource.resource.as_ref().unwrap();
    assert_eq!((resource.attributes.len(), resource.dropped_attributes_count), (1, 2));
    let [of_scope] = &*of_resource.scope_spans else { panic!("{of_resource:?}") };
    let scope = of_scope.scope.as_ref().unwrap();
    assert_eq!((scope.attributes.len(), scope.dropped_attributes_count), (1, 2));
    assert_eq!(of_scope.spans.len(), 1);
    let said: Vec<_> =
        refused.iter().map(|refusal| format!("{} {}", refusal.excerpt, refusal.message)).collect();
    let spans = "resourceSpans[0].scopeSpans[0].spans";
    let expected = [
        format!("bad {spans}[0].attributes[0].value.intValue: not a whole number that fits"),
        format!("bad {spans}[1].attributes[0].value.boolValue: neither true nor false"),
        format!("bad {spans}[2].traceId: not hexadecimal digits"),
        format!("bad {spans}[3].events: not an array"),
        format!("7 {spans}[5]: not an object"),
        "7 resourceSpans[0].scopeSpans[1]: not an object".to_owned(),
        r#"{"resource":7,"scopeSpans":{}} resourceSpans[1].scopeSpans: not an array"#.to_owned(),
        "null resourceSpans[2]: not an object".to_owned(),
    ];
    assert_eq!(said, expected);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = read(&bytes);
    }
}
