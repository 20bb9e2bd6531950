//! What tests of operations share: an API over a store, and documents for it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::error::ApiError;
use super::request::Request;
use super::{Api, OPERATIONS, OWN_OPERATIONS};
use crate::document::Document;
use crate::memory_store::MemoryStore;
use crate::refusal::Refusals;
use crate::store::TraceStore;
use crate::trace::Trace;

/// When traces begin, in epoch seconds.
pub(super) const BEGIN: f64 = 1_795_348_800.0;

/// An API without a server.
pub(super) struct Home {
    pub(super) api: Api,
}

impl Home {
    pub(super) fn new() -> Self {
        Self::with(Arc::new(MemoryStore::default()))
    }

    pub(super) fn with(store: Arc<dyn TraceStore>) -> Self {
        Self { api: Api::new(store, Arc::<Refusals>::default()) }
    }

    /// Calls an operation by its name.
    pub(super) fn call(&self, operation: &str, members: &Value) -> Result<Value, ApiError> {
        let mut operations = OPERATIONS.iter().chain(&OWN_OPERATIONS);
        let found = operations.find(|(name, ..)| *name == operation);
        let (name, _, run) = found.unwrap_or_else(|| panic!("no operation {operation}"));
        let request = Request::parse(name, members.to_string().as_bytes())?;
        let answer = run(&self.api, &request)?;
        Ok(serde_json::from_slice(&answer.0).unwrap())
    }

    #[allow(clippy::needless_pass_by_value, reason = "calls read better")]
    #[track_caller]
    pub(super) fn ok(&self, operation: &str, members: Value) -> Value {
        self.call(operation, &members).unwrap_or_else(|error| panic!("{operation} {members}: {error}"))
    }

    /// The message of an error that the request is to blame for.
    #[allow(clippy::needless_pass_by_value, reason = "calls read better")]
    #[track_caller]
    pub(super) fn error(&self, operation: &str, members: Value) -> String {
        match self.call(operation, &members) {
            Ok(answer) => panic!("{operation} {members} is answered: {answer}"),
            Err(error) => {
                assert_eq!(error.kind.name(), "InvalidRequestException", "{error}");
                error.message
            }
        }
    }

    /// All pages of an answer.
    pub(super) fn pages(&self, operation: &str, mut members: Value) -> Vec<Value> {
        let mut pages = Vec::new();
        loop {
            let page = self.ok(operation, members.clone());
            let next = page.get("NextToken").cloned();
            pages.push(page);
            let Some(next) = next else { return pages };
            members["NextToken"] = next;
        }
    }

    /// Stores documents as the daemon does.
    pub(super) fn put(&self, documents: &[Value]) {
        let documents = documents.iter().map(|document| Document::parse(&document.to_string()).unwrap());
        for outcome in self.api.store.record_all(documents.collect()) {
            outcome.unwrap();
        }
    }

    /// The id of a trace of [`segment`].
    #[allow(clippy::unused_self, reason = "reads better in tests")]
    pub(super) fn id(&self, trace: u64) -> String {
        format!("1-6b02d940-{trace:024x}")
    }

    pub(super) fn trace(&self, trace: u64) -> Option<Trace> {
        self.api.store.trace(self.id(trace).parse().unwrap())
    }
}

/// Members with more of them, or others in their place.
pub(super) fn with(mut members: Value, more: Value) -> Value {
    if let (Value::Object(members), Value::Object(more)) = (&mut members, more) {
        members.extend(more);
    }
    members
}

/// A segment `web` that begins so many seconds after [`BEGIN`] and takes 0.25 s.
pub(super) fn segment(trace: u64, number: u64, start: f64) -> Value {
    json!({
        "name": "web", "id": format!("{number:016x}"), "trace_id": format!("1-6b02d940-{trace:024x}"),
        "start_time": BEGIN + start, "end_time": BEGIN + start + 0.25,
    })
}

/// A rule as `CreateSamplingRule` takes it.
pub(super) fn sampling_rule(name: &str) -> Value {
    json!({
        "RuleName": name, "ResourceARN": "*", "Priority": 100, "FixedRate": 0.1, "ReservoirSize": 5,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
    })
}
