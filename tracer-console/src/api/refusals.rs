//! `/tracer/Refusals`: the latest datagrams and documents that were refused. An operation of the console's own: X-Ray's daemon
//! only counts them.

use serde::Serialize;

use super::Api;
use super::epoch_seconds::EpochSeconds;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use crate::refusal::Refusal;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Refused {
    code: String,
    message: String,
    /// How it began.
    excerpt: String,
    bytes: usize,
    time: EpochSeconds,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, message, excerpt, bytes, at } = refusal;
        Self { code: code.to_string(), message, excerpt, bytes, time: EpochSeconds(at) }
    }
}

pub(super) fn get_refusals(api: &Api, _: &Request) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        /// Oldest first.
        refusals: Vec<Refused>,
    }
    let latest = api.refusals.latest().into_iter();
    Response::of(&Output { refusals: latest.map(Refused::from).collect() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::Home;

    #[test]
    fn what_was_refused_is_told_with_its_reason_and_how_it_began() {
        let home = Home::new();
        assert_eq!(home.ok("Refusals", json!({})), json!({"Refusals": []}));
        let document = "{\"trace_id\": \"nonsense\"}";
        home.ok("PutTraceSegments", json!({ "TraceSegmentDocuments": [document] }));
        let refusal = &home.ok("Refusals", json!({}))["Refusals"][0];
        assert_eq!((&refusal["Code"], &refusal["Excerpt"]), (&json!("InvalidTraceId"), &json!(document)));
        assert!(refusal["Message"].as_str().is_some_and(|message| !message.is_empty()), "{refusal}");
    }
}
