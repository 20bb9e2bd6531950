//! A future or a stream with a subsegment: current while it is polled, open from the first poll to the end.

// Public for the expansions only, through `__private`.
#![allow(missing_docs, missing_debug_implementations)]

use std::borrow::Cow;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::annotation::{AnnotationValue, valid_key};

use super::callsite::{Callsite, Owner};
use super::context::{self, Here};
use super::open::Open;
use super::scope::Scope;
use super::source::{Source, Using};
use super::tracer::Tracer;

/// What opens the subsegment at the first poll.
pub(crate) enum Start {
    Named(Cow<'static, str>),
    Annotated(Annotated),
}

impl Start {
    /// Whether there is nothing to open: the first question of a poll, so it asks little.
    #[inline]
    fn is_inert(&self) -> bool {
        let (is_handler, using) = match self {
            Self::Named(_) => (false, Using::global()),
            Self::Annotated(start) => (start.callsite.is_handler, start.using()),
        };
        match context::here() {
            Here::Recording => false,
            Here::Unrecorded => !is_handler,
            Here::Nowhere => !is_handler && using.is_off(),
        }
    }

    fn open(self) -> Option<Open> {
        match self {
            Self::Named(name) => Open::named(&name),
            Self::Annotated(annotated) => annotated.open(),
        }
    }
}

/// An annotated function.
pub(crate) struct Annotated {
    callsite: &'static Callsite,
    owner: Owner,
    tracer: Option<Tracer>,
    more: Option<Box<StartMore>>,
}

/// What only some begin with, boxed so that the others' futures stay small.
#[derive(Default)]
struct StartMore {
    source: Source<'static>,
    annotations: Annotations,
}

impl Annotated {
    fn new(callsite: &'static Callsite, owner: Owner, using: Using<'_>) -> Self {
        Self { callsite, owner, tracer: using.explicit().cloned(), more: None }
    }

    #[inline]
    fn using(&self) -> Using<'_> {
        self.tracer.as_ref().map_or(Using::global(), Using::tracer)
    }

    fn open(self) -> Option<Open> {
        let using = self.using();
        let open = if self.callsite.is_handler {
            let source = self.more.as_ref().map_or_else(Source::default, |more| more.source.clone());
            Open::handler(self.callsite, self.owner, using, &source)
        } else {
            Open::method(self.callsite, self.owner, using)
        }?;
        if let Some(more) = self.more {
            more.annotations.put_on(&open);
        }
        Some(open)
    }
}

pub(crate) enum State {
    Unpolled(Start),
    Open(Open),
    /// Nothing is recorded, or the end was.
    Bare,
}

impl State {
    /// Whether nothing is recorded, for good: also finds out at the first poll.
    #[inline]
    pub(crate) fn is_bare(&mut self) -> bool {
        if let Self::Unpolled(start) = self
            && start.is_inert()
        {
            *self = Self::Bare;
        }
        matches!(self, Self::Bare)
    }

    /// Opens the subsegment if this is the first poll, and makes it current.
    pub(crate) fn enter(&mut self) -> Scope {
        match std::mem::replace(self, Self::Bare) {
            Self::Unpolled(start) => Scope::enter(start.open()),
            Self::Open(open) => open.enter(),
            Self::Bare => Scope::inert(),
        }
    }

    pub(crate) fn leave(&mut self, mut scope: Scope) {
        if let Some(open) = scope.leave() {
            *self = Self::Open(open);
        }
    }
}

/// Polls `poll` inside the scope; a panic is recorded and goes on.
pub(crate) fn poll_in<T>(scope: &Scope, poll: impl FnOnce() -> T) -> T {
    let Some(open) = scope.open().filter(|open| open.is_recorded()) else {
        return poll();
    };
    match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(polled) => polled,
        Err(payload) => {
            open.record_panic(&*payload);
            resume_unwind(payload)
        }
    }
}

/// Annotations of a function that returns a future, evaluated when it is called.
#[derive(Default)]
pub struct Annotations {
    values: Vec<(&'static str, Vec<u8>)>,
}

impl Annotations {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub fn put(&mut self, key: &'static str, value: impl AnnotationValue) {
        let mut json = Vec::new();
        value.annotation().write(&mut json);
        if !json.is_empty() {
            self.values.push((key, json));
        }
    }

    fn put_on(&self, open: &Open) {
        for (key, value) in &self.values {
            let text = [b"\"", valid_key(key).as_bytes(), b"\":", value].concat();
            open.put_annotation(text.len() - value.len(), &text);
        }
    }
}

pin_project! {
    /// A future that is traced from its first poll to its end; dropped before that, it counts as cancelled.
    #[must_use = "futures do nothing unless polled"]
    pub struct Traced<F, P> {
        // An `Option`, so that what an unfinished one holds is dropped inside the subsegment; `None` only then.
        #[pin]
        future: Option<F>,
        state: State,
        probe: P,
    }

    impl<F, P> PinnedDrop for Traced<F, P> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let State::Open(_) = this.state {
                let scope = this.state.enter();
                this.future.set(None);
                scope.cancel();
            }
        }
    }
}

impl<F: Future, P, T> Traced<F, P>
where
    P: FnMut(F::Output, Scope) -> T,
{
    pub fn new(callsite: &'static Callsite, owner: Owner, using: Using<'_>, future: F, probe: P) -> Self {
        let state = State::Unpolled(Start::Annotated(Annotated::new(callsite, owner, using)));
        Self { future: Some(future), state, probe }
    }

    /// Of a handler that is an `async fn`: the scope was opened by its first poll.
    pub fn opened(mut scope: Scope, future: F, probe: P) -> Self {
        let state = scope.leave().map_or(State::Bare, State::Open);
        Self { future: Some(future), state, probe }
    }

    /// Goes on in a scope that was opened for it.
    #[cfg(feature = "messages")]
    pub(crate) fn resume(self: Pin<&mut Self>, scope: Scope) {
        self.project().state.leave(scope);
    }

    /// Of a handler that returns a future.
    pub fn handler(
        callsite: &'static Callsite,
        owner: Owner,
        using: Using<'_>,
        source: Source<'static>,
        future: F,
        probe: P,
    ) -> Self {
        let mut start = Annotated::new(callsite, owner, using);
        if !source.is_empty() {
            start.more.get_or_insert_default().source = source;
        }
        Self { future: Some(future), state: State::Unpolled(Start::Annotated(start)), probe }
    }

    pub(crate) fn named(name: Cow<'static, str>, future: F, probe: P) -> Self {
        Self { future: Some(future), state: State::Unpolled(Start::Named(name)), probe }
    }

    pub fn annotated(mut self, annotations: Annotations) -> Self {
        if let State::Unpolled(Start::Annotated(start)) = &mut self.state
            && !annotations.values.is_empty()
        {
            start.more.get_or_insert_default().annotations = annotations;
        }
        self
    }
}

impl<F: Future, P, T> Future for Traced<F, P>
where
    P: FnMut(F::Output, Scope) -> T,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<T> {
        let mut this = self.project();
        // After its end, too: the bare future decides what another poll comes to, and keeps what it holds until it is dropped.
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Pending };
        if this.state.is_bare() {
            return future.poll(task).map(|output| (this.probe)(output, Scope::inert()));
        }
        let scope = this.state.enter();
        match poll_in(&scope, || future.poll(task)) {
            Poll::Pending => {
                this.state.leave(scope);
                Poll::Pending
            }
            Poll::Ready(output) => Poll::Ready((this.probe)(output, scope)),
        }
    }
}

pin_project! {
    /// A stream that is traced from its first poll to its end, with the number of its items.
    #[must_use = "streams do nothing unless polled"]
    pub struct TracedStream<S> {
        #[pin]
        stream: Option<S>,
        state: State,
        items: u64,
    }

    impl<S> PinnedDrop for TracedStream<S> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let State::Open(_) = this.state {
                let scope = this.state.enter();
                this.stream.set(None);
                scope.put_items(*this.items);
                scope.cancel();
            }
        }
    }
}

impl<S> TracedStream<S> {
    pub fn new(callsite: &'static Callsite, owner: Owner, using: Using<'_>, stream: S) -> Self {
        let state = State::Unpolled(Start::Annotated(Annotated::new(callsite, owner, using)));
        Self { stream: Some(stream), state, items: 0 }
    }

    pub fn annotated(mut self, annotations: Annotations) -> Self {
        if let State::Unpolled(Start::Annotated(start)) = &mut self.state
            && !annotations.values.is_empty()
        {
            start.more.get_or_insert_default().annotations = annotations;
        }
        self
    }

    /// Keeps a subsegment open until the stream ends: of a response that is streamed.
    #[cfg(feature = "lambda")]
    pub(crate) fn resumed(open: Option<Open>, stream: S) -> Self {
        Self { stream: Some(stream), state: open.map_or(State::Bare, State::Open), items: 0 }
    }
}

impl<S: Stream> Stream for TracedStream<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let mut stream = this.stream;
        let Some(polled) = stream.as_mut().as_pin_mut() else { return Poll::Pending };
        let scope = this.state.enter();
        let item = match poll_in(&scope, || polled.poll_next(task)) {
            Poll::Pending => {
                this.state.leave(scope);
                return Poll::Pending;
            }
            Poll::Ready(item) => item,
        };
        if item.is_some() {
            *this.items += 1;
            this.state.leave(scope);
        } else {
            scope.put_items(*this.items);
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

impl Scope {
    fn put_items(&self, items: u64) {
        if let Some(open) = self.open() {
            open.put_metadata(b"\"items\":", items.to_string().as_bytes());
        }
    }
}

pin_project! {
    /// A future that runs in a given place of a trace, without a subsegment of its own: what
    /// [`InSubsegment::in_current_subsegment`](crate::InSubsegment::in_current_subsegment) returns.
    ///
    /// ```
    /// use tracer_runtime::{Carried, InSubsegment};
    ///
    /// let future: Carried<_> = std::future::ready(42).in_current_subsegment();
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Carried<F> {
        #[pin]
        future: Option<F>,
        place: Option<context::Kept>,
    }

    impl<F> PinnedDrop for Carried<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                let _entered = context::Entered::new(this.place.as_ref());
                this.future.set(None);
            }
        }
    }
}

impl<F> Carried<F> {
    pub(crate) fn new(place: Option<context::Kept>, future: F) -> Self {
        Self { future: Some(future), place }
    }
}

impl<F: Future> Future for Carried<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Pending };
        let _entered = context::Entered::new(this.place.as_ref());
        future.poll(task)
    }
}
