//! One subsegment of a record, and one of its values.

use std::sync::Arc;

use crate::trace_id::SegmentId;

use super::callsite::Callsite;
use super::exception::Link;

/// The index of a subsegment in the record.
pub(crate) type NodeIndex = u32;
/// No subsegment, field or chain.
pub(crate) const NONE: u32 = u32::MAX;

/// A stretch of the byte arena.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Text {
    pub(crate) start: u32,
    pub(crate) length: u32,
}

/// How far a subsegment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Open,
    /// Open, and already sent once as in progress: X-Ray takes one such document.
    Announced,
    Closed,
    /// In a document that is to be sent or being sent: the one whose root `document` names.
    Leaving,
    /// An entry of the vector that waits for its next subsegment.
    Free,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    pub(crate) fault: bool,
    pub(crate) error: bool,
    pub(crate) throttle: bool,
}

/// One subsegment.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: SegmentId,
    pub(crate) parent_id: SegmentId,
    pub(crate) parent: NodeIndex,
    pub(crate) first_child: NodeIndex,
    pub(crate) last_child: NodeIndex,
    pub(crate) previous: NodeIndex,
    pub(crate) next: NodeIndex,
    /// Epoch microseconds.
    pub(crate) start: u64,
    /// Epoch microseconds, once closed.
    pub(crate) end: u64,
    pub(crate) callsite: Option<&'static Callsite>,
    /// The name, escaped for a JSON string.
    pub(crate) name: Text,
    pub(crate) stage: Stage,
    pub(crate) flags: Flags,
    pub(crate) first_field: u32,
    pub(crate) last_field: u32,
    /// At most how long its own part of a document is.
    pub(crate) text_bytes: u32,
    pub(crate) depth: u32,
    /// The root of the document that it leaves in. A child nests in its parent's document only if this is the same.
    pub(crate) document: NodeIndex,
    /// How far beyond its smallest a value may go before it is cut.
    pub(crate) spare: u32,
    /// How many of its values do not fit at all.
    pub(crate) lost_fields: u32,
    /// The exceptions that a child recorded last, to refer to when this one fails with the same.
    pub(crate) chain_of_child: Option<Chain>,
    /// The exceptions that it recorded itself.
    pub(crate) own_chain: Option<Chain>,
    /// An exception of a child that is this one's cause too.
    pub(crate) cause: Option<SegmentId>,
}

/// Exceptions as they are recognised again, outermost first.
pub(crate) type Chain = Arc<[Link]>;

/// Where in a document a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// A member of the subsegment itself.
    Member,
    Annotation,
    Metadata,
    HttpRequest,
    HttpResponse,
    Aws,
    Sql,
    /// An element of `cause.exceptions`.
    Exception,
}

/// One value of a subsegment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) next: u32,
    pub(crate) section: Section,
    /// Of metadata: an index into the record's namespaces.
    pub(crate) namespace: u16,
    /// How much of the text is `"key":`.
    pub(crate) key_length: u32,
    /// `"key":value`, or of an exception the value alone.
    pub(crate) text: Text,
    /// It does not fit into its document, not even cut.
    pub(crate) is_lost: bool,
}

/// What a new subsegment begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewNode {
    pub(crate) id: SegmentId,
    pub(crate) parent_id: SegmentId,
    /// The parent's index, if it is in the record.
    pub(crate) parent: NodeIndex,
    pub(crate) start: u64,
    pub(crate) callsite: Option<&'static Callsite>,
}
