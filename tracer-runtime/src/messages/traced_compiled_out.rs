//! The work alone: tracing is compiled out.

use std::borrow::Borrow;
use std::future::Future;

use super::consumer::Consumer;
use super::outcome::Outcome;
use super::record::MessageRecord;

pub(super) fn in_record<M, F, Kind>(_: &M, work: F) -> impl Future<Output = F::Output>
where
    M: MessageRecord + ?Sized,
    F: Future,
    F::Output: Outcome<Kind>,
{
    work
}

pub(super) fn in_senders_trace<F, Kind>(
    _: impl Borrow<Consumer>,
    _: Option<&str>,
    work: F,
) -> impl Future<Output = F::Output>
where
    F: Future,
    F::Output: Outcome<Kind>,
{
    work
}

pub(super) fn in_trace_of_its_own<H, F, Kind>(
    _: impl Borrow<Consumer>,
    _: H,
    work: F,
) -> impl Future<Output = F::Output>
where
    H: IntoIterator<Item: AsRef<str>>,
    F: Future,
    F::Output: Outcome<Kind>,
{
    work
}
