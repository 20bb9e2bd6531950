//! All traces that were active in a window, one at a time.

use super::Api;
use super::error::ApiError;
use crate::compiled::{CompiledTrace, Window};
use crate::filter::{Filter, Prefilter};
use crate::search::{Search, TimeRange, TimeRangeType};

/// Ids that are held at a time.
const PAGE: usize = 1_000;

/// Calls `each` with the traces that were active in the window and that the filter keeps, newest first.
pub(super) fn visit(
    api: &Api,
    window: Window,
    filter: Option<&Filter>,
    mut each: impl FnMut(&CompiledTrace<'_>),
) -> Result<(), ApiError> {
    let range = TimeRange { from: window.start, to: window.end, by: TimeRangeType::Event };
    let prefilter = filter.map_or(Prefilter::Anything, Filter::prefilter);
    let mut search = Search { range, prefilter, after: None, limit: PAGE };
    loop {
        let found = api.store.search(&search)?;
        // One that was forgotten meanwhile is not found.
        for trace in found.traces.into_iter().filter_map(|id| api.store.trace(id)) {
            let compiled = CompiledTrace::of(&trace);
            if filter.is_none_or(|filter| filter.keeps(&compiled)) {
                each(&compiled);
            }
        }
        if found.next.is_none() {
            return Ok(());
        }
        search.after = found.next;
    }
}
