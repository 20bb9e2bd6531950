//! The open subsegment of a call of a downstream service: not current anywhere, closed however the call ends.

use std::error::Error;
use std::fmt;

use crate::error_flag::ErrorFlag;
use crate::namespace::Namespace;

use super::context::{self, Here};
use super::exception::Exceptions;
use super::fields::Fields;
use super::json::write_value;
use super::metadata::write_failure;
use super::node::Section;
use super::open::LONGEST_VALUE;
use super::open::Open;
use super::source::Using;

/// The open subsegment of one downstream call. Dropped before [`Downstream::close`] it counts as cancelled (P10).
#[must_use = "the subsegment is cancelled when this is dropped"]
pub(crate) struct Downstream {
    open: Option<Open>,
}

impl Downstream {
    /// Whether something may be recorded here: a cheap question, before what only recording needs.
    #[inline]
    pub(crate) fn can_open() -> bool {
        match context::here() {
            Here::Recording => true,
            Here::Unrecorded => false,
            Here::Nowhere => !Using::global().is_off(),
        }
    }

    /// Whether what an HTTP client does here is recorded, or passes a header on: a cheap question, before what costs.
    #[inline]
    pub(crate) fn traces_http() -> bool {
        let is_traced = context::here() != Here::Nowhere || !Using::global().is_off();
        is_traced && super::config::captures_https_requests()
    }

    /// The header to send with a call that is not recorded: as it came. `None` where tracing is off, and for what sends
    /// documents.
    pub(crate) fn header_to_pass_on() -> Option<String> {
        let is_passed_on = match context::here() {
            Here::Nowhere => super::tracer::Tracer::global_ref().is_enabled(),
            Here::Unrecorded | Here::Recording => context::current().is_some(),
        };
        is_passed_on.then(super::current::trace_header).flatten()
    }

    /// Opens it below the current subsegment, or directly below the segment of the environment's trace. `None` where nothing is
    /// recorded.
    #[inline]
    pub(crate) fn open(name: &str, namespace: Namespace) -> Option<Self> {
        Self::open_with(name, namespace, |_| {})
    }

    /// The same with what is known from the start.
    #[inline]
    pub(crate) fn open_with(
        name: &str,
        namespace: Namespace,
        put: impl FnOnce(&mut Fields<'_>),
    ) -> Option<Self> {
        if context::here() == Here::Unrecorded {
            return None;
        }
        let open = Open::downstream(name)?;
        open.place.put_fields(|fields| {
            fields.put_text(Section::Member, "namespace", namespace.text());
            put(fields);
        });
        Some(Self { open: Some(open) })
    }

    /// Opens that of a call which took `elapsed` and has just ended.
    pub(crate) fn open_ended(name: &str, namespace: Namespace, elapsed: std::time::Duration) -> Option<Self> {
        let call = Self::open(name, namespace)?;
        call.put(|open| open.begin_earlier(elapsed));
        Some(call)
    }

    /// The header to send with the call: this subsegment is the parent of what the downstream records.
    pub(crate) fn trace_header(&self) -> Option<String> {
        let place = &self.open.as_ref()?.place;
        place.invocation.lock().header_to_pass_on(place.id)
    }

    /// A member of the `aws` block.
    pub(crate) fn put_aws(&self, key: &str, value: &str) {
        self.put(|open| open.place.put_text(Section::Aws, key, value));
    }

    /// A member of the `aws` block that is no text.
    pub(crate) fn put_aws_value(&self, key: &str, value: &impl serde::Serialize) {
        self.put(|open| {
            open.place.put_written(Section::Aws, key, |out| {
                let written = write_value(out, value, LONGEST_VALUE);
                write_failure(out, &written);
            });
        });
    }

    /// Whether the text of queries is to be recorded.
    pub(crate) fn collects_sql_queries(&self) -> bool {
        let state = self.open.as_ref().map(|open| open.place.invocation.lock());
        state.is_some_and(|state| {
            state.tracer.as_ref().is_some_and(|tracer| tracer.config().collect_sql_queries)
        })
    }

    /// Metadata in the service's namespace.
    pub(crate) fn put_metadata(&self, key: &str, value: &(impl serde::Serialize + ?Sized)) {
        self.put(|open| {
            open.place.put_written(Section::Metadata, key, |out| {
                let written = write_value(out, value, LONGEST_VALUE);
                write_failure(out, &written);
            });
        });
    }

    /// A member of the `sql` block.
    pub(crate) fn put_sql(&self, key: &str, value: &str) {
        self.put(|open| open.place.put_text(Section::Sql, key, value));
    }

    pub(crate) fn put_http_request(&self, method: &str, url: &str) {
        self.put_fields(|fields| fields.put_http_request(method, url));
    }

    /// The response, and the flag that its status comes to.
    pub(crate) fn put_http_response(&self, status: u16, content_length: Option<u64>) {
        self.put_fields(|fields| fields.put_http_response(status, content_length));
    }

    /// How long the response's body was, where its head did not say.
    pub(crate) fn put_content_length(&self, bytes: u64) {
        self.put_fields(|fields| fields.put_number(Section::HttpResponse, "content_length", bytes));
    }

    pub(crate) fn flag(&self, flag: ErrorFlag) {
        self.put(|open| open.place.flag(flag));
    }

    /// Marks the call as failed without an answer, and records why unless the text of errors is not to be recorded (P9).
    pub(crate) fn fail(&self, flag: ErrorFlag, error: &(dyn Error + '_)) {
        self.put(|open| open.record_downstream_error(flag, || Exceptions::of_dyn_error(error).remote()));
    }

    /// Marks the call as answered by an error, and records its name and text unless that is not to be recorded (P9).
    pub(crate) fn fail_by_answer(&self, flag: ErrorFlag, type_name: &str, message: &str) {
        self.put(|open| {
            open.record_downstream_error(flag, || Exceptions::of_downstream(type_name, message));
        });
    }

    /// Records several fields at once.
    pub(crate) fn put_fields(&self, put: impl FnOnce(&mut Fields<'_>)) {
        self.put(|open| open.place.put_fields(put));
    }

    fn put(&self, put: impl FnOnce(&Open)) {
        if let Some(open) = &self.open {
            put(open);
        }
    }

    pub(crate) fn close(mut self) {
        if let Some(open) = self.open.take() {
            open.close();
        }
    }
}

impl fmt::Debug for Downstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downstream").field("id", &self.open.as_ref().map(|open| open.place.id)).finish()
    }
}

impl Drop for Downstream {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            open.put_cancelled();
            open.close();
        }
    }
}
