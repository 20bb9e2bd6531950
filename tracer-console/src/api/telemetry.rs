//! `PutTelemetryRecords`: what a daemon says of itself. X-Ray has no operation that gives it back, so it is checked and not kept.

use serde::Deserialize;

use super::Api;
use super::epoch_seconds::EpochSeconds;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(rename = "TelemetryRecords")]
    _telemetry_records: Vec<TelemetryRecord>,
    #[serde(rename = "EC2InstanceId")]
    ec2_instance_id: Option<String>,
    hostname: Option<String>,
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "only read")]
struct TelemetryRecord {
    timestamp: EpochSeconds,
    segments_received_count: Option<i64>,
    segments_sent_count: Option<i64>,
    segments_spillover_count: Option<i64>,
    segments_rejected_count: Option<i64>,
    backend_connection_errors: Option<BackendConnectionErrors>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "only read")]
struct BackendConnectionErrors {
    timeout_count: Option<i64>,
    connection_refused_count: Option<i64>,
    #[serde(rename = "HTTPCode4XXCount")]
    http_code_4xx_count: Option<i64>,
    #[serde(rename = "HTTPCode5XXCount")]
    http_code_5xx_count: Option<i64>,
    unknown_host_count: Option<i64>,
    other_count: Option<i64>,
}

pub(super) fn put_telemetry_records(_: &Api, request: &Request) -> Result<Response, ApiError> {
    let input: Input = request.read()?;
    for (member, text, longest) in [
        ("EC2InstanceId", &input.ec2_instance_id, 20),
        ("Hostname", &input.hostname, 255),
        ("ResourceARN", &input.resource_arn, 500),
    ] {
        if text.as_ref().is_some_and(|text| text.chars().count() > longest) {
            return Err(ApiError::invalid(format!("{member} has at most {longest} characters")));
        }
    }
    Ok(Response::empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::Home;

    #[test]
    fn what_the_daemon_sends_is_taken() {
        let home = Home::new();
        let record = json!({"Timestamp": 1_795_348_800.5, "SegmentsReceivedCount": 3, "SegmentsSentCount": 3,
            "BackendConnectionErrors": {"HTTPCode4XXCount": 0, "OtherCount": 1}});
        assert_eq!(
            home.ok("PutTelemetryRecords", json!({"TelemetryRecords": [record], "Hostname": "laptop"})),
            json!({})
        );
        home.error("PutTelemetryRecords", json!({"TelemetryRecords": [{"SegmentsSentCount": 3}]}));
        home.error("PutTelemetryRecords", json!({"TelemetryRecords": [], "EC2InstanceId": "i".repeat(21)}));
    }
}
