//! Where X-Ray sends segments. It is kept and answered; whatever it says, this console keeps them.

use serde::{Deserialize, Serialize};

use super::Api;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::settings::Settings;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Destination {
    #[default]
    XRay,
    CloudWatchLogs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    destination: Destination,
    status: &'static str,
}

const DESTINATION: Settings<Destination> = Settings::of("trace-segment-destination");

pub(super) fn get_trace_segment_destination(api: &Api, _: &Request) -> Result<Response, ApiError> {
    let destination = DESTINATION.find(&*api.store, "account")?.unwrap_or_default();
    Response::of(&Output { destination, status: "ACTIVE" })
}

pub(super) fn update_trace_segment_destination(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        destination: Option<Destination>,
    }
    let Input { destination } = request.read()?;
    if let Some(destination) = destination {
        DESTINATION.put(&*api.store, "account", &destination)?;
    }
    get_trace_segment_destination(api, request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::Home;

    #[test]
    fn what_is_updated_is_got() {
        let home = Home::new();
        assert_eq!(
            home.ok("GetTraceSegmentDestination", json!({})),
            json!({"Destination": "XRay", "Status": "ACTIVE"})
        );
        let updated = home.ok("UpdateTraceSegmentDestination", json!({"Destination": "CloudWatchLogs"}));
        assert_eq!(updated, json!({"Destination": "CloudWatchLogs", "Status": "ACTIVE"}));
        assert_eq!(home.ok("UpdateTraceSegmentDestination", json!({})), updated);
        home.error("UpdateTraceSegmentDestination", json!({"Destination": "Moon"}));
    }
}
