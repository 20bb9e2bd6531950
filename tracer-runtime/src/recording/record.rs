//! What one invocation has recorded and not yet sent: subsegments in a tree, their values in one byte arena.
//!
//! Subsegments are entries of one vector and refer to each other by index; every value is JSON text already. In steady
//! state a subsegment therefore costs no allocation, and encoding is copying.

mod values;

use std::ops::{Index, IndexMut};

use crate::trace_id::SegmentId;

use super::callsite::{Callsite, ValidName};
use super::json::Clock;
use super::node::{Body, Field, Flags, NONE, Name, NewNode, Node, NodeIndex, Stage, Text};
use super::outbox::Waiting;

/// Over this many bytes an invocation's values are dropped and counted.
pub(crate) const MOST_BYTES_WITH_VALUES: usize = 12 << 20;
/// Over this many bytes whole subtrees are dropped and counted.
pub(crate) const MOST_BYTES: usize = 16 << 20;
/// Over this many bytes of closed subsegments these are sent early, to stay below the two caps above.
pub(crate) const SEND_EARLY_BYTES: usize = 1 << 20;
/// No document has room for more values of one subsegment, and each looks for its key among the others.
const MOST_FIELDS: u32 = 8_192;
/// Values of further namespaces go into the last one: each looks for its name among the others.
const MOST_NAMESPACES: usize = 1_024;

/// A subsegment's own part of a document is at most this much longer than its name and fields: its braces, id, times,
/// flags, a cause by id, and the member that nests its children.
pub(crate) const NODE_TEXT_OVERHEAD: u32 = 210;
/// What the first field of a section adds to its text: the members that open and close it.
pub(crate) const SECTION_TEXT_OVERHEAD: u32 = 40;

/// An invocation that needed more than this many bytes gives them back at its end.
const MOST_KEPT: usize = 256 << 10;

/// What was dropped at the memory cap, to be said in the next document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) values: u32,
    pub(crate) subsegments: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Record {
    nodes: Vec<Node>,
    free: Vec<NodeIndex>,
    live: usize,
    /// How many of the live ones are closed and do not leave yet.
    pub(crate) closed: usize,
    /// How many of the live ones have no parent here.
    roots: usize,
    pub(crate) fields: Vec<Field>,
    bytes: Vec<u8>,
    /// Namespaces of metadata as JSON strings; the first is the tracer's service.
    pub(crate) namespaces: Vec<Text>,
    pub(crate) dropped: Dropped,
    /// Where the outermost is a segment of our own: what that hangs on, zero for nothing. No other hangs there.
    pub(crate) segment_parent: Option<SegmentId>,
    pub(crate) deepest: u32,
    /// Bytes of the arena that belong to no live subsegment any more.
    garbage: usize,
    /// The sum of the `text_bytes` of those that are closed and still here.
    pub(crate) closed_bytes: usize,
    /// Roots of documents that wait to be sent, and open subsegments to be announced.
    pub(crate) outbox: Vec<Waiting>,
    /// How many announcements are being sent: what they announce must not overtake them.
    pub(crate) announcing: u32,
    /// Remembers the digits of the second from one document to the next.
    pub(crate) clock: Clock,
    /// Kept for walks through the tree, so that they allocate nothing.
    pub(crate) walk: Vec<NodeIndex>,
}

impl Index<NodeIndex> for Record {
    type Output = Node;

    fn index(&self, index: NodeIndex) -> &Node {
        &self.nodes[index as usize]
    }
}

impl IndexMut<NodeIndex> for Record {
    fn index_mut(&mut self, index: NodeIndex) -> &mut Node {
        &mut self.nodes[index as usize]
    }
}

impl Record {
    /// Makes ready for an invocation of the tracer that calls itself `service`.
    pub(crate) fn begin(&mut self, service: &str) {
        self.reset();
        let service = self.store(|bytes| super::json::write_string(bytes, service));
        self.namespaces.push(service);
    }

    /// A subsegment and those that it is in, innermost first.
    pub(crate) fn ancestors(&self, index: NodeIndex) -> impl Iterator<Item = NodeIndex> {
        std::iter::successors(Some(index), |at| Some(self[*at].parent).filter(|parent| *parent != NONE))
    }

    /// Forgets everything and keeps the memory, unless it is much.
    pub(crate) fn reset(&mut self) {
        if self.kept_bytes() > MOST_KEPT {
            *self = Self::default();
            return;
        }
        self.forget_subsegments();
        self.bytes.clear();
        self.namespaces.clear();
        self.outbox.clear();
        self.announcing = 0;
        self.dropped = Dropped::default();
    }

    /// The memory that is kept for what comes, in bytes.
    fn kept_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
            + self.fields.capacity() * size_of::<Field>()
            + self.outbox.capacity() * size_of::<Waiting>()
            + (self.free.capacity() + self.walk.capacity()) * size_of::<NodeIndex>()
            + self.bytes.capacity()
    }

    /// Forgets all subsegments at once, and every namespace but the service.
    pub(crate) fn forget_subsegments(&mut self) {
        self.nodes.clear();
        self.free.clear();
        self.fields.clear();
        self.namespaces.truncate(1);
        self.bytes.truncate(self.namespaces.first().map_or(0, |service| service.end()));
        (self.live, self.closed, self.roots) = (0, 0, 0);
        (self.garbage, self.closed_bytes, self.deepest) = (0, 0, 0);
    }

    /// Whether everything here is closed and hangs on one subsegment.
    pub(crate) fn is_one_closed_tree(&self) -> bool {
        self.closed == self.live && self.roots == 1
    }

    /// Lets everything leave in the document of `root`.
    pub(crate) fn leave_whole(&mut self, root: NodeIndex) {
        for node in self.nodes.iter_mut().filter(|node| node.stage == Stage::Closed) {
            (node.stage, node.document) = (Stage::Leaving, root);
        }
        (self.closed, self.closed_bytes) = (0, 0);
    }

    /// The memory in use, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.live * size_of::<Node>() + self.fields.len() * size_of::<Field>() + self.bytes.len()
    }

    pub(crate) fn live(&self) -> usize {
        self.live
    }

    pub(crate) fn text(&self, text: Text) -> &[u8] {
        &self.bytes[text.start as usize..text.end()]
    }

    /// Every subsegment that is in the record.
    pub(crate) fn indices(&self) -> impl Iterator<Item = NodeIndex> {
        (0..self.nodes.len() as NodeIndex).filter(|index| self[*index].stage != Stage::Free)
    }

    pub(crate) fn children(&self, index: NodeIndex) -> impl Iterator<Item = NodeIndex> {
        let first = Some(self[index].first_child).filter(|child| *child != NONE);
        std::iter::successors(first, |child| Some(self[*child].next).filter(|next| *next != NONE))
    }

    /// The subsegment `id` at `index`, unless it was sent and its entry given to another since.
    pub(crate) fn find(&self, index: NodeIndex, id: SegmentId) -> Option<&Node> {
        self.nodes.get(index as usize).filter(|node| node.id == id && node.stage != Stage::Free)
    }

    /// Whether it is the segment of our own that all others are in.
    pub(crate) fn is_segment(&self, index: NodeIndex) -> bool {
        self.segment_parent == Some(self[index].parent_id)
    }

    /// Opens a subsegment unless the memory cap is reached.
    pub(crate) fn open(&mut self, new: NewNode, name: ValidName<'_>) -> Option<NodeIndex> {
        if self.memory() > MOST_BYTES {
            return None;
        }
        let parent = if self.find(new.parent, new.parent_id).is_some() { new.parent } else { NONE };
        let depth = if parent == NONE { 0 } else { self[parent].depth + 1 };
        let name = self.store_name(name);
        let node = Node {
            id: new.id,
            parent_id: new.parent_id,
            parent: NONE,
            first_child: NONE,
            last_child: NONE,
            previous: NONE,
            next: NONE,
            start: new.start,
            end: 0,
            callsite: new.callsite,
            name,
            stage: Stage::Open,
            flags: Flags::default(),
            first_field: NONE,
            last_field: NONE,
            sections: 0,
            body: Body::Empty,
            keys: 0,
            field_count: 0,
            arena_bytes: 0,
            text_bytes: 0,
            depth,
            document: NONE,
            spare: u32::MAX,
            lost_fields: 0,
            failure: None,
        };
        self.live += 1;
        self.roots += usize::from(parent == NONE);
        self.deepest = self.deepest.max(depth);
        let index = self.free.pop().unwrap_or(self.nodes.len() as NodeIndex);
        if index as usize == self.nodes.len() {
            self.nodes.push(node);
        } else {
            self[index] = node;
        }
        self.link(index, parent);
        Some(index)
    }

    /// Gives a subsegment another name and callsite: a layer's handler that an attribute adopts.
    pub(crate) fn rename(&mut self, index: NodeIndex, name: ValidName<'_>, callsite: &'static Callsite) {
        let name = self.store_name(name);
        let node = &mut self[index];
        node.name = name;
        node.callsite = Some(callsite);
    }

    fn store_name(&mut self, name: ValidName<'_>) -> Name {
        match name {
            ValidName::Interned(name) => Name::Interned(name),
            ValidName::Text(name) => {
                Name::Stored(self.store(|bytes| super::json::write_escaped(bytes, &name)))
            }
        }
    }

    /// The name of a subsegment, escaped for a JSON string.
    pub(crate) fn name(&self, index: NodeIndex) -> &[u8] {
        match self[index].name {
            Name::Interned(name) => name,
            Name::Stored(text) => self.text(text),
        }
    }

    /// Takes a sent subsegment out of the tree. Its children that were not sent with it stand alone from now on.
    pub(crate) fn remove(&mut self, index: NodeIndex) {
        self.roots -= usize::from(self[index].parent == NONE);
        self.unlink(index);
        let mut child = self[index].first_child;
        while child != NONE {
            let next = self[child].next;
            (self[child].parent, self[child].previous, self[child].next) = (NONE, NONE, NONE);
            self.roots += 1;
            child = next;
        }
        let name = match self[index].name {
            Name::Interned(_) => 0,
            Name::Stored(name) => name.length as usize,
        };
        self.garbage += self[index].arena_bytes as usize + name;
        self.live -= 1;
        if self.live == 0 {
            self.deepest = 0;
        }
        let node = &mut self[index];
        (node.stage, node.first_child, node.last_child) = (Stage::Free, NONE, NONE);
        (node.first_field, node.last_field) = (NONE, NONE);
        node.failure = None;
        self.free.push(index);
    }

    fn link(&mut self, index: NodeIndex, parent: NodeIndex) {
        self[index].parent = parent;
        if parent == NONE {
            return;
        }
        let last = std::mem::replace(&mut self[parent].last_child, index);
        self[index].previous = last;
        match last {
            NONE => self[parent].first_child = index,
            last => self[last].next = index,
        }
    }

    fn unlink(&mut self, index: NodeIndex) {
        let (parent, previous, next) = (self[index].parent, self[index].previous, self[index].next);
        if parent == NONE {
            return;
        }
        match previous {
            NONE => self[parent].first_child = next,
            previous => self[previous].next = next,
        }
        match next {
            NONE => self[parent].last_child = previous,
            next => self[next].previous = previous,
        }
        self[index].parent = NONE;
    }

    fn store(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Text {
        let start = self.bytes.len();
        write(&mut self.bytes);
        Text { start: start as u32, length: (self.bytes.len() - start) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::node::Section;

    #[test]
    fn much_memory_is_given_back_at_the_end_also_where_all_was_sent_before() {
        let mut record = Record::default();
        record.begin("service");
        for id in 1..20_000 {
            let (id, parent_id) = (SegmentId(id), SegmentId(id - 1));
            let new = NewNode { id, parent_id, parent: NONE, start: 0, callsite: None };
            let index = record.open(new, ValidName::Text("name".into())).unwrap();
            record.put(index, Section::Annotation, 0, 4, |out| out.extend_from_slice(b"\"k\":1"));
        }
        record.forget_subsegments();
        assert!(record.kept_bytes() > MOST_KEPT);
        record.reset();
        assert!(record.kept_bytes() <= MOST_KEPT);
    }
}
