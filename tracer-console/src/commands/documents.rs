//! Where documents are exported from: a console, a database, or another X-Ray, which has no more than segments.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tracer_console::{EmbeddedApi, SqliteStore, TraceId};

use super::Failure;
use super::chosen::Chosen;
use super::endpoint::Endpoint;
use super::stored;

pub(crate) enum Source {
    Console(Endpoint),
    Database(EmbeddedApi),
    /// Whatever else answers X-Ray's API.
    XRay(Endpoint),
}

/// The console gives documents of so many traces at once.
const AT_ONCE: usize = 100;

/// What is done with the documents of a trace.
type Each<'e> = dyn FnMut(TraceId, &[String]) -> Result<(), Failure> + 'e;

impl Source {
    /// A database, which is not changed, whether or not a console writes it.
    pub(crate) fn database(path: &Path) -> Result<Self, Failure> {
        Ok(Self::Database(EmbeddedApi::over(Arc::new(SqliteStore::open_read_only(path)?))))
    }

    pub(crate) fn endpoint(endpoint: Endpoint) -> Result<Self, Failure> {
        let nothing = json!({ "StartTime": 0, "EndTime": 0 });
        let is_console = endpoint.own("/tracer/TraceIds", &nothing)?.is_some();
        Ok(if is_console { Self::Console(endpoint) } else { Self::XRay(endpoint) })
    }

    /// Whether documents are as they arrived.
    pub(crate) fn is_exact(&self) -> bool {
        !matches!(self, Self::XRay(_))
    }

    /// The chosen traces, the oldest first: what is imported in that order is forgotten in that order.
    pub(crate) fn ids(&self, chosen: &Chosen) -> Result<Vec<TraceId>, Failure> {
        let mut ids = match self {
            Self::XRay(endpoint) => ids_of_summaries(endpoint, chosen)?,
            _ => self.all_ids(chosen)?,
        };
        ids.reverse();
        Ok(ids)
    }

    fn all_ids(&self, chosen: &Chosen) -> Result<Vec<TraceId>, Failure> {
        let (from, to) = chosen.range();
        let mut request = json!({ "StartTime": from.seconds(), "EndTime": to.seconds() });
        if !chosen.filter.trim().is_empty() {
            request["FilterExpression"] = json!(chosen.filter);
        }
        let mut ids = Vec::new();
        loop {
            let answer = self.ask("/tracer/TraceIds", &request)?;
            let page = answer["TraceIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
            ids.extend(page.filter_map(|id| id.parse::<TraceId>().ok()));
            match &answer["NextToken"] {
                Value::String(token) => request["NextToken"] = json!(token),
                _ => return Ok(ids),
            }
        }
    }

    /// Asks an operation of the console's own.
    fn ask(&self, path: &str, request: &Value) -> Result<Value, Failure> {
        match self {
            Self::Database(api) => Ok(api.call(path, request.to_string().as_bytes())?),
            Self::Console(endpoint) | Self::XRay(endpoint) => Ok(endpoint.call(path, request)?),
        }
    }

    /// Calls `each` with the documents of each trace that is there, in the order of the ids.
    pub(crate) fn documents(&self, ids: &[TraceId], each: &mut Each<'_>) -> Result<(), Failure> {
        ids.chunks(AT_ONCE).try_for_each(|ids| {
            let texts: Vec<_> = ids.iter().map(TraceId::to_string).collect();
            match self {
                Self::XRay(endpoint) => segments(endpoint, &texts, each),
                _ => self.documents_of(&texts, each),
            }
        })
    }

    fn documents_of(&self, ids: &[String], each: &mut Each<'_>) -> Result<(), Failure> {
        let mut request = json!({ "TraceIds": ids });
        // A large trace goes on in the next page.
        let mut last: Option<(TraceId, Vec<String>)> = None;
        loop {
            let answer = self.ask("/tracer/Documents", &request)?;
            for part in answer["Traces"].as_array().into_iter().flatten() {
                let Some(id) = part["Id"].as_str().and_then(|id| id.parse().ok()) else { continue };
                let documents = part["Documents"].as_array().into_iter().flatten().filter_map(Value::as_str);
                // An empty one stands for one that is damaged in its file.
                let documents = documents.filter(|document| !document.is_empty()).map(str::to_owned);
                match &mut last {
                    Some((of, before)) if *of == id => before.extend(documents),
                    _ => {
                        if let Some((id, whole)) = last.replace((id, documents.collect())) {
                            each(id, &whole)?;
                        }
                    }
                }
            }
            match &answer["NextToken"] {
                Value::String(token) => request["NextToken"] = json!(token),
                _ => break,
            }
        }
        last.map_or(Ok(()), |(id, whole)| each(id, &whole))
    }
}

fn ids_of_summaries(endpoint: &Endpoint, chosen: &Chosen) -> Result<Vec<TraceId>, Failure> {
    let mut ids = Vec::new();
    endpoint.summaries(chosen, |summary| {
        ids.extend(summary["Id"].as_str().and_then(|id| id.parse::<TraceId>().ok()));
        true
    })?;
    Ok(ids)
}

fn segments(endpoint: &Endpoint, ids: &[String], each: &mut Each<'_>) -> Result<(), Failure> {
    for trace in stored::traces(endpoint, ids)? {
        let Ok(id) = trace.id.parse() else { continue };
        // What X-Ray made up, whoever takes the rest makes up, too.
        let is_made_up = |document: &String| {
            serde_json::from_str::<Value>(document).is_ok_and(|document| document["inferred"] == true)
        };
        let documents: Vec<_> =
            trace.documents.into_iter().filter(|document| !is_made_up(document)).collect();
        each(id, &documents)?;
    }
    Ok(())
}
