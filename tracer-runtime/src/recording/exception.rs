//! Errors and panics as X-Ray's exceptions (facts 1.8).

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::trace_id::SegmentId;

use super::bare_urls::with_bare_urls;
use super::json::{write_cut, write_escaped, write_string};
use super::node::{NodeIndex, Section};
use super::record::Record;

/// The longest source chain that is recorded.
const MOST_LINKS: usize = 10;
/// The longest message that is recorded, in bytes.
const LONGEST_MESSAGE: usize = 4096;
/// The most frames that a stack shows.
const MOST_FRAMES: usize = 10;

/// An error with its sources, as text.
#[derive(Debug, Default)]
pub(crate) struct Exceptions {
    links: Vec<Exception>,
    /// Whether a downstream raised it.
    is_remote: bool,
}

#[derive(Debug)]
struct Exception {
    /// `None` where only `dyn Error` is known.
    type_name: Option<String>,
    /// What to show as the type, known or guessed.
    shown_type: String,
    message: String,
}

/// What is remembered of a recorded exception, to recognise it in an outer frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    type_hash: Option<u64>,
    message_hash: u64,
    id: SegmentId,
}

impl Exceptions {
    /// An error of a known type, with its sources.
    pub(crate) fn of_error<E: Error + ?Sized>(error: &E) -> Self {
        let mut exceptions = Self::default();
        exceptions.push(Some(std::any::type_name::<E>()), error, Some(error));
        exceptions.push_sources(|| error.source());
        exceptions
    }

    /// An error behind `dyn Error`: what it prints is all there is to tell its type by.
    pub(crate) fn of_dyn_error(error: &(dyn Error + '_)) -> Self {
        let mut exceptions = Self::default();
        exceptions.push(None, error, Some(error));
        exceptions.push_sources(|| error.source());
        exceptions
    }

    /// A value that only prints.
    pub(crate) fn of_text<E: ?Sized>(_: &E, message: impl fmt::Display) -> Self {
        let mut exceptions = Self::default();
        exceptions.push(Some(std::any::type_name::<E>()), message, None::<&str>);
        exceptions
    }

    /// What a downstream answered: the name of its error and what it says.
    pub(crate) fn of_downstream(type_name: &str, message: &str) -> Self {
        let mut exceptions = Self { is_remote: true, ..Self::default() };
        exceptions.push(Some(type_name), message, None::<&str>);
        exceptions
    }

    /// The same, raised by a downstream call.
    pub(crate) fn remote(self) -> Self {
        Self { is_remote: true, ..self }
    }

    /// A panic, by its payload.
    pub(crate) fn of_panic(payload: &(dyn Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic whose payload is no text");
        let mut exceptions = Self::default();
        exceptions.push(Some("panic"), message, None::<&str>);
        exceptions
    }

    fn push(&mut self, type_name: Option<&str>, message: impl fmt::Display, debug: Option<impl fmt::Debug>) {
        let message = bounded_text(format_args!("{message}"));
        let guessed = || debug.and_then(|debug| leading_type(&bounded_text(format_args!("{debug:?}"))));
        let shown_type = match type_name {
            Some(name) => name.to_owned(),
            None => guessed().unwrap_or_else(|| "Error".to_owned()),
        };
        self.links.push(Exception { type_name: type_name.map(str::to_owned), shown_type, message });
    }

    fn push_sources<'a>(&mut self, first: impl FnOnce() -> Option<&'a (dyn Error + 'static)>) {
        // A user's `source` may panic as well.
        let mut next = catch_unwind(AssertUnwindSafe(first)).ok().flatten();
        while let Some(source) = next.filter(|_| self.links.len() < MOST_LINKS) {
            self.push(None, source, Some(source));
            next = catch_unwind(AssertUnwindSafe(|| source.source())).ok().flatten();
        }
    }

    /// The message of the error itself.
    pub(crate) fn message(&self) -> &str {
        self.links.first().map_or("", |exception| &exception.message)
    }

    /// Records these on a subsegment: what a child or the subsegment itself recorded before is referred to by its id, the
    /// rest is written out.
    pub(crate) fn record_on(
        &self,
        record: &mut Record,
        index: NodeIndex,
        new_id: &mut dyn FnMut() -> SegmentId,
    ) {
        let failure = record[index].failure();
        let (own, of_child) = (failure.own_chain.clone(), failure.chain_of_child.clone());
        let known =
            || own.iter().chain(&of_child).flat_map(|chain| (0..chain.len()).map(move |at| (chain, at)));
        let find = |exception: &Exception| known().find(|(chain, at)| exception.is(&chain[*at]));
        let reference =
            self.links.iter().enumerate().find_map(|(at, exception)| Some((at, find(exception)?)));
        let written = &self.links[..reference.map_or(self.links.len(), |(at, _)| at)];
        let mut links: Vec<Link> = written.iter().map(|exception| exception.link(new_id())).collect();
        if let Some((_, (chain, from))) = reference {
            // Everything from the known one on hangs on it already.
            links.extend_from_slice(&chain[from..]);
            let is_childs = of_child.as_ref().is_some_and(|of_child| Arc::ptr_eq(of_child, chain));
            if written.is_empty() && is_childs {
                record[index].failure().cause = links.first().map(|link| link.id);
            }
        }
        let stack = stack(record, index);
        for (at, exception) in written.iter().enumerate() {
            let (id, cause) = (links[at].id, links.get(at + 1).map(|link| link.id));
            let stack = if at == 0 { stack.as_slice() } else { b"" };
            record.put(index, Section::Exception, 0, 0, |out| {
                exception.write(out, id, cause, self.is_remote, stack);
            });
        }
        record[index].failure().own_chain = Some(links.into());
    }
}

impl Exception {
    fn link(&self, id: SegmentId) -> Link {
        Link { type_hash: self.type_name.as_ref().map(hash), message_hash: hash(&self.message), id }
    }

    /// Whether this is the exception recorded as `link`: the same message, and the same type where both are known.
    fn is(&self, link: &Link) -> bool {
        let same_type = match (&self.type_name, link.type_hash) {
            (Some(name), Some(known)) => hash(name) == known,
            _ => true,
        };
        same_type && hash(&self.message) == link.message_hash
    }

    fn write(
        &self,
        out: &mut Vec<u8>,
        id: SegmentId,
        cause: Option<SegmentId>,
        is_remote: bool,
        stack: &[u8],
    ) {
        out.extend_from_slice(b"{\"id\":\"");
        out.extend_from_slice(&id.to_bytes());
        out.extend_from_slice(b"\",\"type\":");
        write_string(out, &self.shown_type);
        out.extend_from_slice(b",\"message\":");
        if is_remote {
            // Clients name the URL that they asked for, whole.
            write_message(out, &with_bare_urls(&self.message));
            out.extend_from_slice(b",\"remote\":true");
        } else {
            write_message(out, &self.message);
        }
        if let Some(cause) = cause {
            out.extend_from_slice(b",\"cause\":\"");
            out.extend_from_slice(&cause.to_bytes());
            out.push(b'"');
        }
        if !stack.is_empty() {
            out.extend_from_slice(b",\"stack\":");
            out.extend_from_slice(stack);
        }
        out.push(b'}');
    }
}

/// Control characters take six bytes each, so what was bounded as text is bounded as JSON too.
fn write_message(out: &mut Vec<u8>, message: &str) {
    let start = out.len();
    write_string(out, message);
    if out.len() - start > 2 * LONGEST_MESSAGE {
        let json = out.split_off(start);
        write_cut(out, &json, 2 * LONGEST_MESSAGE);
    }
}

/// The annotated functions that led here, innermost first: a stack that needs no backtrace.
fn stack(record: &Record, index: NodeIndex) -> Vec<u8> {
    let mut out = vec![b'['];
    let callsites = record.ancestors(index).filter_map(|at| record[at].callsite);
    for callsite in callsites.take(MOST_FRAMES) {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"path\":");
        write_string(&mut out, callsite.file);
        out.extend_from_slice(format!(",\"line\":{},\"label\":\"", callsite.line).as_bytes());
        write_escaped(&mut out, callsite.module);
        out.extend_from_slice(b"::");
        write_escaped(&mut out, callsite.function);
        out.extend_from_slice(b"\"}");
    }
    out.push(b']');
    if out.len() == 2 { Vec::new() } else { out }
}

/// What `text` prints, at most 4 KiB of it; a marker where its `Display` or `Debug` fails or panics.
fn bounded_text(text: fmt::Arguments<'_>) -> String {
    let mut bounded = Bounded(String::new());
    match catch_unwind(AssertUnwindSafe(|| bounded.write_fmt(text))) {
        Err(_) => "[its text is not known: formatting it panicked]".to_owned(),
        Ok(Err(_)) if bounded.0.is_empty() => "[its text is not known: formatting it failed]".to_owned(),
        Ok(_) => bounded.0,
    }
}

struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Some(left) = LONGEST_MESSAGE.checked_sub(self.0.len()) else { return Err(fmt::Error) };
        if text.len() <= left {
            self.0.push_str(text);
            return Ok(());
        }
        let end = (0..=left).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.0.push_str(&text[..end]);
        self.0.push('…');
        // Stops the formatting: a message of any size costs bounded time.
        Err(fmt::Error)
    }
}

/// The type's name at the start of a derived `Debug`: `NotFound { id: 3 }` and `NotFound` begin with it.
fn leading_type(debug: &str) -> Option<String> {
    let name: String = debug.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
    let rest = &debug[name.len()..];
    let looks_derived = rest.is_empty() || rest.starts_with('(') || rest.starts_with(" {");
    (looks_derived && name.chars().next().is_some_and(char::is_uppercase)).then_some(name)
}

fn hash(text: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_behind_dyn_error_is_guessed_from_a_derived_debug() {
        assert_eq!(leading_type("NotFound { id: 3 }").as_deref(), Some("NotFound"));
        assert_eq!(leading_type("NotFound(3)").as_deref(), Some("NotFound"));
        assert_eq!(leading_type("NotFound").as_deref(), Some("NotFound"));
        assert_eq!(leading_type("\"text\""), None);
        assert_eq!(leading_type("Order was lost"), None);
    }

    #[test]
    fn a_message_of_any_size_is_bounded_on_a_character() {
        let long = "é".repeat(100_000);
        let text = bounded_text(format_args!("x{long}"));
        assert!(text.len() <= LONGEST_MESSAGE + '…'.len_utf8());
        assert!(text.ends_with("é…"));
    }

    #[test]
    fn behaviour_161_a_long_chain_is_bounded() {
        #[derive(Debug)]
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("again")
            }
        }
        impl Error for Endless {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&Endless)
            }
        }
        assert_eq!(Exceptions::of_error(&Endless).links.len(), MOST_LINKS);
    }
}
