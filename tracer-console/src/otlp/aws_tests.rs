//! What becomes of AWS's attributes.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use super::super::fixtures::{any, array, document, document_of, span};

fn place<const N: usize>(resource: [(&str, AnyValue); N]) -> Value {
    document_of(span(SpanKind::Server, []), resource)["aws"].clone()
}

fn call<const N: usize>(entries: [(&str, AnyValue); N]) -> Value {
    document(span(SpanKind::Client, entries))
}

#[test]
fn where_a_service_runs_is_told_by_its_platform() {
    let ec2 = place([
        ("cloud.platform", any("aws_ec2")),
        ("cloud.account.id", any("123456789012")),
        ("cloud.availability_zone", any("us-west-2c")),
        ("host.id", any("i-0abc")),
        ("host.type", any("m5.xlarge")),
        ("host.image.id", any("ami-1")),
    ]);
    let expected = json!({"account_id": "123456789012", "ec2": {"instance_id": "i-0abc", "availability_zone": "us-west-2c",
        "instance_size": "m5.xlarge", "ami_id": "ami-1"}});
    assert_eq!(ec2, expected);
    let ecs = place([
        ("cloud.platform", any("aws_ecs")),
        ("container.name", any("web-1")),
        ("aws.ecs.task.family", any("web")),
        ("aws.ecs.launchtype", any("fargate")),
    ]);
    assert_eq!(ecs, json!({"ecs": {"container": "web-1", "task_family": "web", "launch_type": "fargate"}}));
    let beanstalk = place([
        ("cloud.platform", any("aws_elastic_beanstalk")),
        ("service.namespace", any("prod")),
        ("service.instance.id", any("23")),
        ("service.version", any("v2")),
    ]);
    assert_eq!(
        beanstalk["elastic_beanstalk"],
        json!({"environment_name": "prod", "deployment_id": 23, "version_label": "v2"})
    );
    let eks = place([("k8s.cluster.name", any("c")), ("k8s.pod.name", any("p"))]);
    assert_eq!(eks, json!({"eks": {"cluster_name": "c", "pod": "p"}}));
}

#[test]
fn another_cloud_has_no_aws_and_loses_nothing() {
    let document = document_of(
        span(SpanKind::Client, [("aws.region", any("eu-west-1"))]),
        [("cloud.provider", any("gcp")), ("host.id", any("1"))],
    );
    assert_eq!(document.get("aws"), None);
    assert_eq!(document["metadata"]["default"], json!({"aws.region": "eu-west-1"}));
}

#[test]
fn a_call_tells_what_it_was_about() {
    let sent = call([
        ("rpc.system", any("aws-api")),
        ("rpc.service", any("SQS")),
        ("rpc.method", any("SendMessage")),
        ("aws.region", any("us-east-2")),
        ("aws.account_id", any("987654321")),
        ("aws.requestId", any("r-1")),
        ("aws.queue.url", any("https://sqs/q")),
        ("aws.xray.retries", any(2)),
    ]);
    let expected = json!({"operation": "SendMessage", "region": "us-east-2", "account_id": "987654321", "request_id": "r-1",
        "queue_url": "https://sqs/q", "retries": 2});
    assert_eq!((&sent["aws"], &sent["name"], &sent["namespace"]), (&expected, &json!("SQS"), &json!("aws")));
    let preferred = call([("rpc.method", any("Put")), ("aws.operation", any("PutItem"))]);
    assert_eq!(preferred["aws"]["operation"], "PutItem");
}

#[test]
fn tables_are_one_or_several() {
    let tables =
        |value| call([("aws.table_name", any("old")), ("aws.dynamodb.table_names", value)])["aws"].clone();
    assert_eq!(tables(array([any("orders")])), json!({"table_name": "orders"}));
    assert_eq!(tables(any("orders")), json!({"table_name": "orders"}));
    assert_eq!(tables(array([any("a"), any("b")])), json!({"table_names": ["a", "b"]}));
    assert_eq!(tables(array([])), json!({"table_name": "old"}));
}

#[test]
fn the_sdk_is_named_as_x_rays_are() {
    let sdk = place([
        ("telemetry.sdk.name", any("opentelemetry")),
        ("telemetry.sdk.language", any("rust")),
        ("telemetry.sdk.version", any("0.33.1")),
        ("telemetry.distro.version", any("1")),
    ]);
    let expected = json!({"xray": {"sdk": "opentelemetry for rust", "sdk_version": "0.33.1", "auto_instrumentation": true}});
    assert_eq!(sdk, expected);
}

#[test]
fn log_groups_are_named_by_their_arns_or_else_by_their_names() {
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/web:*";
    let names = || ("aws.log.group.names", any("a&&b"));
    assert_eq!(place([names()])["cloudwatch_logs"], json!([{"log_group": "a"}, {"log_group": "b"}]));
    let both = place([names(), ("aws.log.group.arns", array([any(arn), any("odd")]))]);
    assert_eq!(
        both["cloudwatch_logs"],
        json!([{"arn": arn, "log_group": "/web"}, {"arn": "odd", "log_group": "odd"}])
    );
}
