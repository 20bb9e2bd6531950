//! What sent the spans: its service, its place at AWS, its attributes.

use opentelemetry_proto::tonic::common::v1::any_value::Value as AttributeValue;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1;
use prost::Message as _;
use serde_json::{Map, Value, json};

use super::any_value;
use super::attributes::Attributes;

/// Bytes of a resource's attributes that are kept: every segment holds them, and a request may have many segments.
const MOST_BYTES: usize = 64 << 10;
/// The same where the segment has them all.
const MOST_BYTES_OF_SUBSEGMENT: usize = 4 << 10;
/// What a resource's attributes are called beside those of a span.
const BESIDE: &str = "otel.resource.";
/// Bytes of a scope's attributes that are kept: every document holds them.
const MOST_BYTES_OF_SCOPE: usize = 4 << 10;

/// A resource.
#[derive(Debug)]
pub(super) struct Resource<'a> {
    attributes: Attributes<'a>,
    dropped: usize,
    /// As metadata have them.
    beside: Vec<(String, Value)>,
    of_subsegment: Map<String, Value>,
}

impl<'a> Resource<'a> {
    pub(super) fn of(resource: Option<&'a v1::Resource>) -> Self {
        let all = resource.map_or(&[][..], |resource| &resource.attributes);
        let kept = within(all, MOST_BYTES);
        let attributes = Attributes::of(&all[..kept]);
        let before = resource.map_or(0, |resource| resource.dropped_attributes_count as usize);
        let dropped = all.len() - kept + attributes.dropped() + before;
        let of_subsegment = of_subsegment(all, before);
        let beside = |(key, value, _)| (format!("{BESIDE}{key}"), any_value::to_json(value));
        let beside = attributes.iter().map(beside).collect();
        Self { attributes, dropped, beside, of_subsegment }
    }

    /// What the metadata of a subsegment say of it.
    pub(super) fn of_subsegment(&self) -> Map<String, Value> {
        self.of_subsegment.clone()
    }

    pub(super) fn text(&self, keys: &[&str]) -> Option<&'a str> {
        self.attributes.text(keys)
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a AttributeValue> {
        self.attributes.get(key)
    }

    /// The attributes by the names that they have beside those of a span, with their JSON.
    pub(super) fn beside(&self) -> impl Iterator<Item = (&str, &'a AttributeValue, &Value)> {
        let values = self.attributes.iter().map(|(_, value, _)| value);
        self.beside.iter().zip(values).map(|((key, json), value)| (&**key, value, json))
    }

    /// How many attributes there were beyond those that are kept.
    pub(super) fn dropped(&self) -> usize {
        self.dropped
    }

    /// X-Ray's name for the kind of place that it runs in; only AWS's own have one.
    pub(super) fn origin(&self) -> Option<&'static str> {
        if self.text(&["cloud.provider"]).is_some_and(|provider| provider != "aws") {
            return None;
        }
        Some(match self.text(&["cloud.platform"])? {
            "aws_app_runner" => "AWS::AppRunner::Service",
            "aws_eks" => "AWS::EKS::Container",
            "aws_elastic_beanstalk" => "AWS::ElasticBeanstalk::Environment",
            "aws_ecs" => match self.text(&["aws.ecs.launchtype"]) {
                Some("ec2") => "AWS::ECS::EC2",
                Some("fargate") => "AWS::ECS::Fargate",
                _ => "AWS::ECS::Container",
            },
            "aws_ec2" => "AWS::EC2::Instance",
            _ => return None,
        })
    }

    /// `service`: its version.
    pub(super) fn service(&self) -> Option<Value> {
        let tags = || self.get("container.image.tags").map(any_value::texts)?.into_iter().next();
        let version = self.text(&["service.version", "container.image.tag"]).or_else(tags)?;
        Some(json!({"version": version}))
    }
}

/// How many attributes fit into so many bytes.
fn within(attributes: &[KeyValue], most: usize) -> usize {
    let mut bytes = 0_usize;
    let fits = |attribute: &&KeyValue| {
        bytes += attribute.encoded_len();
        bytes <= most
    };
    attributes.iter().take_while(fits).count()
}

/// The resource, its service first: the others are kept as far as they fit.
fn of_subsegment(attributes: &[KeyValue], dropped: usize) -> Map<String, Value> {
    let (service, others): (Vec<_>, Vec<_>) =
        attributes.iter().cloned().partition(|attribute| attribute.key.starts_with("service."));
    let all = [service, others].concat();
    let kept = within(&all, MOST_BYTES_OF_SUBSEGMENT);
    if kept == 0 {
        return Map::new();
    }
    let mut members = Map::new();
    members.insert("resource".into(), any_value::object(&all[..kept]).into());
    let dropped = dropped + all.len() - kept;
    if dropped > 0 {
        members.insert("dropped_resource_attributes".into(), dropped.into());
    }
    members
}

/// What made the spans: a library and its version.
pub(super) fn scope(scope: Option<&InstrumentationScope>) -> Option<Value> {
    let scope = scope?;
    let cut = |text: &str| text.chars().take(super::name::LONGEST).collect::<String>();
    let mut members = Map::new();
    for (key, text) in [("name", &scope.name), ("version", &scope.version)] {
        if !text.is_empty() {
            members.insert(key.into(), cut(text).into());
        }
    }
    let kept = within(&scope.attributes, MOST_BYTES_OF_SCOPE);
    if kept > 0 {
        members.insert("attributes".into(), any_value::object(&scope.attributes[..kept]).into());
    }
    (!members.is_empty()).then_some(Value::Object(members))
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::AnyValue;
    use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

    use super::super::fixtures::{Entries, any, array, attributes, document_of, span};
    use super::*;

    fn server<const N: usize>(resource: [(&str, AnyValue); N]) -> Value {
        document_of(span(SpanKind::Server, []), resource)
    }

    #[test]
    fn the_origin_is_that_of_the_platform() {
        let platform = |name: &str| ("cloud.platform", any(name));
        let ecs = |kind: &str| ("aws.ecs.launchtype", any(kind));
        let aws = ("cloud.provider", any("aws"));
        let table: [(Entries<'_>, Option<&str>); 10] = [
            (&[platform("aws_ec2"), aws.clone()], Some("AWS::EC2::Instance")),
            (&[platform("aws_ecs")], Some("AWS::ECS::Container")),
            (&[platform("aws_ecs"), ecs("ec2")], Some("AWS::ECS::EC2")),
            (&[platform("aws_ecs"), ecs("fargate")], Some("AWS::ECS::Fargate")),
            (&[platform("aws_eks")], Some("AWS::EKS::Container")),
            (&[platform("aws_elastic_beanstalk")], Some("AWS::ElasticBeanstalk::Environment")),
            (&[platform("aws_app_runner")], Some("AWS::AppRunner::Service")),
            (&[platform("gcp_cloud_run")], None),
            (&[platform("aws_ec2"), ("cloud.provider", any("gcp"))], None),
            (&[aws], None),
        ];
        for (entries, expected) in table {
            let document = document_of(span(SpanKind::Server, []), entries.iter().cloned());
            assert_eq!(document.get("origin").and_then(Value::as_str), expected, "{entries:?}");
        }
    }

    #[test]
    fn the_version_is_that_of_the_service_or_else_of_its_image() {
        assert_eq!(
            server([("service.version", any("1.2")), ("container.image.tag", any("v7"))])["service"]["version"],
            "1.2"
        );
        assert_eq!(server([("container.image.tag", any("v7"))])["service"]["version"], "v7");
        assert_eq!(server([("container.image.tags", array([any("v8")]))])["service"]["version"], "v8");
        assert_eq!(server([]).get("service"), None);
    }

    #[test]
    fn more_than_64_kb_of_attributes_are_counted_and_not_copied_into_every_segment() {
        let long = "x".repeat(30_000);
        let document = server([("a", any(&*long)), ("b", any(&*long)), ("c", any(&*long)), ("d", any(1))]);
        let kept = document["metadata"]["default"].as_object().unwrap();
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["otel.resource.a", "otel.resource.b"]);
        assert_eq!(document["metadata"]["otel"]["dropped_resource_attributes"], 2);
    }

    #[test]
    fn a_scope_has_a_name_and_a_version() {
        let library = InstrumentationScope {
            name: "n".repeat(300),
            version: "1".into(),
            attributes: attributes([("a", any(1)), ("b", any("x".repeat(5_000)))]),
            ..Default::default()
        };
        assert_eq!(
            scope(Some(&library)),
            Some(json!({"name": "n".repeat(200), "version": "1", "attributes": {"a": 1}}))
        );
        assert_eq!(scope(Some(&InstrumentationScope::default())), None);
    }

    #[test]
    fn a_subsegment_says_of_which_resource_it_is_the_service_first_and_not_more_than_fits() {
        let large = |key| (key, any("x".repeat(3_000)));
        let call =
            document_of(span(SpanKind::Client, []), [large("a"), large("b"), ("service.name", any("shop"))]);
        let otel = &call["metadata"]["otel"];
        let kept: Vec<_> = otel["resource"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((kept, &otel["dropped_resource_attributes"]), (vec!["a", "service.name"], &json!(1)));
        assert_eq!(server([("service.name", any("shop"))])["metadata"]["otel"].get("resource"), None);
    }
}
