//! Summaries of large traces, kept until more of the trace comes: a list that shows one need not read all of it each time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use serde_json::value::RawValue;

use crate::store::{TraceSize, TraceStore};
use crate::trace_id::TraceId;

/// Summaries of traces that have no more bytes of documents are made anew.
const SMALL: u64 = 256 << 10;
/// Bytes of those that were used last.
const MOST_BYTES: usize = 16 << 20;

#[derive(Debug, Default)]
pub(super) struct KeptSummaries(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    /// With how much there was of the trace: each document adds to it.
    summaries: LruCache<TraceId, (TraceSize, Box<RawValue>)>,
    bytes: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self { summaries: LruCache::unbounded(), bytes: 0 }
    }
}

impl KeptSummaries {
    /// That of a trace, if it is as it was.
    pub(super) fn get(&self, store: &dyn TraceStore, id: TraceId) -> Option<Box<RawValue>> {
        let (size, summary) = self.lock().summaries.get(&id).cloned()?;
        (store.size(id) == size).then_some(summary)
    }

    /// Keeps the summary of a trace of which there is so much, if it is large.
    pub(super) fn put(&self, id: TraceId, size: TraceSize, summary: &RawValue) {
        if size.bytes <= SMALL {
            return;
        }
        let mut kept = self.lock();
        kept.bytes += summary.get().len();
        let replaced = kept.summaries.put(id, (size, summary.to_owned()));
        kept.bytes -= replaced.map_or(0, |(_, summary)| summary.get().len());
        while kept.bytes > MOST_BYTES
            && let Some((_, (_, summary))) = kept.summaries.pop_lru()
        {
            kept.bytes -= summary.get().len();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::super::testing::{BEGIN, Home, segment, with};
    use super::*;

    /// A page of everything.
    fn page(home: &Home) -> serde_json::Value {
        home.ok("GetTraceSummaries", json!({"StartTime": BEGIN, "EndTime": BEGIN + 60.0}))["TraceSummaries"]
            .clone()
    }

    #[test]
    fn the_summary_of_a_large_trace_is_kept_until_more_of_it_comes() {
        let home = Home::new();
        let large = json!({"metadata": {"default": {"text": "x".repeat(300_000)}}});
        home.put(&[segment(1, 1, 1.0), with(segment(2, 1, 2.0), large), segment(3, 1, 3.0)]);
        let [first, second] = [page(&home), page(&home)];
        assert_eq!(first, second);
        let kept = |trace| home.api.summaries.get(&*home.api.store, home.id(trace).parse().unwrap());
        let summary = kept(2).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(summary.get()).unwrap(), first[1]);
        assert!(kept(1).is_none() && kept(3).is_none());
        home.put(&[with(segment(2, 2, 2.0), json!({"annotations": {"more": "of it"}}))]);
        assert!(kept(2).is_none());
        assert!(page(&home)[1]["Annotations"]["more"].is_array());
        assert!(kept(2).is_some());
    }

    #[test]
    fn those_that_were_used_last_are_kept() {
        let kept = KeptSummaries::default();
        let summary = to_raw_value(&"x".repeat(1 << 20)).unwrap();
        for trace in 0..40_u8 {
            let size = TraceSize { documents: 1, bytes: SMALL + 1 };
            kept.put(TraceId::from_bytes([trace; 16]), size, &summary);
        }
        let kept = kept.lock();
        assert_eq!(kept.bytes, kept.summaries.len() * summary.get().len());
        assert!(kept.bytes <= MOST_BYTES && kept.summaries.contains(&TraceId::from_bytes([39; 16])));
    }
}
