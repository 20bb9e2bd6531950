//! What sent a document, as OpenTelemetry says it: the service and its place.

use opentelemetry_proto::tonic::resource::v1::Resource;
use serde_json::{Map, Value};

use super::attributes::{Attributes, text_value};
use super::origin::Origin;
use crate::entity::{Entity, EntityKind};
use crate::otlp::{EC2, ECS};

/// By X-Ray's word for the kind of place: OpenTelemetry's.
const PLATFORMS: [(&str, &str); 11] = [
    ("AWS::Lambda", "aws_lambda"),
    ("AWS::Lambda::Function", "aws_lambda"),
    ("AWS::EC2::Instance", "aws_ec2"),
    ("AWS::ECS::Container", "aws_ecs"),
    ("AWS::ECS::EC2", "aws_ecs"),
    ("AWS::ECS::Fargate", "aws_ecs"),
    ("AWS::EKS::Container", "aws_eks"),
    ("AWS::ElasticBeanstalk::Environment", "aws_elastic_beanstalk"),
    ("AWS::AppRunner::Service", "aws_app_runner"),
    ("AWS::OpsWorks::Instance", "aws_ec2"),
    ("AWS::CodeBuild::BuildEnvironment", "aws_code_build"),
];

/// Members of `aws` that tell of the place, and the attributes of the resource that they are.
const PLACES: [(&str, &[(&str, &str)]); 5] = [
    ("ec2", &EC2),
    ("ecs", &ECS),
    (
        "eks",
        &[("cluster_name", "k8s.cluster.name"), ("pod", "k8s.pod.name"), ("container_id", "container.id")],
    ),
    (
        "elastic_beanstalk",
        &[
            ("environment_name", "service.namespace"),
            ("version_label", "service.version"),
            ("deployment_id", "service.instance.id"),
        ],
    ),
    ("xray", &[("sdk", "telemetry.sdk.name"), ("sdk_version", "telemetry.sdk.version")]),
];

/// Where nothing says of which service a subsegment is.
const UNKNOWN: &str = "unknown_service";

/// The resource of a document, by the outermost of its entities.
pub(super) fn resource(outermost: &Entity) -> Resource {
    if let Some(attributes) = Origin::of(outermost).and_then(Origin::resource) {
        return Resource { attributes: attributes.into_vec(), ..Resource::default() };
    }
    let mut attributes = Attributes::default();
    attributes.put("service.name", text_value(service(outermost).unwrap_or(UNKNOWN)));
    let member = |key| outermost.member(key).and_then(Value::as_object);
    if let Some(version) = member("service").and_then(|service| service.get("version")) {
        attributes.put_json("service.version", version);
    }
    for (key, value) in member("service").into_iter().flatten().filter(|(key, _)| *key != "version") {
        attributes.put_json(format!("aws.xray.service.{key}"), value);
    }
    if let Some(origin) = outermost.origin() {
        attributes.put("aws.xray.origin", text_value(origin));
        if origin.starts_with("AWS::") {
            attributes.put("cloud.provider", text_value("aws"));
        }
        if let Some((_, platform)) = PLATFORMS.iter().find(|(known, _)| *known == origin) {
            attributes.put("cloud.platform", text_value(*platform));
        }
    }
    if outermost.kind() != EntityKind::Subsegment {
        place(&mut attributes, member("aws"));
    }
    Resource { attributes: attributes.into_vec(), ..Resource::default() }
}

/// Whether a document says of which service it is.
pub(super) fn is_known(outermost: &Entity) -> bool {
    Origin::of(outermost).and_then(Origin::resource).is_some() || service(outermost).is_some()
}

/// A segment is named after its service. A subsegment that was sent alone says it only in an annotation of Powertools.
fn service(outermost: &Entity) -> Option<&str> {
    let named = match outermost.kind() {
        EntityKind::Subsegment => outermost.annotation("Service").and_then(Value::as_str),
        EntityKind::Segment | EntityKind::Inferred => Some(outermost.name()),
    };
    named.filter(|name| !name.is_empty())
}

fn place(attributes: &mut Attributes, aws: Option<&Map<String, Value>>) {
    let Some(aws) = aws else { return };
    for (member, names) in PLACES {
        let members = aws.get(member).and_then(Value::as_object);
        attributes.put_members(members.into_iter().flatten(), names, &format!("aws.{member}."));
    }
    if let Some(account) = aws.get("account_id") {
        attributes.put_json("cloud.account.id", account);
    }
    if let Some(groups) = aws.get("cloudwatch_logs").and_then(Value::as_array) {
        let texts =
            |key: &str| groups.iter().filter_map(move |group| group.get(key)?.as_str()).collect::<Vec<_>>();
        for (name, key) in [("aws.log.group.names", "log_group"), ("aws.log.group.arns", "arn")] {
            let texts = texts(key);
            if !texts.is_empty() {
                attributes.put(name, super::attributes::texts(texts.into_iter()));
            }
        }
    }
}
