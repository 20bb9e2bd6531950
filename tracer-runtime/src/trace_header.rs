//! The tracing header, `X-Amzn-Trace-Id` (facts 2.2).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::beginning::beginning;
use crate::trace_id::{SegmentId, TraceId};

/// The caller's decision whether this trace is recorded.
///
/// ```
/// use tracer_runtime::{Sampling, TraceHeader};
///
/// let header: TraceHeader = "Root=1-67891233-abcdef012345678912345678;Sampled=0".parse()?;
/// assert_eq!(header.sampling(), Sampling::NotSampled);
/// # Ok::<(), tracer_runtime::TraceHeaderError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// `Sampled=1`: record.
    Sampled,
    /// `Sampled=0`: do not record, and tell downstream.
    NotSampled,
    /// `Sampled=?`: the caller asks for the decision in the response.
    Asked,
    /// No word of it. In Lambda this is pass-through mode, and nothing is recorded.
    Undecided,
}

/// The tracing header as X-Ray passes it from service to service.
///
/// Reading is lenient, as facts 2.2 recommend: keys in any case, spaces around parts, parts without `=` skipped,
/// `Self` dropped, unknown keys (such as `Lineage`) kept in order; only a missing or malformed `Root` is an error.
///
/// ```
/// use tracer_runtime::TraceHeader;
///
/// let text = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1";
/// let header: TraceHeader = text.parse()?;
/// assert!(header.is_sampled());
/// assert_eq!(header.parent().unwrap().to_string(), "53995c3f42cd8ad8");
/// assert_eq!(header.to_string(), text);
/// # Ok::<(), tracer_runtime::TraceHeaderError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceHeader {
    root: TraceId,
    parent: Option<SegmentId>,
    sampling: Sampling,
    /// Unknown parts as they came, each with the `;` before it.
    extra: String,
}

impl TraceHeader {
    pub(crate) const EMPTY: Self =
        Self { root: TraceId::ZERO, parent: None, sampling: Sampling::Undecided, extra: String::new() };

    /// A header for a trace that begins here.
    ///
    /// ```
    /// use tracer_runtime::{Sampling, TraceHeader, TraceId};
    ///
    /// let header = TraceHeader::new(TraceId::from_parts(1, 2), None, Sampling::NotSampled);
    /// assert_eq!(header.to_string(), "Root=1-00000001-000000000000000000000002;Sampled=0");
    /// ```
    #[must_use]
    pub fn new(root: TraceId, parent: Option<SegmentId>, sampling: Sampling) -> Self {
        Self { root, parent, sampling, extra: String::new() }
    }

    /// The trace.
    ///
    /// ```
    /// # use tracer_runtime::{Sampling, TraceHeader, TraceId};
    /// # let header = TraceHeader::new(TraceId::from_parts(1, 2), None, Sampling::Sampled);
    /// assert_eq!(header.root(), TraceId::from_parts(1, 2));
    /// ```
    #[must_use]
    pub fn root(&self) -> TraceId {
        self.root
    }

    /// The segment or subsegment of the caller, if it named one.
    ///
    /// ```
    /// # use tracer_runtime::{Sampling, TraceHeader, TraceId};
    /// # let header = TraceHeader::new(TraceId::from_parts(1, 2), None, Sampling::Sampled);
    /// assert_eq!(header.parent(), None);
    /// ```
    #[must_use]
    pub fn parent(&self) -> Option<SegmentId> {
        self.parent
    }

    /// The caller's decision.
    ///
    /// ```
    /// # use tracer_runtime::{Sampling, TraceHeader, TraceId};
    /// # let header = TraceHeader::new(TraceId::from_parts(1, 2), None, Sampling::Sampled);
    /// assert_eq!(header.sampling(), Sampling::Sampled);
    /// ```
    #[must_use]
    pub fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// Whether the header says `Sampled=1`.
    ///
    /// ```
    /// # use tracer_runtime::{Sampling, TraceHeader, TraceId};
    /// # let header = TraceHeader::new(TraceId::from_parts(1, 2), None, Sampling::Sampled);
    /// assert!(header.is_sampled());
    /// ```
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.sampling == Sampling::Sampled
    }

    /// The same header with another parent: what goes out with a call that `parent` makes.
    ///
    /// ```
    /// # use tracer_runtime::{Sampling, TraceHeader, TraceId};
    /// # let header = TraceHeader::new(TraceId::from_parts(1, 2), None, Sampling::Sampled);
    /// let parent = "53995c3f42cd8ad8".parse()?;
    /// assert_eq!(header.with_parent(parent).parent(), Some(parent));
    /// # Ok::<(), tracer_runtime::IdError>(())
    /// ```
    #[must_use]
    pub fn with_parent(&self, parent: SegmentId) -> Self {
        Self { parent: Some(parent), ..self.clone() }
    }

    /// The header with another parent as text, without a formatter: each downstream call sends one.
    #[cfg(feature = "enable")]
    pub(crate) fn text_with_parent(&self, parent: SegmentId) -> String {
        const LONGEST: usize = "Root=;Parent=;Sampled=1".len() + 35 + 16;
        let (root, parent) = (self.root.to_bytes(), parent.to_bytes());
        let parts: [&[u8]; 6] =
            [b"Root=", &root, b";Parent=", &parent, self.decision().as_bytes(), self.extra.as_bytes()];
        let mut text = Vec::with_capacity(LONGEST + self.extra.len());
        parts.into_iter().for_each(|part| text.extend_from_slice(part));
        // All of it is text, so there is no other.
        String::from_utf8(text).unwrap_or_default()
    }

    fn decision(&self) -> &'static str {
        match self.sampling {
            Sampling::Sampled => ";Sampled=1",
            Sampling::NotSampled => ";Sampled=0",
            Sampling::Asked => ";Sampled=?",
            Sampling::Undecided => "",
        }
    }

    /// Reads `text` into this header, reusing its memory. On an error the header is left empty.
    pub(crate) fn assign(&mut self, text: &str) -> Result<(), TraceHeaderError> {
        let mut root = None;
        self.parent = None;
        self.sampling = Sampling::Undecided;
        self.extra.clear();
        let mut rest = Some(text);
        while let Some(text) = rest {
            let (part, after) =
                split_at(text, b';').map_or((text, None), |(part, after)| (part, Some(after)));
            rest = after;
            let part = part.trim();
            let Some((key, value)) = split_at(part, b'=') else {
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            if key.eq_ignore_ascii_case("Root") {
                root = Some(
                    value.parse().map_err(|_| TraceHeaderError::BadRoot(beginning(value, 60).to_owned())),
                );
            } else if key.eq_ignore_ascii_case("Parent") {
                self.parent = value.parse().ok();
            } else if key.eq_ignore_ascii_case("Sampled") {
                self.sampling = sampling(value);
            } else if !key.eq_ignore_ascii_case("Self") && is_printable(part) {
                self.extra.push(';');
                self.extra.push_str(part);
            }
        }
        match root.unwrap_or(Err(TraceHeaderError::MissingRoot)) {
            Ok(root) => self.root = root,
            Err(error) => {
                *self = Self::EMPTY;
                return Err(error);
            }
        }
        Ok(())
    }
}

impl FromStr for TraceHeader {
    type Err = TraceHeaderError;

    fn from_str(text: &str) -> Result<Self, TraceHeaderError> {
        let mut header = Self::EMPTY;
        header.assign(text)?;
        Ok(header)
    }
}

impl fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root={}", self.root)?;
        if let Some(parent) = self.parent {
            write!(f, ";Parent={parent}")?;
        }
        f.write_str(self.decision())?;
        f.write_str(&self.extra)
    }
}

/// A tracing header that names no trace.
///
/// ```
/// use tracer_runtime::{TraceHeader, TraceHeaderError};
///
/// assert_eq!("Sampled=1".parse::<TraceHeader>(), Err(TraceHeaderError::MissingRoot));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TraceHeaderError {
    /// No `Root` part.
    #[error("the tracing header has no `Root=…` part: pass on the header as it came")]
    MissingRoot,
    /// A `Root` that is no trace id.
    #[error("`{0}` in the tracing header is no trace id: pass on the header as it came")]
    BadRoot(String),
}

/// What is before and after the first `separator`, which is ASCII; for a few bytes a loop is faster than `split_once`.
fn split_at(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == separator)?;
    Some((&text[..at], &text[at + 1..]))
}

fn sampling(value: &str) -> Sampling {
    match value {
        "1" => Sampling::Sampled,
        "0" => Sampling::NotSampled,
        "?" => Sampling::Asked,
        _ => Sampling::Undecided,
    }
}

/// Whether a text may go into an HTTP header as it is.
pub(crate) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

    fn header(text: &str) -> TraceHeader {
        text.parse().unwrap()
    }

    #[test]
    fn a_full_header_is_read() {
        let header = header(&format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1"));
        assert_eq!(header.root().to_string(), "1-5759e988-bd862e3fe1be46a994272793");
        assert_eq!(header.parent().unwrap().to_string(), "53995c3f42cd8ad8");
        assert!(header.is_sampled());
    }

    #[test]
    fn parts_come_in_any_order_case_and_spacing() {
        let text = " sampled = 0 ; parent=53995c3f42cd8ad8;broken; ROOT=1-5759e988-bd862e3fe1be46a994272793 ";
        let header = header(text);
        assert_eq!(header.sampling(), Sampling::NotSampled);
        assert!(header.parent().is_some());
    }

    #[cfg(feature = "enable")]
    #[test]
    fn the_text_with_another_parent_is_that_of_the_header_with_it() {
        let parent: SegmentId = "0000000000000007".parse().unwrap();
        for rest in
            ["", ";Sampled=1", ";Parent=53995c3f42cd8ad8;Sampled=0;Lineage=a:1|b:2;X=\u{e4}", ";Sampled=?"]
        {
            let header = header(&format!("{ROOT}{rest}"));
            assert_eq!(header.text_with_parent(parent), header.with_parent(parent).to_string());
        }
    }

    #[test]
    fn white_space_of_any_kind_is_trimmed() {
        assert_eq!(header(&format!("\u{b}A=1\u{a0}; {ROOT}")).to_string(), format!("{ROOT};A=1"));
    }

    #[test]
    fn unknown_parts_are_kept_in_order_and_self_is_not() {
        let header = header(&format!("Self=1-2-3;B=2;{ROOT};A=1;Lineage=a:1|b:2;Sampled=?"));
        assert_eq!(header.to_string(), format!("{ROOT};Sampled=?;B=2;A=1;Lineage=a:1|b:2"));
    }

    #[test]
    fn a_root_alone_is_undecided() {
        assert_eq!(header(ROOT).sampling(), Sampling::Undecided);
        assert_eq!(header(ROOT).to_string(), ROOT);
    }

    #[test]
    fn a_header_without_a_trace_is_refused() {
        assert_eq!("nonsense".parse::<TraceHeader>(), Err(TraceHeaderError::MissingRoot));
        assert_eq!("Root=1-2-3".parse::<TraceHeader>(), Err(TraceHeaderError::BadRoot("1-2-3".into())));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_survives_a_round_trip(text in "\\PC{0,80}|(Root=1-5759e988-bd862e3fe1be46a994272793)?(;[A-Za-z]{0,8}=?[ -~]{0,12}){0,6}") {
            if let Ok(header) = text.parse::<TraceHeader>() {
                proptest::prop_assert_eq!(header.to_string().parse::<TraceHeader>().unwrap(), header);
            }
        }
    }
}
