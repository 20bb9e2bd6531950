//! What all traces that were active in a window add up to.

use std::sync::Arc;

use super::Api;
use super::error::{ApiError, ErrorKind};
use crate::compiled::{CompiledTrace, GraphService, ServiceGraph, TraceGraph, Window};
use crate::filter::Filter;
use crate::search::{Search, TimeRange, TimeRangeType};

/// The traces that were active in the window and that the filter keeps.
fn search(window: Window, filter: Option<Filter>) -> Search {
    let range = TimeRange { from: window.start, to: window.end, by: TimeRangeType::Event };
    Search::of(range, Arc::new(filter.unwrap_or_default()))
}

/// Calls `each` with what each of the traces adds, newest first.
pub(super) fn visit(
    api: &Api,
    window: Window,
    filter: Option<Filter>,
    mut each: impl FnMut(&TraceGraph<'_>),
) -> Result<(), ApiError> {
    Ok(api.store.graphs(&search(window, filter), &mut |graph| each(graph))?)
}

/// The service graph of the traces, and how many there are.
pub(super) fn service_graph(
    api: &Api,
    window: Window,
    filter: Option<Filter>,
) -> Result<(Vec<GraphService>, u64), ApiError> {
    let search = search(window, filter);
    let mut graph = ServiceGraph::new(Some(window));
    let count = api.store.add_to_graph(&search, &mut graph)?;
    for id in graph.unknown_senders() {
        let read = api.read(id, |trace| {
            let compiled = CompiledTrace::of(trace);
            if search.moment(trace, &compiled).is_some() {
                graph.add_senders_of(&compiled);
            }
        });
        match read {
            // The sender stays unknown, rather than the whole graph.
            Err(error) if error.kind == ErrorKind::Throttled => {}
            read => drop(read?),
        }
    }
    Ok((graph.finish(), count))
}

#[cfg(test)]
#[path = "window_traces_tests.rs"]
mod tests;
