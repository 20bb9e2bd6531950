//! The fields of a summary.

use super::*;

#[test]
fn a_summary_has_every_field() {
    let function = |kind: &str| json!({"Name": "items", "Names": ["items"], "Type": kind});
    let code = json!({"Name": "items", "Names": ["items"], "AccountId": "123456789012", "Type": "AWS::Lambda::Function"});
    let stage = json!({"Name": "shop/prod", "Names": ["shop/prod"], "Type": "AWS::ApiGateway::Stage"});
    let set_by = |value: Value, service: &Value| json!([{"AnnotationValue": value, "ServiceIds": [service]}]);
    assert_eq!(
        summary(&fixtures::trace("A")),
        json!({
            "Id": "1-6b02d940-000000000000000000000041", "StartTime": fixtures::BEGIN,
            "Duration": 0.18, "ResponseTime": 0.18,
            "HasFault": false, "HasError": false, "HasThrottle": false, "IsPartial": false,
            "Http": {"HttpURL": "https://shop.example/api/items?x=1", "HttpStatus": 200, "HttpMethod": "GET"},
            "Annotations": {
                "ColdStart": set_by(json!({"BooleanValue": true}), &code),
                "aws:api_stage": set_by(json!({"StringValue": "prod"}), &stage),
                "count": set_by(json!({"NumberValue": 12.0}), &code),
                "tenant": set_by(json!({"StringValue": "acme"}), &code),
            },
            "Users": [],
            "ServiceIds": [
                stage, function("AWS::Lambda"), code,
                {"Name": "Items", "Names": ["Items"], "Type": "AWS::DynamoDB::Table"},
                {"Name": "shop/prod", "Names": ["shop/prod"], "Type": "client"},
            ],
            "ResourceARNs": [
                {"ARN": "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/prod"},
                {"ARN": "arn:aws:lambda:eu-west-1:123456789012:function:items"},
            ],
            "InstanceIds": [], "AvailabilityZones": [], "EntryPoint": stage,
            "FaultRootCauses": [], "ErrorRootCauses": [], "ResponseTimeRootCauses": [], "Revision": 1,
        })
    );
}

#[test]
fn what_nobody_said_is_an_empty_collection() {
    let trace = fixtures::from_documents(&[fixtures::segment("job", 1, (0.0, 1.0), json!({}))]);
    let summary = summary(&trace);
    for list in
        ["Users", "ResourceARNs", "InstanceIds", "AvailabilityZones", "FaultRootCauses", "ErrorRootCauses"]
    {
        assert_eq!(summary[list], json!([]), "{list}");
    }
    assert_eq!((&summary["Annotations"], &summary["Http"]), (&json!({}), &json!({})));
    assert_eq!(summary["EntryPoint"], json!({"Name": "job", "Names": ["job"]}));
    assert!(summary.get("MatchedEventTime").is_none());
}

#[test]
fn users_instances_and_zones_are_those_of_any_segment_each_once() {
    let summary = summary(&fixtures::trace("D"));
    let web = json!({"Name": "web", "Names": ["web"], "Type": "AWS::EC2::Instance"});
    assert_eq!(summary["Users"], json!([{"UserName": "alice", "ServiceIds": [web]}]));
    assert_eq!(summary["InstanceIds"], json!([{"Id": "i-0abc"}]));
    assert_eq!(summary["AvailabilityZones"], json!([{"Name": "us-west-2c"}]));
}

#[test]
fn a_key_has_each_distinct_value_with_the_services_that_set_it() {
    let call = fixtures::segment(
        "call",
        2,
        (0.1, 0.4),
        json!({"namespace": "remote", "annotations": {"tenant": "b"}}),
    );
    let caller = json!({"annotations": {"tenant": "a", "odd": [1]}, "subsegments": [call]});
    let trace = fixtures::from_documents(&[
        fixtures::segment("web", 1, (0.0, 1.0), caller),
        fixtures::segment(
            "pay",
            3,
            (0.2, 0.3),
            json!({"parent_id": "0000000000000002", "annotations": {"tenant": "a"}}),
        ),
    ]);
    let compiled = CompiledTrace::of(&trace);
    let values = compiled.annotations().values("tenant");
    let named = values.iter().map(|entry| {
        let names: Vec<_> = entry.services.iter().map(|&id| compiled.service(id).name()).collect();
        (entry.value, names.join(","))
    });
    use crate::compiled::AnnotationValue::String;
    assert_eq!(named.collect::<Vec<_>>(), [(String("a"), "web,pay".into()), (String("b"), "web".into())]);
    assert!(compiled.annotations().values("odd").is_empty());
}

#[test]
fn fifty_keys_are_indexed_and_the_rest_stays_in_the_documents() {
    let annotations: serde_json::Map<_, _> = (0..60).map(|n| (format!("k{n:02}"), json!(n))).collect();
    let trace = fixtures::from_documents(&[fixtures::segment(
        "job",
        1,
        (0.0, 1.0),
        json!({"annotations": annotations}),
    )]);
    let compiled = CompiledTrace::of(&trace);
    assert_eq!(compiled.annotations().iter().count(), 50);
    assert!(compiled.to_answer(false).segments[0].document.contains("\"k59\":59"));
}

#[test]
fn a_request_in_progress_has_a_response_time_as_far_as_is_known() {
    let mut job = fixtures::segment("job", 1, (0.0, 0.0), json!({"in_progress": true}));
    job.as_object_mut().unwrap().remove("end_time");
    let alone = fixtures::from_documents(std::slice::from_ref(&job));
    assert_eq!(summary(&alone)["ResponseTime"], 0.0);
    let call = fixtures::subsegment("call", 2, 1, (0.5, 2.5), json!({}));
    let with_call = summary(&fixtures::from_documents(&[job, call]));
    assert_eq!((&with_call["ResponseTime"], &with_call["Duration"]), (&json!(2.5), &json!(2.5)));
    assert_eq!(with_call["IsPartial"], true);
}

#[test]
fn an_orphan_alone_has_a_response_time_and_is_partial() {
    let orphan = fixtures::from_documents(&[fixtures::subsegment("query", 2, 1, (0.5, 0.75), json!({}))]);
    let summary = summary(&orphan);
    assert_eq!((&summary["ResponseTime"], &summary["IsPartial"]), (&json!(0.25), &json!(true)));
    assert_eq!(summary["ServiceIds"], json!([]));
}

#[test]
fn the_entry_is_the_root_that_names_no_caller() {
    let called = fixtures::segment("early", 1, (0.0, 1.0), json!({"parent_id": "00000000000000aa"}));
    let trace = fixtures::from_documents(&[called, fixtures::segment("late", 2, (0.5, 2.0), json!({}))]);
    let summary = summary(&trace);
    assert_eq!(summary["EntryPoint"]["Name"], "late");
    assert_eq!((&summary["ResponseTime"], &summary["Duration"]), (&json!(1.5), &json!(2.0)));
}

#[test]
fn names_of_kilobytes_do_not_make_answers_of_megabytes() {
    let long = "é".repeat(20_000);
    let sub = |at: u64| json!({"name": "s", "id": fixtures::id(at + 2).to_string(), "start_time": 1, "annotations": {"k": at}});
    let subs: Vec<_> = (0..500).map(sub).collect();
    let more = json!({"origin": long, "aws": {"account_id": long}, "subsegments": subs});
    let trace = fixtures::from_documents(&[fixtures::segment(&long, 1, (0.0, 1.0), more)]);
    let compiled = CompiledTrace::of(&trace);
    let answer = serde_json::to_string(&compiled.summary(1, None)).unwrap();
    assert!(answer.len() < 4 << 20, "{} bytes", answer.len());
    assert!(long.starts_with(compiled.services()[0].name()) && compiled.services()[0].name().len() > 1_000);
}
