//! An X-Ray that wants no signature: another console, or a stand-in for AWS.

use serde_json::json;

use super::agent::Agent;
use super::error::ForwardError;
use super::far::{Failure, FailureKind, Far, Reply};
use super::queue::Queued;
use super::xray::{self, Call, Unprocessed};

/// The far end.
#[derive(Debug)]
pub(super) struct Plain {
    agent: Agent,
}

impl Plain {
    pub(super) fn at(url: &str) -> Result<Self, ForwardError> {
        let url = format!("{}/TraceSegments", url.trim_end_matches('/'));
        Ok(Self { agent: Agent::of(url)? })
    }
}

/// What it answers, well or not.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Said {
    unprocessed_trace_segments: Option<Vec<Unprocessed>>,
    #[serde(alias = "message")]
    message: Option<String>,
    #[serde(rename = "__type")]
    kind: Option<String>,
}

impl Far for Plain {
    fn send(&self, documents: &[Queued]) -> Reply {
        let call = Call::of(documents);
        let texts: Vec<_> = call.texts().collect();
        if texts.is_empty() {
            return call.said(&[]);
        }
        let body = json!({ "TraceSegmentDocuments": texts }).to_string();
        let answer = match self.agent.post(&[("content-type", "application/json")], body.as_bytes()) {
            Ok(answer) => answer,
            Err(failure) => return Reply::Failed(failure),
        };
        let said: Option<Said> = serde_json::from_slice(&answer.body).ok();
        match (answer.status, said) {
            (200, Some(said)) => call.said(&said.unprocessed_trace_segments.unwrap_or_default()),
            (status @ 200..=299, _) => {
                let why = format!(
                    "it answers {status}, and not as X-Ray does: is that the address of X-Ray's API?"
                );
                Reply::Failed(Failure::new(FailureKind::Other, why))
            }
            (status, said) => {
                let said = said.unwrap_or_default();
                let code =
                    answer.header("x-amzn-errortype").map(|code| code.split(':').next().unwrap_or(code));
                let code = code.map(str::to_owned).or(said.kind).unwrap_or_default();
                let mut reply = xray::failed(status, &code, &said.message.unwrap_or_default());
                if let Reply::Failed(failure) = &mut reply {
                    failure.after = answer.retry_after();
                }
                reply
            }
        }
    }
}
