//! The `X-Amzn-Trace-Id` header: what comes in with an invocation and what the function is given.

use crate::trace_id::{EntityId, TraceId};

/// Which trace header an invocation has.
///
/// ```
/// # use tracer_console::{Invocation, Tracing};
/// let header = "Root=1-6b02d7e6-207f0216d9e1908cc7eb247a;Sampled=0".to_owned();
/// let invocation = Invocation::payload("{}").tracing(Tracing::Incoming(header));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Tracing {
    /// A new trace, sampled.
    #[default]
    Sampled,
    /// A new trace that is not sampled: `Sampled=0`, no segments.
    NotSampled,
    /// Lambda's `PassThrough`: the function is given only `Root`, no segments.
    PassThrough,
    /// No header, no segments.
    Absent,
    /// This header came with the request, and Lambda handles it as with active tracing: `Sampled=0` is respected,
    /// anything else is sampled, and without a correct `Root` a new trace begins.
    Incoming(String),
    /// The function is given exactly this, however malformed; no segments.
    Verbatim(String),
}

/// What a header says.
#[derive(Debug, Default)]
pub(super) struct TraceHeader {
    pub(super) root: Option<TraceId>,
    pub(super) parent: Option<EntityId>,
    /// Whether to sample, if whoever wrote the header had decided.
    pub(super) sampled: Option<bool>,
    /// `;key=value` of everything else.
    extras: String,
}

impl TraceHeader {
    /// Broken parts are skipped; a broken `Root` is as good as none.
    pub(super) fn read(header: &str) -> Self {
        let mut read = Self::default();
        for (key, value) in header.split(';').filter_map(|part| part.trim().split_once('=')) {
            match key.to_ascii_lowercase().as_str() {
                "root" => read.root = value.parse().ok(),
                "parent" => read.parent = value.parse().ok(),
                "sampled" if value == "0" || value == "1" => read.sampled = Some(value == "1"),
                "sampled" | "self" => {}
                _ => read.extras.push_str(&format!(";{key}={value}")),
            }
        }
        read
    }
}

/// What was decided for one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// The trace, if the header names one.
    pub(crate) root: Option<TraceId>,
    /// Whoever called, by the header.
    pub(crate) parent: Option<EntityId>,
    hands_on: HandsOn,
    /// `;key=value` of everything else in the header, such as `Lineage`.
    extras: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HandsOn {
    Sampled,
    NotSampled,
    RootOnly,
    Nothing,
    Verbatim(String),
}

impl TraceContext {
    pub(crate) fn of(tracing: &Tracing) -> Self {
        match tracing {
            Tracing::Sampled => Self::new(HandsOn::Sampled),
            Tracing::NotSampled => Self::new(HandsOn::NotSampled),
            Tracing::PassThrough => Self::new(HandsOn::RootOnly),
            Tracing::Absent => Self { root: None, ..Self::new(HandsOn::Nothing) },
            Tracing::Incoming(header) => Self::incoming(header),
            Tracing::Verbatim(header) => {
                let root = Self::incoming(header).root.filter(|root| header.contains(&root.to_string()));
                Self { root, ..Self::new(HandsOn::Verbatim(header.clone())) }
            }
        }
    }

    fn new(hands_on: HandsOn) -> Self {
        Self { root: Some(TraceId::generate()), parent: None, hands_on, extras: String::new() }
    }

    fn incoming(header: &str) -> Self {
        let TraceHeader { root, parent, sampled, extras } = TraceHeader::read(header);
        let hands_on = if sampled == Some(false) { HandsOn::NotSampled } else { HandsOn::Sampled };
        match root {
            Some(_) => Self { root, parent, hands_on, extras },
            None => Self::new(HandsOn::Sampled),
        }
    }

    /// The trace to record segments in; `None` when nothing is recorded.
    pub(crate) fn recorded(&self) -> Option<TraceId> {
        self.root.filter(|_| self.hands_on == HandsOn::Sampled)
    }

    /// The header for the function whose segment is `segment`; `None` for no header.
    pub(crate) fn header(&self, segment: EntityId) -> Option<String> {
        if let HandsOn::Verbatim(header) = &self.hands_on {
            return Some(header.clone());
        }
        let (root, extras) = (self.root?, &self.extras);
        match self.hands_on {
            HandsOn::Sampled => Some(format!("Root={root};Parent={segment};Sampled=1{extras}")),
            HandsOn::NotSampled => Some(format!("Root={root};Parent={segment};Sampled=0{extras}")),
            HandsOn::RootOnly => Some(format!("Root={root}{extras}")),
            HandsOn::Nothing | HandsOn::Verbatim(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-6b02d7e6-207f0216d9e1908cc7eb247a";

    fn segment() -> EntityId {
        "53995c3f42cd8ad8".parse().unwrap()
    }

    fn handed_on(header: &str) -> Option<String> {
        TraceContext::of(&Tracing::Incoming(header.into())).header(segment())
    }

    #[test]
    fn an_incoming_decision_is_respected_and_lineage_is_kept() {
        let header = format!("Root={ROOT};Parent=0000000000000001;Sampled=1;Lineage=a87bd80c:1|68fd508a:5");
        let expected = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1|68fd508a:5");
        assert_eq!(handed_on(&header), Some(expected));
        let not_sampled = TraceContext::of(&Tracing::Incoming(format!("Root={ROOT};Sampled=0")));
        assert_eq!(not_sampled.recorded(), None);
        assert!(not_sampled.header(segment()).unwrap().ends_with("Sampled=0"));
    }

    #[test]
    fn active_tracing_samples_where_nobody_has_decided() {
        let expected = Some(format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"));
        assert_eq!(handed_on(&format!("Root={ROOT}")), expected);
        assert_eq!(handed_on(&format!("Self=1-2-3; Root={ROOT} ;Sampled=?;broken")), expected);
    }

    #[test]
    fn a_malformed_header_begins_a_new_trace_unless_it_is_given_verbatim() {
        let context = TraceContext::of(&Tracing::Incoming("Root=nonsense".into()));
        assert!(context.recorded().is_some());
        let verbatim = TraceContext::of(&Tracing::Verbatim("Root=nonsense".into()));
        assert_eq!((verbatim.recorded(), verbatim.header(segment())), (None, Some("Root=nonsense".into())));
    }

    #[test]
    fn pass_through_hands_on_the_root_alone_and_absent_nothing() {
        let pass = TraceContext::of(&Tracing::PassThrough);
        assert_eq!(pass.header(segment()), Some(format!("Root={}", pass.root.unwrap())));
        assert_eq!(pass.recorded(), None);
        assert_eq!(TraceContext::of(&Tracing::Absent).header(segment()), None);
    }
}
