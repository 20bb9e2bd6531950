//! X-Ray's API, version 2016-04-12: every operation is a POST of JSON on a path of its own (fact sheet 7).
//!
//! [`server`] takes requests from `connections`, reads bodies (`body`, with `arrivals` for their memory and `packing`) and runs operations on threads that may block, as the store does: those that read in
//! the places of `readers`, large traces in the room of `large_reads`, their answers in the time of `large_answer`. An operation is a
//! function of an [`Api`] and a [`Request`](request::Request) in the file of its subject. What is configured by name is kept
//! through `settings`; what clients of sampling rules told of themselves is in `reservoirs`.

mod analysis;
#[cfg(test)]
mod any_request_tests;
mod arrivals;
mod body;
mod change_signal;
mod changes;
mod connections;
mod documents;
mod embedded;
mod encryption_config;
mod epoch_seconds;
mod error;
mod filtered_graph;
mod groups;
mod indexing_rules;
mod insights;
mod kept_summaries;
mod large_answer;
mod large_reads;
mod latest_trace;
mod next_token;
mod otlp_grpc;
mod otlp_http;
mod packing;
mod put_trace_segments;
mod readers;
mod refusals;
mod request;
mod reservoirs;
mod resource_policies;
mod response;
mod sampling_rule;
mod sampling_rules;
mod sampling_targets;
mod segment_destination;
mod server;
mod service_graph;
mod settings;
mod spans;
mod summaries;
mod tag;
mod tags;
mod telemetry;
#[cfg(test)]
mod testing;
mod time_series;
mod trace_retrieval;
mod trace_summaries;
mod traces;
mod unread;
#[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "only AWS answers in this place"))]
mod upstream;
mod window_traces;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

pub use embedded::{EmbeddedApi, EmbeddedApiError};
pub(crate) use server::{Listeners, Server};
pub(crate) use upstream::Upstream;
#[cfg_attr(not(feature = "aws"), expect(unused_imports, reason = "only AWS answers in this place"))]
pub(crate) use upstream::{Answered, Answering, Asked};

use self::error::ApiError;
use self::kept_summaries::KeptSummaries;
use self::large_reads::LargeReads;
use self::request::Request;
use self::reservoirs::Reservoirs;
use self::response::Response;
use self::trace_retrieval::Retrievals;
use crate::access::Access;
use crate::refusal::Refusals;
use crate::store::{Revision, TraceStore};
use crate::trace_id::TraceId;

/// What operations work on.
pub(crate) struct Api {
    access: Arc<Access>,
    /// Who answers what is no document, where it is not this API.
    upstream: Option<Arc<dyn Upstream>>,
    store: Arc<dyn TraceStore>,
    refusals: Arc<Refusals>,
    region: String,
    /// Of this run of the console: what is told of a revision is good for it only.
    run: u64,
    /// The revision when it began.
    began: Revision,
    /// Held while settings are read, changed and kept.
    changing: Mutex<()>,
    reservoirs: Mutex<Reservoirs>,
    retrievals: Mutex<Retrievals>,
    large: LargeReads,
    summaries: KeptSummaries,
    /// Traces that lost documents to a limit of the store.
    exceeded: Mutex<LruCache<TraceId, ()>>,
}

/// The account in ARNs, that of the local Lambda.
const ACCOUNT: &str = "123456789012";
/// So many traces are known to have lost documents.
const EXCEEDED: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// Answers one request.
type Operation = fn(&Api, &Request) -> Result<Response, ApiError>;

/// Every operation of the model, by its name and path.
const OPERATIONS: [(&str, &str, Operation); 38] = [
    ("BatchGetTraces", "/Traces", traces::batch_get_traces),
    ("CancelTraceRetrieval", "/CancelTraceRetrieval", trace_retrieval::cancel_trace_retrieval),
    ("CreateGroup", "/CreateGroup", groups::create_group),
    ("CreateSamplingRule", "/CreateSamplingRule", sampling_rules::create_sampling_rule),
    ("DeleteGroup", "/DeleteGroup", groups::delete_group),
    ("DeleteResourcePolicy", "/DeleteResourcePolicy", resource_policies::delete_resource_policy),
    ("DeleteSamplingRule", "/DeleteSamplingRule", sampling_rules::delete_sampling_rule),
    ("GetEncryptionConfig", "/EncryptionConfig", encryption_config::get_encryption_config),
    ("GetGroup", "/GetGroup", groups::get_group),
    ("GetGroups", "/Groups", groups::get_groups),
    ("GetIndexingRules", "/GetIndexingRules", indexing_rules::get_indexing_rules),
    ("GetInsight", "/Insight", insights::get_insight),
    ("GetInsightEvents", "/InsightEvents", insights::get_insight_events),
    ("GetInsightImpactGraph", "/InsightImpactGraph", insights::get_insight_impact_graph),
    ("GetInsightSummaries", "/InsightSummaries", insights::get_insight_summaries),
    ("GetRetrievedTracesGraph", "/GetRetrievedTracesGraph", trace_retrieval::get_retrieved_traces_graph),
    ("GetSamplingRules", "/GetSamplingRules", sampling_rules::get_sampling_rules),
    (
        "GetSamplingStatisticSummaries",
        "/SamplingStatisticSummaries",
        sampling_targets::get_sampling_statistic_summaries,
    ),
    ("GetSamplingTargets", "/SamplingTargets", sampling_targets::get_sampling_targets),
    ("GetServiceGraph", "/ServiceGraph", service_graph::get_service_graph),
    (
        "GetTimeSeriesServiceStatistics",
        "/TimeSeriesServiceStatistics",
        time_series::get_time_series_service_statistics,
    ),
    ("GetTraceGraph", "/TraceGraph", service_graph::get_trace_graph),
    (
        "GetTraceSegmentDestination",
        "/GetTraceSegmentDestination",
        segment_destination::get_trace_segment_destination,
    ),
    ("GetTraceSummaries", "/TraceSummaries", trace_summaries::get_trace_summaries),
    ("ListResourcePolicies", "/ListResourcePolicies", resource_policies::list_resource_policies),
    ("ListRetrievedTraces", "/ListRetrievedTraces", trace_retrieval::list_retrieved_traces),
    ("ListTagsForResource", "/ListTagsForResource", tags::list_tags_for_resource),
    ("PutEncryptionConfig", "/PutEncryptionConfig", encryption_config::put_encryption_config),
    ("PutResourcePolicy", "/PutResourcePolicy", resource_policies::put_resource_policy),
    ("PutTelemetryRecords", "/TelemetryRecords", telemetry::put_telemetry_records),
    ("PutTraceSegments", put_trace_segments::PATH, put_trace_segments::put_trace_segments),
    ("StartTraceRetrieval", "/StartTraceRetrieval", trace_retrieval::start_trace_retrieval),
    ("TagResource", "/TagResource", tags::tag_resource),
    ("UntagResource", "/UntagResource", tags::untag_resource),
    ("UpdateGroup", "/UpdateGroup", groups::update_group),
    ("UpdateIndexingRule", "/UpdateIndexingRule", indexing_rules::update_indexing_rule),
    ("UpdateSamplingRule", "/UpdateSamplingRule", sampling_rules::update_sampling_rule),
    (
        "UpdateTraceSegmentDestination",
        "/UpdateTraceSegmentDestination",
        segment_destination::update_trace_segment_destination,
    ),
];

/// The operations that X-Ray does not have, and [`changes`], which waits. Whoever may also ask X-Ray itself does without them.
const OWN_OPERATIONS: [(&str, &str, Operation); 7] = [
    ("Analysis", "/tracer/Analysis", analysis::get_analysis),
    ("Documents", "/tracer/Documents", documents::get_documents),
    ("FilteredGraph", "/tracer/ServiceGraph", filtered_graph::get_filtered_graph),
    ("LatestTrace", "/tracer/LatestTrace", latest_trace::get_latest_trace),
    ("Refusals", "/tracer/Refusals", refusals::get_refusals),
    ("Summaries", "/tracer/Summaries", summaries::get_summaries),
    ("TraceIds", "/tracer/TraceIds", documents::get_trace_ids),
];

impl Api {
    pub(crate) fn new(store: Arc<dyn TraceStore>, refusals: Arc<Refusals>) -> Self {
        let region =
            ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| std::env::var(name).ok());
        Self {
            access: Arc::default(),
            upstream: None,
            run: fastrand::u64(..),
            began: store.revision(),
            store,
            refusals,
            region: region.filter(|region| !region.is_empty()).unwrap_or_else(|| "us-east-1".to_owned()),
            changing: Mutex::default(),
            reservoirs: Mutex::default(),
            retrievals: Mutex::default(),
            large: LargeReads::default(),
            summaries: KeptSummaries::default(),
            exceeded: Mutex::new(LruCache::new(EXCEEDED)),
        }
    }

    /// Answers those who may ask.
    pub(crate) fn for_those(self, access: Arc<Access>) -> Self {
        Self { access, ..self }
    }

    /// Takes documents, and leaves everything else to who stands behind it.
    pub(crate) fn behind(self, upstream: Option<Arc<dyn Upstream>>) -> Self {
        Self { upstream, ..self }
    }

    /// The ARN of something of X-Ray's.
    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:xray:{}:{ACCOUNT}:{resource}", self.region)
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember_exceeded(&self, id: TraceId) {
        self.exceeded.lock().unwrap_or_else(PoisonError::into_inner).put(id, ());
    }

    fn has_exceeded(&self, id: TraceId) -> bool {
        self.exceeded.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }
}
