//! Annotations and metadata on the current subsegment.

use std::borrow::Cow;

use serde::Serialize;

use crate::annotation::{Annotation, AnnotationValue, valid_key};
use crate::beginning::beginning;

use super::context;
use super::json::{Unserialized, write_string, write_value};
use super::node::Section;
use super::open::LONGEST_VALUE;
use super::{scratch, warning};

/// Puts an annotation on the current subsegment: X-Ray indexes it, so filter expressions find traces by it.
///
/// A key has 1 to 500 ASCII letters, digits and underscores; other characters become `_`, with one warning
/// ([`annotate!`](crate::annotate) refuses them at compile time). The same key again replaces the value. X-Ray
/// indexes 50 annotations a trace and keeps the rest. Where nothing is recorded it does nothing.
///
/// ```
/// use tracer_runtime::{capture_method, testing};
///
/// #[capture_method]
/// fn get_order(id: &str) {
///     tracer_runtime::put_annotation("OrderId", id);
/// }
///
/// let trace = testing::capture(|| get_order("ORD-1"));
/// assert_eq!(trace.subsegment("get_order").annotation("OrderId"), "ORD-1");
/// ```
#[inline]
pub fn put_annotation(key: &str, value: impl AnnotationValue) {
    if context::is_recording() {
        put_recorded_annotation(key, value.annotation());
    }
}

fn put_recorded_annotation(key: &str, value: Annotation<'_>) {
    let valid = valid_key(key);
    if let Cow::Owned(valid) = &valid {
        warning::once("annotation key", || {
            let (key, valid) = (beginning(key, 60), beginning(valid, 60));
            format!("the annotation key {key:?} became {valid:?}: use letters, digits and `_` only")
        });
    }
    let Some(current) = context::current().filter(|_| !value.is_none()) else { return };
    current.change(|state, index| {
        state.record.put(index, Section::Annotation, 0, valid.len() + "\"\":".len(), |out| {
            out.push(b'"');
            out.extend_from_slice(valid.as_bytes());
            out.extend_from_slice(b"\":");
            value.write(out);
        });
    });
}

/// What `annotate!` comes to: `key` is checked, and `"key":`.
#[doc(hidden)]
pub fn put_checked_annotation(key: &'static str, value: Annotation<'_>) {
    let Some(current) = context::current().filter(|_| !value.is_none()) else { return };
    current.change(|state, index| {
        state.record.put(index, Section::Annotation, 0, key.len(), |out| {
            out.extend_from_slice(key.as_bytes());
            value.write(out);
        });
    });
}

/// Puts metadata on the current subsegment: any value that can be serialised, shown with the trace and not indexed.
///
/// It goes into the namespace of the function's attribute, or that of the service's name. The same key again replaces
/// the value. NaN and the infinities become `null`; a value over 60,000 bytes of JSON or 64 levels of nesting is cut, with
/// a mark; one whose `Serialize` fails or panics becomes a note that says so. Where nothing is recorded it does nothing. (With
/// `panic = "abort"` a panic in `Serialize` cannot be contained.)
///
/// ```
/// use tracer_runtime::{capture_method, testing};
///
/// #[capture_method]
/// fn get_order() {
///     tracer_runtime::put_metadata("order", &["A", "B"]);
/// }
///
/// let trace = testing::capture(get_order);
/// assert_eq!(trace.subsegment("get_order").metadata("order")[1], "B");
/// ```
#[inline]
pub fn put_metadata<T: Serialize + ?Sized>(key: &str, value: &T) {
    if context::is_recording() {
        put_serialized(None, key, || value);
    }
}

/// Puts metadata into a namespace of its own; see [`put_metadata`].
///
/// An empty namespace is the service's. Namespaces and keys that begin with `AWS.` are X-Ray's own.
///
/// ```
/// use tracer_runtime::{capture_method, testing};
///
/// #[capture_method]
/// fn get_order() {
///     tracer_runtime::put_metadata_in("OrderDetails", "items", &2);
/// }
///
/// let trace = testing::capture(get_order);
/// assert_eq!(trace.subsegment("get_order").metadata_in("OrderDetails", "items"), 2);
/// ```
pub fn put_metadata_in<T: Serialize + ?Sized>(namespace: &str, key: &str, value: &T) {
    put_serialized(Some(namespace).filter(|name| !name.is_empty()), key, || value);
}

/// Puts metadata that is made only if it is recorded; see [`put_metadata`].
///
/// ```
/// use tracer_runtime::{capture_method, testing};
///
/// #[capture_method]
/// fn get_order() {
///     tracer_runtime::put_metadata_with("digits", || (0..3).collect::<Vec<u8>>());
/// }
///
/// get_order(); // Outside of a trace nothing is made.
/// let trace = testing::capture(get_order);
/// assert_eq!(trace.subsegment("get_order").metadata("digits")[2], 2);
/// ```
pub fn put_metadata_with<T: Serialize>(key: &str, value: impl FnOnce() -> T) {
    put_serialized(None, key, value);
}

fn put_serialized<T: Serialize>(namespace: Option<&str>, key: &str, value: impl FnOnce() -> T) {
    if !context::is_recording() {
        return;
    }
    let value = value();
    let (key, namespace) = (allowed(key), namespace.map(allowed));
    let mut text = scratch::take();
    write_string(&mut text, &key);
    text.push(b':');
    let key_length = text.len();
    let written = write_value(&mut text, &value, LONGEST_VALUE);
    write_failure(&mut text, &written);
    put(namespace.as_deref(), key_length, &text);
    scratch::give_back(text);
}

/// A metadata key or namespace that X-Ray takes: those that begin with `AWS.` are its own, and none is empty.
#[inline]
fn allowed(name: &str) -> Cow<'_, str> {
    if name.is_empty() || name.starts_with("AWS.") { mended(name) } else { Cow::Borrowed(name) }
}

#[cold]
fn mended(name: &str) -> Cow<'_, str> {
    warning::once("metadata key", || {
        "a metadata key or namespace that is empty or begins with `AWS.` got a `_` in front: choose another"
            .to_owned()
    });
    Cow::Owned(format!("_{name}"))
}

/// Writes what stands for a value that could not be serialised.
#[inline]
pub(crate) fn write_failure(out: &mut Vec<u8>, written: &Result<(), Unserialized>) {
    match written {
        Ok(()) => {}
        Err(Unserialized::Error(error)) => write_string(out, &format!("[not captured: {error}]")),
        Err(Unserialized::Panicked) => write_string(out, "[not captured: its `Serialize` panicked]"),
    }
}

fn put(namespace: Option<&str>, key_length: usize, text: &[u8]) {
    let Some(current) = context::current() else { return };
    current.change(|state, index| {
        let record = &mut state.record;
        let of_function = || record[index].callsite.and_then(|callsite| callsite.namespace);
        let namespace = namespace.or_else(of_function);
        let Some(namespace) = namespace.map_or(Some(0), |name| record.namespace(name)) else { return };
        record.put(index, Section::Metadata, namespace, key_length, |out| out.extend_from_slice(text));
    });
}
