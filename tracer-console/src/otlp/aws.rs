//! `aws`: where the service runs, what it was traced with, and what a call of AWS was about.

use serde_json::{Map, Value, json};

use super::any_value;
use super::attributes::Attributes;
use super::resource::Resource;

/// What a call of AWS was about: the member's keys, the first name of an attribute that has a text.
const OF_CALLS: [(&str, &[&str]); 5] = [
    ("operation", &["aws.operation", "rpc.method"]),
    ("region", &["aws.region"]),
    ("request_id", &["aws.request_id", "aws.requestId"]),
    ("queue_url", &["messaging.url", "aws.queue_url", "aws.queue.url"]),
    ("table_name", &["aws.table_name", "aws.table.name"]),
];
const ACCOUNT: &str = "aws.account_id";
const TABLES: &str = "aws.dynamodb.table_names";
const RETRIES: &str = "aws.xray.retries";

/// Keys of the member that tell of a call, and not of the service that made it.
pub(super) const KEYS_OF_CALLS: [&str; 7] =
    ["operation", "account_id", "region", "request_id", "queue_url", "table_name", "table_names"];

/// So many log groups are named.
const MOST_LOG_GROUPS: usize = 50;

/// The member; `None` for what runs in another cloud.
pub(super) fn member(attributes: &mut Attributes<'_>, resource: &Resource<'_>) -> Option<Value> {
    if resource.text(&["cloud.provider"]).is_some_and(|provider| provider != "aws") {
        return None;
    }
    let mut aws = Map::new();
    place(&mut aws, resource);
    call(&mut aws, attributes, resource);
    let groups = log_groups(resource);
    if !groups.is_empty() {
        aws.insert("cloudwatch_logs".into(), groups.into());
    }
    if let Some(sdk) = sdk(resource) {
        aws.insert("xray".into(), sdk);
    }
    (!aws.is_empty()).then_some(Value::Object(aws))
}

fn call(aws: &mut Map<String, Value>, attributes: &mut Attributes<'_>, resource: &Resource<'_>) {
    for (key, names) in OF_CALLS {
        if let Some(text) = attributes.text(names) {
            aws.insert(key.into(), text.into());
            // The queue's URL is messaging's attribute too, and stays where others look for it.
            attributes.take(if key == "queue_url" { &names[1..] } else { names });
        }
    }
    if let Some(account) = attributes.text(&[ACCOUNT]).or_else(|| resource.text(&["cloud.account.id"])) {
        aws.insert("account_id".into(), account.into());
        attributes.take(&[ACCOUNT]);
    }
    match attributes.get(TABLES).map(any_value::texts).as_deref() {
        None | Some([]) => {}
        Some([table]) => drop(aws.insert("table_name".into(), (*table).into())),
        Some(tables) => {
            aws.remove("table_name");
            aws.insert("table_names".into(), json!(tables));
        }
    }
    if let Some(retries) = attributes.integer(&[RETRIES]) {
        aws.insert("retries".into(), retries.into());
        attributes.take(&[RETRIES]);
    }
}

/// Members of `aws.ec2`, and the attributes of the resource that they are.
pub(crate) const EC2: [(&str, &str); 4] = [
    ("instance_id", "host.id"),
    ("availability_zone", "cloud.availability_zone"),
    ("instance_size", "host.type"),
    ("ami_id", "host.image.id"),
];
/// Members of `aws.ecs`, and the attributes of the resource that they are.
pub(crate) const ECS: [(&str, &str); 8] = [
    ("container", "container.name"),
    ("container_id", "container.id"),
    ("availability_zone", "cloud.availability_zone"),
    ("container_arn", "aws.ecs.container.arn"),
    ("cluster_arn", "aws.ecs.cluster.arn"),
    ("task_arn", "aws.ecs.task.arn"),
    ("task_family", "aws.ecs.task.family"),
    ("launch_type", "aws.ecs.launchtype"),
];

/// An object of those texts that the resource has.
fn facts(resource: &Resource<'_>, keys: &[(&str, &str)]) -> Value {
    let fact = |(key, name): &(&str, &str)| Some(((*key).to_owned(), resource.text(&[name])?.into()));
    Value::Object(keys.iter().filter_map(fact).collect())
}

fn place(aws: &mut Map<String, Value>, resource: &Resource<'_>) {
    let platform = resource.text(&["cloud.platform"]).unwrap_or_default();
    if platform == "aws_ec2" || resource.text(&["host.id"]).is_some() {
        aws.insert("ec2".into(), facts(resource, &EC2));
    }
    if platform == "aws_ecs" {
        aws.insert("ecs".into(), facts(resource, &ECS));
    }
    if let Some(deployment) =
        resource.text(&["service.instance.id"]).filter(|_| platform == "aws_elastic_beanstalk")
    {
        let mut beanstalk = facts(
            resource,
            &[("environment_name", "service.namespace"), ("version_label", "service.version")],
        );
        beanstalk["deployment_id"] = deployment.parse().unwrap_or(0_i64).into();
        aws.insert("elastic_beanstalk".into(), beanstalk);
    }
    if platform == "aws_eks" || resource.text(&["k8s.cluster.name"]).is_some() {
        let eks =
            [("cluster_name", "k8s.cluster.name"), ("pod", "k8s.pod.name"), ("container_id", "container.id")];
        aws.insert("eks".into(), facts(resource, &eks));
    }
}

/// What traced it, in X-Ray's way to say it: `opentelemetry for rust`.
fn sdk(resource: &Resource<'_>) -> Option<Value> {
    let name = resource.text(&["telemetry.sdk.name"])?;
    let language = resource.text(&["telemetry.sdk.language"]);
    let mut sdk = json!({
        "sdk": language.map_or_else(|| name.to_owned(), |language| format!("{name} for {language}")),
        "auto_instrumentation": resource.text(&["telemetry.auto.version", "telemetry.distro.version"]).is_some(),
    });
    if let Some(version) = resource.text(&["telemetry.sdk.version"]) {
        sdk["sdk_version"] = version.into();
    }
    Some(sdk)
}

/// The log groups by their ARNs, or else by their names; in an environment variable `&` stands between them.
fn log_groups(resource: &Resource<'_>) -> Vec<Value> {
    let listed = |key: &str| {
        let texts = resource.get(key).map(any_value::texts).unwrap_or_default();
        let split = texts.into_iter().flat_map(|text| text.split('&')).filter(|text| !text.is_empty());
        split.take(MOST_LOG_GROUPS).collect::<Vec<_>>()
    };
    let arns = listed("aws.log.group.arns");
    if arns.is_empty() {
        return listed("aws.log.group.names").into_iter().map(|name| json!({"log_group": name})).collect();
    }
    // An ARN's seventh part is the group's name.
    let group = |arn: &str| json!({"arn": arn, "log_group": arn.split(':').nth(6).unwrap_or(arn)});
    arns.into_iter().map(group).collect()
}

#[cfg(test)]
#[path = "aws_tests.rs"]
mod tests;
