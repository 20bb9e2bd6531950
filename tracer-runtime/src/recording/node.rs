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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) start: u32,
    pub(crate) length: u32,
}

impl Text {
    pub(crate) fn end(self) -> usize {
        self.start as usize + self.length as usize
    }
}

/// A name, escaped for a JSON string.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Name {
    Interned(&'static [u8]),
    Stored(Text),
}

impl Name {
    pub(crate) fn length(self) -> u32 {
        match self {
            Self::Interned(name) => name.len() as u32,
            Self::Stored(text) => text.length,
        }
    }
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
    pub(crate) name: Name,
    pub(crate) stage: Stage,
    pub(crate) flags: Flags,
    pub(crate) first_field: u32,
    pub(crate) last_field: u32,
    /// Which sections it has fields of, a bit for each.
    pub(crate) sections: u8,
    pub(crate) body: Body,
    /// A bit for each key that is there, by its hash.
    pub(crate) keys: u64,
    pub(crate) field_count: u32,
    /// How much of the arena is its values and what stands between them.
    pub(crate) arena_bytes: u32,
    /// At most how long its own part of a document is, once closed.
    pub(crate) text_bytes: u32,
    pub(crate) depth: u32,
    /// The root of the document that it leaves in. A child nests in its parent's document only if this is the same.
    pub(crate) document: NodeIndex,
    /// How far beyond its smallest a value may go before it is cut.
    pub(crate) spare: u32,
    /// How many of its values do not fit at all.
    pub(crate) lost_fields: u32,
    /// What is known of its errors, and only where there are any.
    pub(crate) failure: Option<Box<Failure>>,
}

/// What a subsegment and those below it failed with.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    /// The exceptions that a child recorded last, to refer to when this one fails with the same.
    pub(crate) chain_of_child: Option<Chain>,
    /// The exceptions that it recorded itself.
    pub(crate) own_chain: Option<Chain>,
    /// An exception of a child that is this one's cause too.
    pub(crate) cause: Option<SegmentId>,
}

impl Node {
    pub(crate) fn failure(&mut self) -> &mut Failure {
        self.failure.get_or_insert_default()
    }

    pub(crate) fn has(&self, section: Section) -> bool {
        self.sections & section.bit() != 0
    }
}

/// What a subsegment's values are in its document, while they come one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    Empty,
    /// Their text as it will be in the document, but for what closes the last section.
    Whole {
        text: Text,
        section: Section,
        namespace: u16,
    },
    /// Only the fields tell.
    Scattered,
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

impl Section {
    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// What stands in a document before its first field, or for metadata before the namespace, and after its last.
    pub(crate) const fn brackets(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Self::Member => (b",", b""),
            Self::Annotation => (b",\"annotations\":{", b"}"),
            Self::Metadata => (b",\"metadata\":{", b"}}"),
            Self::HttpRequest => (b",\"http\":{\"request\":{", b"}}"),
            Self::HttpResponse => (b",\"http\":{\"response\":{", b"}}"),
            Self::Aws => (b",\"aws\":{", b"}"),
            Self::Sql => (b",\"sql\":{", b"}"),
            Self::Exception => (b",\"cause\":{\"exceptions\":[", b"]}"),
        }
    }

    /// Whether its text depends on nothing else in the subsegment.
    pub(crate) const fn stands_alone(self) -> bool {
        !matches!(self, Self::Exception)
    }

    /// The other half of the `http` block, which both are members of.
    const fn other_half(self) -> Option<Self> {
        match self {
            Self::HttpRequest => Some(Self::HttpResponse),
            Self::HttpResponse => Some(Self::HttpRequest),
            _ => None,
        }
    }

    /// What of its brackets stands inside of the `http` block, for one half of that.
    pub(crate) const fn brackets_in_http(self) -> (&'static [u8], &'static [u8]) {
        const AROUND: usize = b",\"http\":{".len();
        let (opening, closing) = self.brackets();
        (opening.split_at(AROUND).1, closing.split_at(1).1)
    }
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

impl Field {
    /// `"key":`, or nothing of an exception.
    pub(crate) fn key(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.text.start as usize..][..self.key_length as usize]
    }

    /// The key's bit in [`Node::keys`], none for what has no key: most keys of a subsegment differ in theirs.
    #[inline]
    pub(crate) fn key_bit(self, bytes: &[u8]) -> u64 {
        // By its first and last character; empty keys share a bit.
        let [_, first, .., _, _] = self.key(bytes) else { return u64::from(self.key_length > 0) };
        let last = &bytes[self.text.start as usize + self.key_length as usize - 3];
        let hash = u32::from(*first) + 5 * u32::from(*last) + 3 * self.key_length;
        1 << ((hash + 7 * self.section as u32 + 11 * u32::from(self.namespace)) % 64)
    }
}

impl Node {
    /// Appends what stands in the document between the value before and one of `section`, if the one before is the last
    /// of the arena.
    #[inline]
    pub(crate) fn go_on(
        &mut self,
        bytes: &mut Vec<u8>,
        namespaces: &[Text],
        section: Section,
        namespace: u16,
    ) {
        match self.body {
            Body::Empty if section.stands_alone() => {}
            Body::Whole { text, section: last, namespace: last_namespace } if text.end() == bytes.len() => {
                if section == last && namespace == last_namespace {
                    bytes.push(b',');
                    return;
                }
                let other_half = section.other_half();
                let goes_on = other_half == Some(last);
                let is_apart = !goes_on && other_half.is_some_and(|half| self.has(half));
                if self.has(section) || is_apart || !section.stands_alone() {
                    self.body = Body::Scattered;
                    return;
                }
                if goes_on {
                    bytes.extend_from_slice(last.brackets_in_http().1);
                    bytes.push(b',');
                    bytes.extend_from_slice(section.brackets_in_http().0);
                    return;
                }
                bytes.extend_from_slice(last.brackets().1);
            }
            _ => {
                self.body = Body::Scattered;
                return;
            }
        }
        bytes.extend_from_slice(section.brackets().0);
        if section == Section::Metadata {
            let name = namespaces[usize::from(namespace)];
            bytes.extend_from_within(name.start as usize..name.end());
            bytes.extend_from_slice(b":{");
        }
    }

    /// Appends a field; `body` is where the arena ended before it and what stands in front of it.
    #[inline]
    pub(crate) fn append(&mut self, fields: &mut Vec<Field>, field: Field, body: u32) {
        let at = fields.len() as u32;
        match self.last_field {
            NONE => self.first_field = at,
            last => fields[last as usize].next = at,
        }
        fields.push(field);
        self.last_field = at;
        self.field_count += 1;
        self.sections |= field.section.bit();
        let start = match self.body {
            Body::Empty => body,
            Body::Whole { text, .. } => text.start,
            Body::Scattered => return,
        };
        let text = Text { start, length: field.text.end() as u32 - start };
        self.body = Body::Whole { text, section: field.section, namespace: field.namespace };
    }
}
