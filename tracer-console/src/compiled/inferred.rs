//! Inferred services: what a subsegment tells of a service that sends no segment (fact sheet 1.4, 1.11.4, 7.9).

use std::borrow::Cow;

use serde_json::Value;

use super::service::{Identity, account};
use crate::entity::{Entity, EntityKind};
use crate::trace::Node;
use crate::trace_id::EntityId;

/// The type of a database that is called with SQL: not established, see the fact sheet's 12, 10.
const SQL: &str = "Database::SQL";
const REMOTE: &str = "remote";
/// How the types begin of what passes messages on, each in a trace of its own.
pub(super) const CARRIERS: [&str; 5] =
    ["AWS::SQS", "AWS::SNS", "AWS::Events", "AWS::Kinesis", "AWS::StepFunctions"];

/// Whether an entity is a call to another service.
pub(super) fn is_call(node: Node<'_>) -> bool {
    node.kind() == EntityKind::Subsegment && matches!(node.namespace(), Some("aws" | "remote"))
}

/// Whether the callee says that it will send a segment of its own; SDKs write it in two places.
pub(super) fn is_traced(entity: &Entity) -> bool {
    let in_request = || entity.member("http")?.get("request")?.get("traced");
    entity.member("traced").or_else(in_request) == Some(&Value::Bool(true))
}

/// The id of the segment that is inferred from a subsegment: the same in every read.
pub(super) fn id(subsegment: &Entity) -> EntityId {
    // No subsegment has so many children that its position could be this one.
    EntityId::derived(subsegment.id(), usize::MAX)
}

/// The node that a call goes to.
pub(super) fn identity(call: &Entity) -> Identity<'_> {
    let (name, kind) = match call.namespace() {
        Some("aws") => of_aws(call),
        _ if call.member("sql").is_some_and(Value::is_object) => (call.name(), Cow::Borrowed(SQL)),
        _ => (call.name(), Cow::Borrowed(REMOTE)),
    };
    Identity { name: name.into(), kind: Some(kind), account: account(call) }.clipped()
}

/// The `origin` of the inferred document: what is no resource of AWS has none.
pub(super) fn origin(call: &Entity) -> Option<Cow<'_, str>> {
    (call.namespace() == Some("aws")).then(|| of_aws(call).1)
}

/// The name and type of what an AWS SDK called: the resource where the subsegment names it, else the service. SDKs write
/// a service's name in their own ways (`dynamodb`, `DynamoDB`).
fn of_aws(call: &Entity) -> (&str, Cow<'_, str>) {
    let is = |service: &str| call.name().eq_ignore_ascii_case(service);
    let resource = |key: &str| call.aws(key).and_then(Value::as_str).filter(|name| !name.is_empty());
    let (name, kind) = if is("DynamoDB") {
        match resource("table_name")
            .or_else(|| sole(call, "table_names"))
            .or_else(|| sole(call, "resource_names"))
        {
            Some(table) => (table, "AWS::DynamoDB::Table"),
            None => ("DynamoDB", "AWS::DynamoDB"),
        }
    } else if is("S3") {
        resource("bucket_name").map_or(("S3", "AWS::S3"), |bucket| (bucket, "AWS::S3::Bucket"))
    } else if is("SQS") {
        // The name of a queue's node: not established, see the fact sheet's 12, 10.
        resource("queue_url").map_or(("SQS", "AWS::SQS"), |url| (url, "AWS::SQS::Queue"))
    } else if is("SNS") {
        ("SNS", "AWS::SNS")
    } else if is("Lambda") {
        (resource("function_name").map_or(call.name(), function_name), "AWS::Lambda")
    } else if is("STS") {
        (call.name(), "AWS::STS")
    } else if is("Events") || is("EventBridge") {
        (call.name(), "AWS::Events")
    } else if is("SSM") {
        (call.name(), "AWS::SimpleSystemsManagement")
    } else if is("RDS") {
        (call.name(), "AWS::RDS")
    } else {
        return (call.name(), Cow::Owned(format!("AWS::{}", call.name())));
    };
    (name, Cow::Borrowed(kind))
}

/// The only element of a list of resources: of several, none is the node.
fn sole<'t>(call: &'t Entity, key: &str) -> Option<&'t str> {
    match call.aws(key)?.as_array()?.as_slice() {
        [Value::String(name)] if !name.is_empty() => Some(name),
        _ => None,
    }
}

/// A function's name in its name, its ARN, or either with a version or alias.
pub(super) fn function_name(function: &str) -> &str {
    let name = function.rsplit_once("function:").map_or(function, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::compiled::fixtures;

    fn node(call: &Value) -> (String, String) {
        let caller = fixtures::segment("web", 1, (0.0, 1.0), json!({"subsegments": [call]}));
        let trace = fixtures::from_documents(&[caller]);
        let call = trace.nodes().nth(1).unwrap();
        let identity = identity(call.entity());
        (identity.name.into_owned(), identity.kind.unwrap().into_owned())
    }

    fn aws(name: &str, aws: &Value) -> (String, String) {
        node(&json!({"name": name, "namespace": "aws", "aws": aws}))
    }

    fn pair(name: &str, kind: &str) -> (String, String) {
        (name.into(), kind.into())
    }

    #[test]
    fn a_resource_names_the_node_and_its_type() {
        let table = pair("orders", "AWS::DynamoDB::Table");
        assert_eq!(aws("dynamodb", &json!({"table_name": "orders"})), table);
        assert_eq!(aws("DynamoDB", &json!({"table_names": ["orders"]})), table);
        assert_eq!(
            aws("DynamoDB", &json!({"table_names": ["orders", "items"]})),
            pair("DynamoDB", "AWS::DynamoDB")
        );
        assert_eq!(aws("s3", &json!({"bucket_name": "receipts"})), pair("receipts", "AWS::S3::Bucket"));
        assert_eq!(
            aws("SQS", &json!({"queue_url": "https://q/1/f"})),
            pair("https://q/1/f", "AWS::SQS::Queue")
        );
        assert_eq!(aws("sns", &json!({"topic_arn": "arn:aws:sns:r:1:t"})), pair("SNS", "AWS::SNS"));
    }

    #[test]
    fn a_function_is_named_however_the_caller_wrote_it() {
        for written in ["orders", "orders:live", "arn:aws:lambda:eu-west-1:123456789012:function:orders:3"] {
            assert_eq!(
                aws("Lambda", &json!({"function_name": written})),
                pair("orders", "AWS::Lambda"),
                "{written}"
            );
        }
    }

    #[test]
    fn any_other_service_of_aws_keeps_the_name_that_the_sdk_gave_it() {
        assert_eq!(aws("bedrock-runtime", &json!({})), pair("bedrock-runtime", "AWS::bedrock-runtime"));
        assert_eq!(aws("ssm", &json!({})), pair("ssm", "AWS::SimpleSystemsManagement"));
        assert_eq!(aws("s3", &json!({})), pair("S3", "AWS::S3"));
    }

    #[test]
    fn what_is_not_of_aws_is_remote_or_a_database() {
        assert_eq!(
            node(&json!({"name": "pay.example.com", "namespace": "remote"})),
            pair("pay.example.com", "remote")
        );
        let database = json!({"name": "shop@db.example", "namespace": "remote", "sql": {"user": "web"}});
        assert_eq!(node(&database), pair("shop@db.example", "Database::SQL"));
    }
}
