//! The current subsegment of this thread: set while a traced function runs or a traced future is polled.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;

use crate::trace_id::SegmentId;

use super::invocation::{Invocation, InvocationRef, State};
use super::node::{NONE, Node, NodeIndex, Section, Stage};

/// A place in a trace: what is opened here becomes a child of it.
///
/// It is a copy and keeps nothing going: whoever makes it current holds the [`Kept`] that it was copied from.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    pub(crate) invocation: &'static Invocation,
    /// The parent of what is opened here.
    pub(crate) id: SegmentId,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In an open subsegment.
    Subsegment(NodeIndex),
    /// Directly below the segment that Lambda itself sends.
    Segment,
    /// In a subsegment that was dropped at the memory cap: what is opened here is dropped and counted too.
    Dropped,
    /// In a trace that is not recorded: only the header is passed on.
    Unrecorded,
}

impl Context {
    pub(crate) fn is_recording(&self) -> bool {
        self.place != Place::Unrecorded
    }

    /// The index of the open subsegment, [`NONE`] elsewhere.
    pub(crate) fn index(&self) -> NodeIndex {
        match self.place {
            Place::Subsegment(index) => index,
            Place::Segment | Place::Dropped | Place::Unrecorded => NONE,
        }
    }

    /// Changes the subsegment unless it is closed.
    #[inline]
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut State, NodeIndex) -> R) -> Option<R> {
        let Place::Subsegment(index) = self.place else {
            return None;
        };
        let mut state = self.invocation.lock();
        let is_open = state.record.find(index, self.id).is_some_and(Node::is_open);
        is_open.then(|| change(&mut state, index))
    }

    /// Records a value of the subsegment unless it is closed.
    pub(crate) fn put(&self, section: Section, key_length: usize, text: &[u8]) {
        self.change(|state, index| {
            state.record.put(index, section, 0, key_length, |out| out.extend_from_slice(text));
        });
    }

    /// The same place, keeping its invocation going.
    pub(crate) fn keep(self) -> Kept {
        Kept::new(self.invocation.lock().count(self.invocation), self.id, self.place)
    }
}

/// A place whose invocation goes on for as long as this lives.
pub(crate) struct Kept {
    context: Context,
}

impl Kept {
    pub(crate) fn new(invocation: InvocationRef, id: SegmentId, place: Place) -> Self {
        Self { context: Context { invocation: invocation.into_entry(), id, place } }
    }

    /// Closes the subsegment and sends what leaves with it.
    pub(crate) fn close(self) {
        // The use that is counted for this is given back there, under the same lock.
        let context = ManuallyDrop::new(self).context;
        context.invocation.close(context.index(), context.id);
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        self.context.keep()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.context.invocation.give_back(self.context.invocation.lock());
    }
}

impl Deref for Kept {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl Node {
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open | Stage::Announced)
    }
}

/// Where a thread is.
#[derive(Clone, Copy)]
pub(crate) enum Current {
    /// In no trace at all.
    Nowhere,
    /// In what itself takes part in sending: nothing is recorded, and nothing is looked for in the environment.
    Outside,
    At(Context),
}

/// What a function must know before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Here {
    /// In no trace at all.
    Nowhere,
    /// In a trace that is not recorded.
    Unrecorded,
    Recording,
}

thread_local! {
    /// Apart from the place, so that it is all that a function reads where nothing is recorded.
    static HERE: Cell<Here> = const { Cell::new(Here::Nowhere) };
    /// A copy needs no destructor, so it is there as long as its thread is.
    static CURRENT: Cell<Current> = const { Cell::new(Current::Nowhere) };
}

#[inline]
pub(crate) fn here() -> Here {
    HERE.get()
}

/// Whether what is recorded here goes anywhere.
#[inline]
pub(crate) fn is_recording() -> bool {
    here() == Here::Recording
}

/// The current place, if there is one.
#[inline]
pub(crate) fn current() -> Option<Context> {
    match CURRENT.get() {
        Current::At(context) => Some(context),
        Current::Nowhere | Current::Outside => None,
    }
}

/// Makes `current` the current place and returns the one before.
#[inline]
pub(crate) fn replace(current: Current) -> Current {
    HERE.set(match current {
        Current::Nowhere => Here::Nowhere,
        Current::At(context) if context.is_recording() => Here::Recording,
        Current::At(_) | Current::Outside => Here::Unrecorded,
    });
    CURRENT.replace(current)
}

/// A place that is current until this is dropped.
pub(crate) struct Entered<'a> {
    /// What was current before, if this changed it.
    previous: Option<Current>,
    kept: PhantomData<&'a Kept>,
}

impl<'a> Entered<'a> {
    /// Makes a place current; no place changes nothing.
    pub(crate) fn new(place: Option<&'a Kept>) -> Self {
        Self { previous: place.map(|place| replace(Current::At(**place))), kept: PhantomData }
    }

    /// Makes nothing current and lets nothing be recorded: for what itself takes part in sending.
    pub(crate) fn outside() -> Self {
        Self { previous: Some(replace(Current::Outside)), kept: PhantomData }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if let Some(previous) = self.previous {
            replace(previous);
        }
    }
}
