//! Large traces: what is small as text may take a hundred times as much of memory while it is read.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::TraceStore;
use crate::trace_id::TraceId;

/// Traces of more bytes of documents are large: X-Ray itself takes 500 KB.
pub(crate) const LARGE: u64 = 256 << 10;

pub(crate) fn is_large(store: &(impl TraceStore + ?Sized), id: TraceId) -> bool {
    store.size(id).bytes > LARGE
}

/// The ids in front of the first one of a large trace, that one, and those behind it.
pub(crate) fn split_at_large<'a>(
    store: &(impl TraceStore + ?Sized),
    ids: &'a [TraceId],
) -> (&'a [TraceId], Option<TraceId>, &'a [TraceId]) {
    let at = ids.iter().position(|id| is_large(store, *id)).unwrap_or(ids.len());
    (&ids[..at], ids.get(at).copied(), ids.get(at + 1..).unwrap_or_default())
}

/// Held while one of many traces is read that is large: there is one at a time, whoever reads. Nobody waits while it is held.
pub(crate) fn one_of_many() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}
