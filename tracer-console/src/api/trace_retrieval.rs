//! Trace retrieval: X-Ray brings traces back from where they are kept in bulk. Here they are at hand, and come at once.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::epoch_seconds::EpochSeconds;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::traces::TraceIds;
use super::{Api, next_token, traces};
use crate::compiled::{CompiledTrace, SegmentAnswer, ServiceGraph};
use crate::timestamp::Timestamp;
use crate::trace_id::TraceId;

/// A retrieval may be of so many traces.
const MOST_TRACES: usize = 100;
/// A page has so many traces, documents of a trace, services, and links of a service.
const TRACES: usize = 5;
const SPANS: usize = 100;
const SERVICES: usize = 1_000;
const LINKS: usize = 100;
/// So long a retrieval can be asked for.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// So many retrievals are remembered.
const REMEMBERED: usize = 1_000;

/// The latest retrievals, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Retrievals {
    latest: Vec<Retrieval>,
}

#[derive(Debug, Clone)]
struct Retrieval {
    token: String,
    traces: Vec<TraceId>,
    began: Timestamp,
    is_cancelled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum RetrievalStatus {
    Complete,
    Cancelled,
    Timeout,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum TraceFormat {
    #[default]
    XRay,
    Otel,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RetrievedTrace {
    id: String,
    duration: f64,
    spans: Vec<SegmentAnswer>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RetrievedService {
    service: Value,
    links: Vec<GraphLink>,
}

/// A link between traces, at the service that received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GraphLink {
    reference_type: String,
    source_trace_id: String,
    destination_trace_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Token {
    retrieval_token: String,
}

pub(super) fn start_trace_retrieval(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        start_time: EpochSeconds,
        end_time: EpochSeconds,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        retrieval_token: String,
    }
    let Input { start_time, end_time } = request.read()?;
    if start_time > end_time {
        return Err(ApiError::invalid("StartTime must not be later than EndTime"));
    }
    // Both ends are in it.
    let mut traces = Vec::new();
    for id in TraceIds::read(request, MOST_TRACES)?.ids() {
        let start = api.read(id, |trace| CompiledTrace::of(trace).start())?;
        traces.extend(start.filter(|start| (start_time.0..=end_time.0).contains(start)).map(|_| id));
    }
    let token = format!("{:032x}{:032x}", fastrand::u128(..), fastrand::u128(..));
    let retrieval = Retrieval { token: token.clone(), traces, began: Timestamp::now(), is_cancelled: false };
    api.retrievals().add(retrieval);
    Response::of(&Output { retrieval_token: token })
}

pub(super) fn cancel_trace_retrieval(api: &Api, request: &Request) -> Result<Response, ApiError> {
    let Token { retrieval_token } = request.read()?;
    let mut retrievals = api.retrievals();
    let retrieval = retrievals.latest.iter_mut().find(|retrieval| retrieval.token == retrieval_token);
    retrieval.ok_or_else(|| ApiError::not_found(&retrieval_token))?.is_cancelled = true;
    Ok(Response::empty())
}

pub(super) fn list_retrieved_traces(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        trace_format: Option<TraceFormat>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        retrieval_status: RetrievalStatus,
        trace_format: TraceFormat,
        traces: Vec<RetrievedTrace>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
    let trace_format = request.read::<Input>()?.trace_format.unwrap_or_default();
    if trace_format == TraceFormat::Otel {
        return Err(ApiError::invalid(
            "traces are kept here as X-Ray's segments; ask for the TraceFormat XRAY",
        ));
    }
    let (retrieval_status, ids) = api.retrieved(request)?;
    let (mut trace, mut span): (usize, usize) = next_token::read(request)?.unwrap_or_default();
    let (mut traces, mut turn) = (Vec::new(), None);
    while traces.len() < TRACES
        && let Some(&id) = ids.get(trace)
    {
        let Some(answer) = traces::beside(traces::answer(api, id, &mut turn), turn.as_ref())? else { break };
        let Some(answer) = answer else {
            (trace, span) = (trace + 1, 0);
            continue;
        };
        let count = answer.segments.len();
        let spans = answer.segments.into_iter().skip(span).take(SPANS).collect();
        traces.push(RetrievedTrace { id: answer.id, duration: answer.duration, spans });
        if span + SPANS < count {
            span += SPANS;
            break;
        }
        (trace, span) = (trace + 1, 0);
    }
    let next = (trace < ids.len()).then(|| next_token::write(request, &(trace, span))).transpose()?;
    Response::holding(Output { retrieval_status, trace_format, traces, next_token: next }, turn)
}

pub(super) fn get_retrieved_traces_graph(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        retrieval_status: RetrievalStatus,
        services: Vec<RetrievedService>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
    let (retrieval_status, ids) = api.retrieved(request)?;
    let first: usize = next_token::read(request)?.unwrap_or_default();
    let mut graph = ServiceGraph::new(None);
    let mut links = Vec::new();
    for id in ids {
        api.read(id, |trace| {
            let compiled = CompiledTrace::of(trace);
            graph.add(&compiled);
            links.extend(links_of(&compiled));
        })?;
    }
    let graph = graph.finish();
    let next_token = (first.saturating_add(SERVICES) < graph.len())
        .then(|| next_token::write(request, &(first + SERVICES)))
        .transpose()?;
    let mut services = Vec::new();
    for service in graph.iter().skip(first).take(SERVICES) {
        let service = serde_json::to_value(service).map_err(|error| ApiError::internal(error.to_string()))?;
        let is_of = |(identity, _): &&(Identity, GraphLink)| *identity == identity_of(&service);
        let links = links.iter().filter(is_of).map(|(_, link)| link.clone()).take(LINKS).collect();
        services.push(RetrievedService { service, links });
    }
    Response::of(&Output { retrieval_status, services, next_token })
}

/// Name, type and account of a service.
type Identity = [Option<String>; 3];

fn identity_of(service: &Value) -> Identity {
    ["Name", "Type", "AccountId"].map(|member| service[member].as_str().map(str::to_owned))
}

/// The links of a trace to the traces that it received something of, each with the service that received it.
fn links_of(trace: &CompiledTrace<'_>) -> Vec<(Identity, GraphLink)> {
    let mut links = Vec::new();
    for segment in trace.segments() {
        let (Some(service), Some(entity)) = (trace.service_of(segment), segment.measured().entity()) else {
            continue;
        };
        let identity =
            [Some(service.name()), service.kind(), service.account()].map(|part| part.map(str::to_owned));
        for link in entity.links() {
            let reference =
                link.attribute("ReferenceType").and_then(Value::as_str).unwrap_or("link").to_owned();
            let link = GraphLink {
                reference_type: reference,
                source_trace_id: link.trace_id().to_string(),
                destination_trace_ids: vec![trace.id().to_string()],
            };
            links.push((identity.clone(), link));
        }
    }
    links
}

impl Retrievals {
    fn add(&mut self, retrieval: Retrieval) {
        if self.latest.len() == REMEMBERED {
            self.latest.remove(0);
        }
        self.latest.push(retrieval);
    }

    /// How it stands at a time, and what was retrieved.
    fn find(&self, token: &str, now: Timestamp) -> Option<(RetrievalStatus, Vec<TraceId>)> {
        let retrieval = self.latest.iter().find(|retrieval| retrieval.token == token)?;
        Some(if retrieval.is_cancelled {
            (RetrievalStatus::Cancelled, Vec::new())
        } else if retrieval.began + LIFETIME < now {
            (RetrievalStatus::Timeout, Vec::new())
        } else {
            (RetrievalStatus::Complete, retrieval.traces.clone())
        })
    }
}

impl Api {
    fn retrievals(&self) -> MutexGuard<'_, Retrievals> {
        self.retrievals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the retrieval that a request names stands, and what was retrieved.
    fn retrieved(&self, request: &Request) -> Result<(RetrievalStatus, Vec<TraceId>), ApiError> {
        let Token { retrieval_token } = request.read()?;
        let found = self.retrievals().find(&retrieval_token, Timestamp::now());
        found.ok_or_else(|| ApiError::not_found(&retrieval_token))
    }
}

#[cfg(test)]
#[path = "trace_retrieval_tests.rs"]
mod tests;
