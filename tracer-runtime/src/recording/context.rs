//! The current subsegment of this thread: set while a traced function runs or a traced future is polled.

use std::cell::{Cell, RefCell};

use crate::trace_id::SegmentId;

use super::invocation::{InvocationRef, State};
use super::node::{NONE, Node, NodeIndex, Section, Stage};

/// A place in a trace: what is opened here becomes a child of it.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) invocation: InvocationRef,
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
    /// In a trace that is not recorded, or past the memory cap: only the header is passed on.
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
            Place::Segment | Place::Unrecorded => NONE,
        }
    }

    /// Changes the subsegment unless it is closed.
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
}

impl Node {
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open | Stage::Announced)
    }
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
    /// Apart from the context, as it needs no destructor: reading it is all that a function costs where nothing is recorded.
    static HERE: Cell<Here> = const { Cell::new(Here::Nowhere) };
    static CURRENT: RefCell<Option<Context>> = const { RefCell::new(None) };
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

/// Looks at the current context. `look` must not run user code.
pub(crate) fn with<R>(look: impl FnOnce(Option<&Context>) -> R) -> R {
    let mut look = Some(look);
    let looked = CURRENT.try_with(|current| {
        let context = current.try_borrow();
        look.take().map(|look| look(context.as_deref().ok().and_then(Option::as_ref)))
    });
    match (looked, look) {
        (Ok(Some(result)), _) => result,
        // The thread is ending, and its context is gone.
        (_, Some(look)) => look(None),
        (_, None) => unreachable!("the closure was called and its result is above"),
    }
}

/// The current context.
pub(crate) fn current() -> Option<Context> {
    // A bare `Option::cloned` is ambiguous here.
    #[allow(clippy::redundant_closure_for_method_calls)]
    with(|context| context.cloned())
}

/// Makes `context` the current one and returns the one before.
pub(crate) fn replace(context: Option<Context>) -> Option<Context> {
    let here = match &context {
        None => Here::Nowhere,
        Some(context) if context.is_recording() => Here::Recording,
        Some(_) => Here::Unrecorded,
    };
    let mut context = Some(context);
    let previous = CURRENT.try_with(|current| {
        let mut current = current.try_borrow_mut().ok()?;
        HERE.set(here);
        context.take().and_then(|context| std::mem::replace(&mut *current, context))
    });
    if previous.is_err() {
        // The thread is ending, and its context is gone.
        HERE.set(Here::Nowhere);
    }
    previous.ok().flatten()
}

/// A context that is current until this is dropped.
pub(crate) struct Entered {
    /// What was current before, if this changed it.
    previous: Option<Option<Context>>,
}

impl Entered {
    /// Makes `context` current; a place that is none changes nothing.
    pub(crate) fn new(context: Option<Context>) -> Self {
        Self { previous: context.map(|context| replace(Some(context))) }
    }

    /// Makes nothing current and lets nothing be recorded: for what itself takes part in sending.
    pub(crate) fn outside() -> Self {
        let previous = Some(replace(None));
        // Unlike nowhere, where a function would look for its trace in the environment.
        HERE.set(Here::Unrecorded);
        Self { previous }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(previous) = self.previous.take() {
            // The context that was current goes after the old one is back: giving its invocation back may send.
            drop(replace(previous));
        }
    }
}
