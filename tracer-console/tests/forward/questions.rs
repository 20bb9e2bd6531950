//! What AWS is asked by the SDK's calls: as it was meant, and with its answer as it came.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tracer_console::aws::AwsError;

use crate::accounts::account;
use crate::far_end::{Asked, FarEnd, Said};
use crate::signatures::{is_signed, time};
use crate::x_ray_end::x_ray_error;

fn answer(body: &Value) -> Said {
    Said { body: body.to_string().into_bytes(), ..Said::status(200) }
}

#[test]
fn questions_are_asked_with_all_their_members_and_signed_by_the_sdk() {
    let end = FarEnd::answering(|_| answer(&json!({})));
    let account = account(&end.url());
    let questions = [
        (
            "/TraceSummaries",
            json!({"StartTime": 1_795_348_800.123_456, "EndTime": 1_795_348_801, "TimeRangeType": "Event", "Sampling": true,
                   "SamplingStrategy": {"Name": "FixedRate", "Value": 0.5}, "FilterExpression": "fault", "NextToken": "n"}),
        ),
        ("/Traces", json!({"TraceIds": ["1-6b02e002-9311b20839c1ed87c6cec943"], "NextToken": "n"})),
        ("/TraceGraph", json!({"TraceIds": ["1-6b02e002-9311b20839c1ed87c6cec943"], "NextToken": "n"})),
        (
            "/ServiceGraph",
            json!({"StartTime": 1_795_348_800.5, "EndTime": 1_795_348_801, "GroupName": "g", "GroupARN": "a", "NextToken": "n"}),
        ),
        ("/TraceSegments", json!({"TraceSegmentDocuments": ["{}", "{\"name\":\"é\"}"]})),
    ];
    for (path, request) in &questions {
        assert_eq!(account.ask(path, request).unwrap(), json!({}), "{path}");
    }
    let asked = end.asked();
    for (asked, (path, request)) in asked.iter().zip(&questions) {
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        assert_eq!((asked.uri.path(), without_zeros(&body)), (*path, without_zeros(request)));
        assert!(is_signed(asked, &end.url(), "eu-west-1"), "{asked:?}");
        assert!(asked.header("user-agent").contains("aws-sdk-rust"), "{asked:?}");
    }
    assert_eq!(asked.len(), questions.len());
}

/// `1` and `1.0` are the same time.
fn without_zeros(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), without_zeros(value))).collect()
        }
        value => value.clone(),
    }
}

#[test]
fn an_answer_is_what_came_whatever_the_sdk_makes_of_it() {
    for said in [
        json!({"TraceSummaries": [{"Id": "1-6b02e002-9311b20839c1ed87c6cec943", "Duration": 0.1234567, "IsNew": {"of": [1, "x"]}}]}),
        // No time that the SDK reads.
        json!({"TraceSummaries": [{"StartTime": "just now"}]}),
    ] {
        let body = said.clone();
        let end = FarEnd::answering(move |_| answer(&body));
        let asked = account(&end.url()).ask("/TraceSummaries", &json!({"StartTime": 1, "EndTime": 2}));
        assert_eq!(asked.unwrap(), said);
    }
}

#[test]
fn what_is_busy_is_asked_again_and_what_is_refused_is_said() {
    let calls = AtomicUsize::new(0);
    let end = FarEnd::answering(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => x_ray_error(429, "ThrottledException"),
        1 => Said::status(503),
        2 => answer(&json!({"Traces": []})),
        _ => x_ray_error(400, "InvalidRequestException"),
    });
    let account = account(&end.url());
    let request = json!({"TraceIds": ["1"]});
    assert_eq!(account.ask("/Traces", &request).unwrap(), json!({"Traces": []}));
    assert_eq!(end.asked().len(), 3);
    let error = account.ask("/Traces", &request).unwrap_err().to_string();
    assert_eq!(error, format!("{} answers 400 (InvalidRequestException): as told", end.url()));
}

/// A clock that is wrong is no reason for a refusal: what is signed is signed by the clock of X-Ray.
#[test]
fn a_clock_that_is_wrong_here_is_put_right() {
    let theirs = || SystemTime::now() + Duration::from_secs(3600);
    let end = FarEnd::answering(move |asked: &Asked| {
        let signed = time(asked.header("x-amz-date"));
        let apart = theirs().duration_since(signed).unwrap_or_default();
        let said = if apart > Duration::from_secs(300) {
            x_ray_error(403, "RequestTimeTooSkewed")
        } else {
            answer(&json!({"Traces": []}))
        };
        said.with("date", &httpdate::fmt_http_date(theirs()))
    });
    let account = account(&end.url());
    for _ in 0..2 {
        assert_eq!(account.ask("/Traces", &json!({"TraceIds": ["1"]})).unwrap(), json!({"Traces": []}));
    }
    assert_eq!(end.asked().len(), 3, "it is learnt once");
}

#[test]
fn what_is_not_asked_here_is_refused_before_it_is_asked() {
    let end = FarEnd::answering(|_| answer(&json!({})));
    let account = account(&end.url());
    for (path, request, what) in [
        ("/Groups", json!({}), "/Groups"),
        (
            "/TraceSummaries",
            json!({"StartTime": 1, "EndTime": 2, "Fields": []}),
            "/TraceSummaries with Fields",
        ),
    ] {
        let error = account.ask(path, &request).unwrap_err();
        assert!(error.to_string().contains(&format!("not asked for {what} here")), "{error}");
        assert!(matches!(error, AwsError::NoQuestion { .. }));
    }
    assert!(end.asked().is_empty());
}
