//! The summary of a trace, with every field of `GetTraceSummaries` (fact sheet 7.5).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::CompiledTrace;
use super::annotations::{AnnotationEntry, AnnotationValue};
use super::root_cause::RootCause;
use super::segment::Segment;
use super::service::{Service, ServiceId};
use crate::timestamp::Timestamp;

/// A `TraceSummary`, to be written as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Summary<'c> {
    id: String,
    start_time: f64,
    duration: f64,
    response_time: f64,
    has_fault: bool,
    has_error: bool,
    has_throttle: bool,
    is_partial: bool,
    http: Http<'c>,
    annotations: BTreeMap<&'c str, Vec<AnnotationInSummary<'c>>>,
    users: Vec<User<'c>>,
    service_ids: Vec<ServiceInSummary<'c>>,
    #[serde(rename = "ResourceARNs")]
    resource_arns: Vec<ResourceArn<'c>>,
    instance_ids: Vec<InstanceId<'c>>,
    availability_zones: Vec<AvailabilityZone<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_point: Option<ServiceInSummary<'c>>,
    fault_root_causes: &'c [RootCause<'c>],
    error_root_causes: &'c [RootCause<'c>],
    response_time_root_causes: &'c [RootCause<'c>],
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_event_time: Option<f64>,
}

/// What the entry point says of its HTTP request; what it does not say is absent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Http<'c> {
    #[serde(rename = "HttpURL", skip_serializing_if = "Option::is_none")]
    url: Option<&'c str>,
    /// Typed SDKs could not read an answer with a status that the model's integers do not hold.
    #[serde(rename = "HttpStatus", skip_serializing_if = "Option::is_none")]
    status: Option<i32>,
    #[serde(rename = "HttpMethod", skip_serializing_if = "Option::is_none")]
    method: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ip: Option<&'c str>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AnnotationInSummary<'c> {
    annotation_value: Value<'c>,
    service_ids: Vec<ServiceInSummary<'c>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
enum Value<'c> {
    #[serde(rename = "StringValue")]
    String(&'c str),
    #[serde(rename = "NumberValue")]
    Number(f64),
    #[serde(rename = "BooleanValue")]
    Boolean(bool),
}

impl<'c> From<AnnotationValue<'c>> for Value<'c> {
    fn from(value: AnnotationValue<'c>) -> Self {
        match value {
            AnnotationValue::String(text) => Self::String(text),
            AnnotationValue::Number(number) => Self::Number(number),
            AnnotationValue::Boolean(value) => Self::Boolean(value),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct User<'c> {
    user_name: &'c str,
    service_ids: Vec<ServiceInSummary<'c>>,
}

/// A `ServiceId`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceInSummary<'c> {
    name: &'c str,
    names: &'c [Cow<'c, str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'c str>,
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'c str>,
}

impl<'c> From<&'c Service<'_>> for ServiceInSummary<'c> {
    fn from(service: &'c Service<'_>) -> Self {
        Self {
            name: service.name(),
            names: service.names(),
            account_id: service.account(),
            kind: service.kind(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct ResourceArn<'c> {
    #[serde(rename = "ARN")]
    arn: &'c str,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct InstanceId<'c> {
    #[serde(rename = "Id")]
    id: &'c str,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct AvailabilityZone<'c> {
    #[serde(rename = "Name")]
    name: &'c str,
}

impl<'t> CompiledTrace<'t> {
    /// The trace's summary. `revision` grows with every document of the trace; `matched` is when it was active in the
    /// range that was asked for, where the question is about that.
    pub(crate) fn summary(&self, revision: u64, matched: Option<Timestamp>) -> Summary<'_> {
        let causes = self.root_causes();
        let (response_time, duration) = self.known_times();
        Summary {
            id: self.id().to_string(),
            start_time: self.start().seconds(),
            duration,
            response_time,
            has_fault: self.has_fault(),
            has_error: self.has_error(),
            has_throttle: self.has_throttle(),
            is_partial: self.is_partial(),
            http: self.http(),
            annotations: self.annotations_in_summary(),
            users: self.users(),
            service_ids: self.services().iter().map(Into::into).collect(),
            resource_arns: self.distinct(Segment::resource_arn).map(|arn| ResourceArn { arn }).collect(),
            instance_ids: self.distinct(Segment::instance_id).map(|id| InstanceId { id }).collect(),
            availability_zones: self
                .distinct(Segment::availability_zone)
                .map(|name| AvailabilityZone { name })
                .collect(),
            entry_point: self.root().and_then(|root| self.service_of(root)).map(Into::into),
            fault_root_causes: &causes.fault,
            error_root_causes: &causes.error,
            response_time_root_causes: &causes.response_time,
            revision,
            matched_event_time: matched.map(Timestamp::seconds),
        }
    }

    fn http(&self) -> Http<'_> {
        Http {
            url: self.http_request("url"),
            status: self.http_status().and_then(|status| status.try_into().ok()),
            method: self.http_request("method"),
            user_agent: self.http_request("user_agent"),
            client_ip: self.http_request("client_ip"),
        }
    }

    fn annotations_in_summary(&self) -> BTreeMap<&str, Vec<AnnotationInSummary<'_>>> {
        let in_summary = |entry: &AnnotationEntry<'t>| AnnotationInSummary {
            annotation_value: entry.value.into(),
            service_ids: self.ids(&entry.services),
        };
        self.annotations()
            .iter()
            .map(|(key, values)| (key, values.iter().map(in_summary).collect()))
            .collect()
    }

    fn ids(&self, services: &[ServiceId]) -> Vec<ServiceInSummary<'_>> {
        services.iter().map(|&id| self.service(id).into()).collect()
    }

    fn users(&self) -> Vec<User<'_>> {
        let mut users = Vec::<(&str, Vec<ServiceId>)>::new();
        let (mut known, mut seen) = (HashMap::new(), HashSet::new());
        for segment in self.segments() {
            let (Some(user), Some(service)) = (segment.user(), segment.service()) else { continue };
            let at = *known.entry(user).or_insert_with(|| {
                users.push((user, Vec::new()));
                users.len() - 1
            });
            if seen.insert((at, service)) {
                users[at].1.push(service);
            }
        }
        let in_summary =
            |(user_name, services): (_, Vec<_>)| User { user_name, service_ids: self.ids(&services) };
        users.into_iter().map(in_summary).collect()
    }

    fn distinct<'c>(
        &'c self,
        of: impl Fn(&'c Segment<'t>) -> Option<&'t str>,
    ) -> impl Iterator<Item = &'t str> {
        let mut seen = HashSet::new();
        self.segments().iter().filter_map(of).filter(move |value| seen.insert(*value))
    }
}
