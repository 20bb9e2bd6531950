//! The other fields of a subsegment: HTTP, SQL, AWS, flags, errors.

use std::error::Error;

use crate::beginning::beginning;
use crate::error_flag::ErrorFlag;
use crate::namespace::Namespace;

use super::context::{self, Context};
use super::exception::Exceptions;
use super::json::write_string;
use super::node::{Flags, NodeIndex, Section};
use super::record::Record;
use super::scratch;

/// Says that the current subsegment is a call of a downstream service.
///
/// ```
/// # use tracer_runtime::{Namespace, testing};
/// let trace = testing::capture(|| {
///     tracer_runtime::subsegment("S3", || tracer_runtime::set_namespace(Namespace::Aws));
/// });
/// assert_eq!(trace.subsegment("S3").json()["namespace"], "aws");
/// ```
pub fn set_namespace(namespace: Namespace) {
    put_text(Section::Member, "namespace", namespace.text());
}

/// Records the HTTP request that the current subsegment makes or serves. Leave the query out of the URL: it may hold secrets.
///
/// ```
/// # use tracer_runtime::testing;
/// let trace = testing::capture(|| {
///     tracer_runtime::subsegment("pay.example.com", || {
///         tracer_runtime::set_http_request("POST", "https://pay.example.com/v1");
///     });
/// });
/// assert_eq!(trace.subsegment("pay.example.com").json()["http"]["request"]["method"], "POST");
/// ```
pub fn set_http_request(method: &str, url: &str) {
    put_fields(|fields| fields.put_http_request(method, url));
}

/// Records the HTTP response and marks the current subsegment by its status: 429 throttle and error, other 4xx error,
/// 5xx fault. `content_length` is in bytes.
///
/// ```
/// # use tracer_runtime::testing;
/// let trace = testing::capture(|| {
///     tracer_runtime::subsegment("pay.example.com", || tracer_runtime::set_http_response(503, Some(12)));
/// });
/// assert!(trace.subsegment("pay.example.com").is_fault());
/// ```
pub fn set_http_response(status: u16, content_length: Option<u64>) {
    put_fields(|fields| fields.put_http_response(status, content_length));
}

/// Records a member of the `aws` block, such as `operation`, `region`, `request_id` or `table_name`.
///
/// ```
/// # use tracer_runtime::testing;
/// let trace = testing::capture(|| {
///     tracer_runtime::subsegment("DynamoDB", || tracer_runtime::set_aws("operation", "GetItem"));
/// });
/// assert_eq!(trace.subsegment("DynamoDB").json()["aws"]["operation"], "GetItem");
/// ```
pub fn set_aws(key: &str, value: &str) {
    put_text(Section::Aws, key, value);
}

/// Records a member of the `sql` block: `url`, `sanitized_query`, `database_type`, `database_version`,
/// `driver_version`, `user`, `preparation` or `connection_string` (never with its password).
///
/// ```
/// # use tracer_runtime::testing;
/// let trace = testing::capture(|| {
///     tracer_runtime::subsegment("orders@db", || tracer_runtime::set_sql("database_type", "PostgreSQL"));
/// });
/// assert_eq!(trace.subsegment("orders@db").json()["sql"]["database_type"], "PostgreSQL");
/// ```
pub fn set_sql(key: &str, value: &str) {
    put_text(Section::Sql, key, if key == "user" { shortened(value) } else { value });
}

/// Marks the current subsegment as a fault: ours, as HTTP 5xx is.
///
/// ```
/// # use tracer_runtime::testing;
/// let trace = testing::capture(|| tracer_runtime::subsegment("work", tracer_runtime::set_fault));
/// assert!(trace.subsegment("work").is_fault());
/// ```
pub fn set_fault() {
    set_flags(|flags| flags.fault = true);
}

/// Marks the current subsegment as an error: the caller's, as HTTP 4xx is.
///
/// ```
/// # use tracer_runtime::testing;
/// let trace = testing::capture(|| tracer_runtime::subsegment("work", tracer_runtime::set_error));
/// assert!(trace.subsegment("work").is_error());
/// ```
pub fn set_error() {
    set_flags(|flags| flags.error = true);
}

/// Marks the current subsegment as throttled, which is an error too, as HTTP 429 is.
///
/// ```
/// # use tracer_runtime::testing;
/// let trace = testing::capture(|| tracer_runtime::subsegment("work", tracer_runtime::set_throttle));
/// assert!(trace.subsegment("work").is_throttle());
/// ```
pub fn set_throttle() {
    set_flags(|flags| (flags.error, flags.throttle) = (true, true));
}

/// Records an error with its sources on the current subsegment and marks it as a fault: for errors that the function
/// handles and does not return. Under `capture_error = false` only the fault is recorded.
///
/// ```
/// # use tracer_runtime::testing;
/// let trace = testing::capture(|| {
///     tracer_runtime::subsegment("work", || {
///         let error = "x".parse::<u8>().unwrap_err();
///         tracer_runtime::add_error(&error);
///     });
/// });
/// assert_eq!(trace.subsegment("work").exceptions()[0].message(), "invalid digit found in string");
/// ```
pub fn add_error<E: Error + ?Sized>(error: &E) {
    let Some(context) = current() else { return };
    if !captures_errors(&context) {
        set_fault();
        return;
    }
    let exceptions = Exceptions::of_error(error);
    context.change(|state, index| {
        let (record, mut new_id) = state.record_and_ids();
        record[index].flags.fault = true;
        exceptions.record_on(record, index, &mut new_id);
    });
}

/// Whether the current function's attribute, or else the tracer, lets the text of errors be recorded.
fn captures_errors(context: &Context) -> bool {
    let captures = context.change(|state, index| {
        let of_function = state.record[index].callsite.and_then(|callsite| callsite.capture_error);
        let of_tracer = || state.tracer.as_ref().is_some_and(|tracer| tracer.config().capture_error);
        of_function.unwrap_or_else(of_tracer)
    });
    captures.unwrap_or(false)
}

/// X-Ray takes 250 characters of these.
fn shortened(text: &str) -> &str {
    beginning(text, 250)
}

fn set_flags(set: impl FnOnce(&mut Flags)) {
    put_fields(|fields| set(&mut fields.record[fields.index].flags));
}

fn put_text(section: Section, key: &str, value: &str) {
    put_fields(|fields| fields.put_text(section, key, value));
}

fn put_fields(put: impl FnOnce(&mut Fields<'_>)) {
    if let Some(current) = current() {
        current.put_fields(put);
    }
}

fn current() -> Option<Context> {
    if context::is_recording() { context::current() } else { None }
}

/// The fields of an open subsegment, under the lock: several are recorded at once.
pub(crate) struct Fields<'a> {
    record: &'a mut Record,
    index: NodeIndex,
}

impl Fields<'_> {
    pub(crate) fn put_http_request(&mut self, method: &str, url: &str) {
        self.put_text(Section::HttpRequest, "method", shortened(method));
        self.put_text(Section::HttpRequest, "url", shortened(url));
    }

    /// The response, and the flag that its status comes to.
    pub(crate) fn put_http_response(&mut self, status: u16, content_length: Option<u64>) {
        self.put_http_status(status, content_length);
        self.flag(ErrorFlag::of_status(status));
    }

    /// The response alone, where something else decides how it marks the call.
    pub(crate) fn put_http_status(&mut self, status: u16, content_length: Option<u64>) {
        self.put_number(Section::HttpResponse, "status", status.into());
        if let Some(length) = content_length {
            self.put_number(Section::HttpResponse, "content_length", length);
        }
    }

    /// A member of the `aws` block.
    #[cfg(feature = "aws-sdk")]
    pub(crate) fn put_aws(&mut self, key: &str, value: &str) {
        self.put_text(Section::Aws, key, value);
    }

    /// A member of the `aws` block that is a number.
    #[cfg(feature = "aws-sdk")]
    pub(crate) fn put_aws_number(&mut self, key: &str, value: u64) {
        self.put_number(Section::Aws, key, value);
    }

    pub(crate) fn put_text(&mut self, section: Section, key: &str, value: &str) {
        self.put(section, key, |out| write_string(out, value));
    }

    pub(crate) fn put_number(&mut self, section: Section, key: &str, value: u64) {
        self.put(section, key, |out| {
            // Writing a number into memory cannot fail.
            let _ = serde_json::to_writer(out, &value);
        });
    }

    /// `write` appends the value as JSON; it runs under the lock.
    #[inline]
    fn put(&mut self, section: Section, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.record.put_written(self.index, section, 0, |out| {
            let key_length = write_key(out, key);
            write(out);
            key_length
        });
    }

    pub(crate) fn flag(&mut self, flag: ErrorFlag) {
        let flags = &mut self.record[self.index].flags;
        match flag {
            ErrorFlag::Fault => flags.fault = true,
            ErrorFlag::Error => flags.error = true,
            ErrorFlag::Throttle => (flags.error, flags.throttle) = (true, true),
            ErrorFlag::Ignore => {}
        }
    }
}

/// Appends `"key":` and says how long that is.
fn write_key(out: &mut Vec<u8>, key: &str) -> usize {
    let start = out.len();
    write_string(out, key);
    out.push(b':');
    out.len() - start
}

impl Context {
    /// Records fields of the subsegment unless it is closed.
    pub(crate) fn put_fields(&self, put: impl FnOnce(&mut Fields<'_>)) {
        self.change(|state, index| put(&mut Fields { record: &mut state.record, index }));
    }

    pub(crate) fn put_text(&self, section: Section, key: &str, value: &str) {
        self.put_fields(|fields| fields.put_text(section, key, value));
    }

    /// `write` appends the value as JSON. It may be the user's, so it does not run under the lock.
    pub(crate) fn put_written(&self, section: Section, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let mut text = scratch::take();
        let key_length = write_key(&mut text, key);
        write(&mut text);
        self.put(section, key_length, &text);
        scratch::give_back(text);
    }

    pub(crate) fn flag(&self, flag: ErrorFlag) {
        if flag != ErrorFlag::Ignore {
            self.put_fields(|fields| fields.flag(flag));
        }
    }
}
