//! An open subsegment: where it hangs, what its callsite asks for, what is recorded on it.

use std::any::Any;

use crate::annotation::AnnotationValue as _;

use super::callsite::{Callsite, Owner, ValidName};
use super::context::{self, Context, Here, Kept, Place};
use super::exception::Exceptions;
use super::invocation::{Beginning, InvocationRef};
use super::json::write_value;
use super::node::{NONE, NewNode, Node, Section};
use super::scratch;
use super::source::{Source, Using};
use super::warning;
use crate::error_flag::ErrorFlag;

/// The longest value that is recorded whole, in bytes of JSON: one that leaves room for the rest of its document.
pub(crate) const LONGEST_VALUE: usize = 60_000;

/// An open subsegment that is not current: of a future between its polls.
pub(crate) struct Open {
    pub(crate) place: Kept,
    pub(crate) callsite: Option<&'static Callsite>,
    pub(crate) capture_response: bool,
    capture_error: bool,
    /// False where a layer opened it and closes it later.
    closes: bool,
}

/// What a subsegment is called.
#[derive(Clone, Copy)]
enum Name<'a> {
    Of(&'static Callsite, Owner),
    Text(&'a str),
}

impl<'a> Name<'a> {
    fn callsite(self) -> Option<&'static Callsite> {
        match self {
            Self::Of(callsite, _) => Some(callsite),
            Self::Text(_) => None,
        }
    }

    fn valid(self) -> ValidName<'a> {
        match self {
            Self::Of(callsite, owner) => callsite.valid_name(owner),
            Self::Text(text) => ValidName::Text(super::name::valid_name(text)),
        }
    }
}

impl Open {
    /// Opens the subsegment of an annotated function below the current one.
    #[inline]
    pub(crate) fn method(callsite: &'static Callsite, owner: Owner, using: Using<'_>) -> Option<Self> {
        match context::here() {
            Here::Recording => return Self::child(context::current()?, Name::Of(callsite, owner)),
            Here::Unrecorded => return None,
            Here::Nowhere => {}
        }
        Self::child(*segment_of_environment(using)?, Name::Of(callsite, owner))
    }

    /// Opens the subsegment of a downstream call, as that of a function.
    pub(crate) fn downstream(name: &str) -> Option<Self> {
        match context::here() {
            Here::Recording => Self::child(context::current()?, Name::Text(name)),
            Here::Unrecorded => None,
            Here::Nowhere if Using::global().is_off() => None,
            Here::Nowhere => Self::child(*segment_of_environment(Using::global())?, Name::Text(name)),
        }
    }

    /// Opens a subsegment by name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        if !context::is_recording() {
            return None;
        }
        Self::child(context::current()?, Name::Text(name))
    }

    /// Opens the subsegment of a handler: below the current one if that is of the same invocation, else of a new one.
    pub(crate) fn handler(
        callsite: &'static Callsite,
        owner: Owner,
        using: Using<'_>,
        source: &Source<'_>,
    ) -> Option<Self> {
        let current = context::current();
        if let Some(current) = current.filter(|current| source.is_of(current)) {
            if let Some(adopted) = Self::adopt(current, callsite, owner) {
                return Some(adopted);
            }
            return Self::child(current, Name::Of(callsite, owner)).inspect(Self::annotate_handler);
        }
        if current.is_none() && context::here() == Here::Unrecorded {
            // Called by a sink.
            return None;
        }
        let of_current = current.and_then(|current| current.invocation.lock().tracer.clone());
        let tracer = using.explicit().or(of_current.as_ref()).unwrap_or_else(|| using.resolve());
        let segment = segment_of(source.begin(tracer)?);
        if !segment.is_recording() {
            // The start was cold for whoever was first, recorded or not.
            tracer.starts_cold();
            return Some(Self::unrecorded(segment));
        }
        Self::child(*segment, Name::Of(callsite, owner)).inspect(Self::annotate_handler)
    }

    /// Opens by name what hangs at `place`, whatever is current.
    #[cfg(feature = "messages")]
    pub(super) fn at(place: Context, name: &str) -> Option<Self> {
        Self::child(place, Name::Text(name))
    }

    // Built where it stays: a copy would wait for the stores that it reads.
    #[inline(always)]
    fn child(parent: Context, name: Name<'_>) -> Option<Self> {
        if !parent.is_recording() {
            return None;
        }
        let callsite = name.callsite();
        // Before the lock: the first look at a name may print a warning.
        let name = name.valid();
        let mut state = parent.invocation.lock();
        let (id, start) = (state.new_id(), state.now());
        let new = NewNode { id, parent_id: parent.id, parent: parent.index(), start, callsite };
        if state.is_watched && parent.invocation.schedule.resume() {
            super::watcher::wake();
        }
        let opened = if parent.place == Place::Dropped { None } else { state.record.open(new, name) };
        let (id, place) = match opened {
            Some(index) => (id, Place::Subsegment(index)),
            None => {
                state.record.dropped.subsegments += 1;
                // Its header names the parent that is recorded.
                (parent.id, Place::Dropped)
            }
        };
        let asked = |get: fn(&Callsite) -> Option<bool>| callsite.and_then(get);
        let capture_response = asked(|callsite| callsite.capture_response).unwrap_or(state.capture_response);
        let capture_error = asked(|callsite| callsite.capture_error).unwrap_or(state.capture_error);
        let place = Kept::new(state.count(parent.invocation), id, place);
        Some(Self { place, callsite, capture_response, capture_error, closes: true })
    }

    /// The context of a handler whose trace is not recorded: what it calls passes its header on.
    pub(super) fn unrecorded(place: Kept) -> Self {
        Self { place, callsite: None, capture_response: false, capture_error: false, closes: false }
    }

    /// Takes over the handler's subsegment that a layer opened for this invocation.
    fn adopt(current: Context, callsite: &'static Callsite, owner: Owner) -> Option<Self> {
        let name = Name::Of(callsite, owner).valid();
        let mut state = current.invocation.lock();
        let index = std::mem::replace(&mut state.adoptable, NONE);
        let is_adoptable = index != NONE && current.place == Place::Subsegment(index);
        if !is_adoptable || !state.record.find(index, current.id).is_some_and(Node::is_open) {
            return None;
        }
        state.record.rename(index, name, callsite);
        Some(Self {
            place: Kept::new(state.count(current.invocation), current.id, current.place),
            callsite: Some(callsite),
            capture_response: callsite.capture_response.unwrap_or(state.capture_response),
            capture_error: callsite.capture_error.unwrap_or(state.capture_error),
            closes: false,
        })
    }

    /// `ColdStart` and `Service`, before the body runs: a timeout's document has them too.
    fn annotate_handler(&self) {
        self.place.change(|state, index| {
            let Some(tracer) = state.tracer.clone() else {
                return;
            };
            let cold: &[u8] = if tracer.starts_cold() { b"true" } else { b"false" };
            let mut put = |key: &[u8], write: &dyn Fn(&mut Vec<u8>)| {
                state.record.put(index, Section::Annotation, 0, key.len(), |out| {
                    out.extend_from_slice(key);
                    write(out);
                });
            };
            put(b"\"ColdStart\":", &|out| out.extend_from_slice(cold));
            put(b"\"Service\":", &|out| {
                tracer.service().annotation().write(out);
            });
        });
    }

    /// Lets the attribute of the handler inside take this subsegment over.
    #[cfg(feature = "lambda")]
    pub(crate) fn make_adoptable(&self) {
        if let Place::Subsegment(index) = self.place.place {
            self.place.invocation.lock().adoptable = index;
        }
    }

    /// Lets it have begun `elapsed` before it was opened.
    pub(crate) fn begin_earlier(&self, elapsed: std::time::Duration) {
        self.place.change(|state, index| {
            state.record[index].start = state.start_of(state.record[index].start, elapsed);
        });
    }

    pub(crate) fn is_recorded(&self) -> bool {
        self.place.is_recording()
    }

    pub(crate) fn close(self) {
        if self.closes {
            self.place.close();
        }
    }

    pub(crate) fn put_annotation(&self, key_length: usize, text: &[u8]) {
        self.place.put(Section::Annotation, key_length, text);
    }

    /// Records metadata in the function's namespace; `key` is `"key":`.
    pub(crate) fn put_metadata(&self, key: &[u8], value: &[u8]) {
        let namespace = self.callsite.and_then(|callsite| callsite.namespace);
        self.place.change(|state, index| {
            let Some(namespace) = namespace.map_or(Some(0), |name| state.record.namespace(name)) else {
                return;
            };
            state.record.put(index, Section::Metadata, namespace, key.len(), |out| {
                out.extend_from_slice(key);
                out.extend_from_slice(value);
            });
        });
    }

    pub(crate) fn put_cancelled(&self) {
        const CANCELLED: &[u8] = b"\"Cancelled\":true";
        self.place.put(Section::Annotation, CANCELLED.len() - "true".len(), CANCELLED);
    }

    pub(crate) fn record_panic(&self, payload: &(dyn Any + Send)) {
        self.place.flag(ErrorFlag::Fault);
        if self.capture_error {
            self.put_exceptions(&Exceptions::of_panic(payload));
        }
    }

    pub(crate) fn record_error(&self, flag: ErrorFlag, exceptions: impl FnOnce() -> Exceptions) {
        if flag == ErrorFlag::Ignore {
            return;
        }
        self.place.flag(flag);
        if self.capture_error {
            self.put_exceptions(&exceptions());
        }
    }

    /// Records why a downstream call failed; the function that makes the call says whether as text (P9).
    pub(crate) fn record_downstream_error(&self, flag: ErrorFlag, exceptions: impl FnOnce() -> Exceptions) {
        self.place.flag(flag);
        if self.lets_errors_be_told() {
            self.record_exceptions(&exceptions());
        }
    }

    /// Whether the innermost function that says so, or else the tracer, lets the text of errors be recorded.
    fn lets_errors_be_told(&self) -> bool {
        let captures = self.place.change(|state, index| {
            let asked = state.record.ancestors(index).find_map(|at| state.record[at].callsite?.capture_error);
            asked.unwrap_or(state.capture_error)
        });
        captures == Some(true)
    }

    /// What is opened inside of a function says of errors what that says (P9).
    #[cfg(feature = "messages")]
    pub(crate) fn with_errors_of_its_function(mut self) -> Self {
        self.capture_error = self.lets_errors_be_told();
        self
    }

    fn record_exceptions(&self, exceptions: &Exceptions) {
        self.place.change(|state, index| {
            let (record, mut new_id) = state.record_and_ids();
            exceptions.record_on(record, index, &mut new_id);
        });
    }

    fn put_exceptions(&self, exceptions: &Exceptions) {
        self.record_exceptions(exceptions);
        let mut message = scratch::take();
        super::json::write_string(&mut message, exceptions.message());
        self.put_about("error", &message);
        scratch::give_back(message);
    }

    /// Records the metadata `<name> response` or `<name> error`.
    fn put_about(&self, what: &str, value: &[u8]) {
        let key = self.place.change(|state, index| {
            let name = state.record.name(index);
            [b"\"", name.strip_prefix(b"## ").unwrap_or(name), b" ", what.as_bytes(), b"\":"].concat()
        });
        if let Some(key) = key {
            self.put_metadata(&key, value);
        }
    }

    pub(crate) fn put_response<T: serde::Serialize + ?Sized>(&self, value: &T) {
        // The most common of those that show nothing, known to the compiler.
        if std::any::type_name::<T>() == "()" {
            return;
        }
        let mut json = scratch::take();
        let written = write_value(&mut json, value, LONGEST_VALUE);
        super::metadata::write_failure(&mut json, &written);
        // Nothing to show: `()`, and `None` inside of a `Result`.
        if json != b"null" {
            self.put_about("response", &json);
        }
        scratch::give_back(json);
    }
}

/// The place directly below Lambda's own segment.
pub(crate) fn segment_of(invocation: InvocationRef) -> Kept {
    let (id, is_recording) = {
        let state = invocation.entry().lock();
        (state.header.parent().unwrap_or(crate::SegmentId::ZERO), state.is_recording)
    };
    let place = if is_recording { Place::Segment } else { Place::Unrecorded };
    Kept::new(invocation, id, place)
}

/// The segment of the invocation that the environment names, for a function called outside of any context.
fn segment_of_environment(using: Using<'_>) -> Option<Kept> {
    let tracer = using.resolve();
    if !tracer.is_enabled() {
        return None;
    }
    let header = super::source::header_of_environment(tracer.config())?;
    let beginning = Beginning { header: Some(&header), deadline: None };
    let segment = InvocationRef::begin(tracer, beginning).map(segment_of);
    if segment.is_none() && tracer.config().log_missing_context {
        warning::once("context missing", || "a traced function ran outside of a trace".to_owned());
    }
    segment
}
