//! X-Ray's API as a client asks it, over one connection that is kept.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Nobody at home checks signatures, but moto reads from them what is asked, as all of AWS is at one address there.
const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=local/20261126/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=0";

/// Whoever asks for a lot waits so long.
const LONGEST_CALL: Duration = Duration::from_secs(120);

#[derive(Debug, Clone)]
pub(crate) struct Api {
    agent: ureq::Agent,
    endpoint: String,
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(LONGEST_CALL)).build().new_agent()
}

impl Api {
    pub(crate) fn at(address: impl std::fmt::Display) -> Self {
        Self { agent: agent(), endpoint: format!("http://{address}") }
    }

    /// The same server, over a connection of its own.
    pub(crate) fn apart(&self) -> Self {
        Self { agent: agent(), endpoint: self.endpoint.clone() }
    }

    /// What is answered to these bytes, as it comes, and how long that took; an error says what went wrong on the way.
    pub(crate) fn send(&self, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>, Duration), ureq::Error> {
        let begin = Instant::now();
        let post = self.agent.post(format!("{}{path}", self.endpoint));
        let post = post.header("content-type", "application/json").header("authorization", SIGNED);
        let mut response = post.send(body)?;
        let answer = response.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
        Ok((response.status().as_u16(), answer, begin.elapsed()))
    }

    /// The same with JSON, where anything but success is an error.
    pub(crate) fn call(&self, path: &str, request: &Value) -> Result<(Value, Duration)> {
        let sent = self.send(path, request.to_string().as_bytes());
        let (status, answer, took) = sent.with_context(|| path.to_owned())?;
        let text = || String::from_utf8_lossy(&answer[..answer.len().min(500)]).into_owned();
        ensure!(status == 200, "{path} answers {status}: {}", text());
        let answer = serde_json::from_slice(&answer).with_context(|| format!("{path} answers {}", text()))?;
        Ok((answer, took))
    }

    /// The same, or `None` where there is no such operation.
    pub(crate) fn try_call(&self, path: &str, request: &Value) -> Result<Option<Value>> {
        let sent = self.send(path, request.to_string().as_bytes());
        let (status, answer, _) = sent.with_context(|| path.to_owned())?;
        if status == 404 {
            return Ok(None);
        }
        ensure!(status == 200, "{path} answers {status}: {}", String::from_utf8_lossy(&answer));
        Ok(Some(serde_json::from_slice(&answer)?))
    }

    /// Puts segments, all of which must be taken; returns whether anybody answered.
    pub(crate) fn put(&self, body: &[u8]) -> Result<bool> {
        // Nobody is there, or nobody any more.
        let Ok((status, answer, _)) = self.send("/TraceSegments", body) else { return Ok(false) };
        let answer = String::from_utf8_lossy(&answer);
        ensure!(
            status == 200 && answer.replace(' ', "").contains("\"UnprocessedTraceSegments\":[]"),
            "PutTraceSegments answers {status}: {answer}"
        );
        Ok(true)
    }
}

/// A search of traces that began in a range of time.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// In microseconds since the epoch.
    pub(crate) between: (u64, u64),
    pub(crate) filter: Option<String>,
}

/// What a search found, until it was enough.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) ids: Vec<String>,
    /// Of each page.
    pub(crate) took: Vec<Duration>,
    /// Whether there is more.
    pub(crate) has_more: bool,
}

impl Search {
    /// Reads pages until there are so many summaries, or no more.
    pub(crate) fn run(&self, api: &Api, enough: usize) -> Result<Found> {
        let seconds = |micros: u64| micros as f64 / 1e6;
        let mut request = json!({ "StartTime": seconds(self.between.0), "EndTime": seconds(self.between.1) });
        if let Some(filter) = &self.filter {
            request["FilterExpression"] = json!(filter);
        }
        let mut found = Found { has_more: true, ..Found::default() };
        while found.has_more && found.ids.len() < enough {
            let (mut answer, took) = api.call("/TraceSummaries", &request)?;
            found.took.push(took);
            let summaries = answer["TraceSummaries"].as_array().context("no TraceSummaries")?;
            let ids = summaries.iter().filter_map(|summary| summary["Id"].as_str());
            found.ids.extend(ids.map(str::to_owned));
            request["NextToken"] = answer["NextToken"].take();
            found.has_more = request["NextToken"].is_string();
        }
        Ok(found)
    }
}
