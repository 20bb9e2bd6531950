//! What a document says about a request, whoever sent it.

use serde_json::Value;
use tracer_runtime::testing::RecordedSubsegment;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) status: Option<u64>,
    pub(crate) content_length: Option<u64>,
    pub(crate) flags: Vec<&'static str>,
    /// Of each exception, whether it is remote.
    pub(crate) exceptions: Vec<bool>,
    pub(crate) is_cancelled: bool,
}

impl Facts {
    pub(crate) fn of(document: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (request, response) = (&document["http"]["request"], &document["http"]["response"]);
        let exceptions = document["cause"]["exceptions"].as_array();
        Self {
            name: text(&document["name"]),
            namespace: text(&document["namespace"]),
            method: text(&request["method"]),
            url: text(&request["url"]),
            status: response["status"].as_u64(),
            content_length: response["content_length"].as_u64(),
            flags: ["fault", "error", "throttle"].into_iter().filter(|flag| document[flag] == true).collect(),
            exceptions: exceptions
                .into_iter()
                .flatten()
                .map(|exception| exception["remote"] == true)
                .collect(),
            is_cancelled: document["annotations"]["Cancelled"] == true,
        }
    }

    pub(crate) fn of_recorded(subsegment: &RecordedSubsegment) -> Self {
        Self::of(subsegment.json())
    }

    /// Of a GET of this URL, so far without an answer.
    pub(crate) fn get(url: &str) -> Self {
        Self {
            name: "127.0.0.1".to_owned(),
            namespace: "remote".to_owned(),
            method: "GET".to_owned(),
            url: url.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn answered(self, status: u64, content_length: Option<u64>, flags: &[&'static str]) -> Self {
        Self { status: Some(status), content_length, flags: flags.to_vec(), ..self }
    }
}
