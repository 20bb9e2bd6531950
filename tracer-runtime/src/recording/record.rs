//! What one invocation has recorded and not yet sent: subsegments in a tree, their values in one byte arena.
//!
//! Subsegments are entries of one vector and refer to each other by index; every value is JSON text already. In steady
//! state a subsegment therefore costs no allocation, and encoding is copying.

use std::ops::{Index, IndexMut};

use crate::trace_id::SegmentId;

use super::callsite::Callsite;
use super::node::{Field, Flags, NONE, NewNode, Node, NodeIndex, Section, Stage, Text};
use super::outbox::Waiting;

/// Over this many bytes an invocation's values are dropped and counted.
pub(crate) const MOST_BYTES_WITH_VALUES: usize = 12 << 20;
/// Over this many bytes whole subtrees are dropped and counted.
pub(crate) const MOST_BYTES: usize = 16 << 20;
/// Over this many bytes of closed subsegments these are sent early, to stay below the two caps above.
pub(crate) const SEND_EARLY_BYTES: usize = 1 << 20;

/// A subsegment's own part of a document is at most this much longer than its name and fields: its braces, id, times,
/// flags, a cause by id, and the member that nests its children.
const NODE_TEXT_OVERHEAD: u32 = 210;
/// What the first field of a section adds to its text: the members that open and close it.
const SECTION_TEXT_OVERHEAD: u32 = 40;

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
    pub(crate) fields: Vec<Field>,
    bytes: Vec<u8>,
    /// Namespaces of metadata as JSON strings; the first is the tracer's service.
    pub(crate) namespaces: Vec<Text>,
    pub(crate) dropped: Dropped,
    pub(crate) deepest: u32,
    /// The sum of the live subsegments' `text_bytes`.
    pub(crate) text_bytes: usize,
    /// Bytes of the arena that belong to no live subsegment any more.
    garbage: usize,
    /// The same of those that are closed and still here.
    pub(crate) closed_bytes: usize,
    /// Roots of documents that wait to be sent, and open subsegments to be announced.
    pub(crate) outbox: Vec<Waiting>,
    /// How many announcements are being sent: what they announce must not overtake them.
    pub(crate) announcing: u32,
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

    /// Forgets everything and keeps the memory, unless it is much.
    pub(crate) fn reset(&mut self) {
        const KEEP: usize = 256 << 10;
        if self.memory() + self.nodes.len() * size_of::<Node>() > KEEP {
            *self = Self::default();
            return;
        }
        self.nodes.clear();
        self.free.clear();
        self.fields.clear();
        self.bytes.clear();
        self.namespaces.clear();
        self.outbox.clear();
        (self.live, self.garbage, self.text_bytes, self.closed_bytes) = (0, 0, 0, 0);
        (self.deepest, self.announcing) = (0, 0);
        self.dropped = Dropped::default();
    }

    /// The memory in use, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.live * size_of::<Node>() + self.fields.len() * size_of::<Field>() + self.bytes.len()
    }

    pub(crate) fn live(&self) -> usize {
        self.live
    }

    pub(crate) fn text(&self, text: Text) -> &[u8] {
        &self.bytes[text.start as usize..][..text.length as usize]
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

    /// Opens a subsegment, or counts it as dropped where the memory cap is reached.
    pub(crate) fn open(&mut self, new: NewNode, name: &str) -> Option<NodeIndex> {
        if self.memory() > MOST_BYTES {
            self.dropped.subsegments += 1;
            return None;
        }
        let parent = if self.find(new.parent, new.parent_id).is_some() { new.parent } else { NONE };
        let depth = if parent == NONE { 0 } else { self[parent].depth + 1 };
        let name = self.store(|bytes| super::json::write_escaped(bytes, name));
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
            text_bytes: name.length + NODE_TEXT_OVERHEAD,
            depth,
            document: NONE,
            spare: u32::MAX,
            lost_fields: 0,
            chain_of_child: None,
            own_chain: None,
            cause: None,
        };
        self.live += 1;
        self.deepest = self.deepest.max(depth);
        self.text_bytes += node.text_bytes as usize;
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
    pub(crate) fn rename(&mut self, index: NodeIndex, name: &str, callsite: &'static Callsite) {
        let name = self.store(|bytes| super::json::write_escaped(bytes, name));
        let more = name.length.saturating_sub(self[index].name.length);
        self.text_bytes += more as usize;
        let node = &mut self[index];
        node.text_bytes += more;
        node.name = name;
        node.callsite = Some(callsite);
    }

    /// Adds a value to an open subsegment, in place of one with the same key; `write` appends `"key":value`, its key
    /// of `key_length` bytes.
    pub(crate) fn put(
        &mut self,
        index: NodeIndex,
        section: Section,
        namespace: u16,
        key_length: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let before = self.bytes.len();
        let text = self.store(write);
        if self.memory() > MOST_BYTES_WITH_VALUES {
            self.bytes.truncate(before);
            self.dropped.values += 1;
            return;
        }
        let field =
            Field { next: NONE, section, namespace, key_length: key_length as u32, text, is_lost: false };
        match self.same_key(index, &field) {
            Some(old) => {
                let old = std::mem::replace(&mut self.fields[old as usize].text, text);
                self.garbage += old.length as usize;
                self[index].text_bytes -= old.length;
                self.text_bytes -= old.length as usize;
                self.count_text(index, text.length);
                self.compact();
            }
            None => {
                let is_first = self.fields_of(index, section).next().is_none();
                let opening = if is_first { SECTION_TEXT_OVERHEAD } else { 0 };
                self.append_field(index, field);
                self.count_text(index, self.field_bytes(field) + opening);
            }
        }
    }

    /// At most how much of a document a field takes: its text, a comma, and its namespace with braces.
    pub(crate) fn field_bytes(&self, field: Field) -> u32 {
        let is_metadata = field.section == Section::Metadata;
        let namespace = self.namespaces.get(usize::from(field.namespace)).filter(|_| is_metadata);
        field.text.length + 1 + namespace.map_or(0, |name| name.length + 4)
    }

    fn count_text(&mut self, index: NodeIndex, bytes: u32) {
        self[index].text_bytes += bytes;
        self.text_bytes += bytes as usize;
    }

    fn append_field(&mut self, index: NodeIndex, field: Field) {
        let at = self.fields.len() as u32;
        self.fields.push(field);
        match self[index].last_field {
            NONE => self[index].first_field = at,
            last => self.fields[last as usize].next = at,
        }
        self[index].last_field = at;
    }

    fn same_key(&self, index: NodeIndex, field: &Field) -> Option<u32> {
        if field.section == Section::Exception {
            return None;
        }
        let key = &self.text(field.text)[..field.key_length as usize];
        let same = |at: &u32| {
            let other = &self.fields[*at as usize];
            other.section == field.section
                && other.namespace == field.namespace
                && other.key_length == field.key_length
                && &self.text(other.text)[..key.len()] == key
        };
        self.field_indices(index).find(same)
    }

    fn field_indices(&self, index: NodeIndex) -> impl Iterator<Item = u32> {
        let first = Some(self[index].first_field).filter(|at| *at != NONE);
        std::iter::successors(first, |at| Some(self.fields[*at as usize].next).filter(|next| *next != NONE))
    }

    pub(crate) fn fields_of_any(&self, index: NodeIndex) -> impl Iterator<Item = Field> {
        self.field_indices(index).map(|at| self.fields[at as usize])
    }

    pub(crate) fn fields_of(&self, index: NodeIndex, section: Section) -> impl Iterator<Item = Field> {
        self.fields_of_any(index).filter(move |field| field.section == section)
    }

    /// Marks the fields for which `is_lost` holds.
    pub(crate) fn mark_lost(&mut self, index: NodeIndex, mut is_lost: impl FnMut(&Self, Field) -> bool) {
        let mut at = self[index].first_field;
        while at != NONE {
            let field = self.fields[at as usize];
            self.fields[at as usize].is_lost = is_lost(self, field);
            at = field.next;
        }
    }

    /// The number by which fields name the metadata namespace `name`; `None` at the memory cap, where no value is taken.
    pub(crate) fn namespace(&mut self, name: &str) -> Option<u16> {
        if self.memory() + name.len() > MOST_BYTES_WITH_VALUES {
            self.dropped.values += 1;
            return None;
        }
        let text = self.store(|bytes| super::json::write_string(bytes, name));
        let known = self.namespaces.iter().position(|known| self.text(*known) == self.text(text));
        if let Some(known) = known {
            self.bytes.truncate(text.start as usize);
            return Some(known as u16);
        }
        // Beyond 65,535 namespaces values share the last one.
        if self.namespaces.len() <= usize::from(u16::MAX) {
            self.namespaces.push(text);
        }
        Some((self.namespaces.len() - 1) as u16)
    }

    /// Moves everything alive to the front of the arena once half of it is garbage.
    pub(crate) fn compact(&mut self) {
        const WORTH_IT: usize = 64 << 10;
        if self.garbage < WORTH_IT || self.garbage * 2 < self.bytes.len() {
            return;
        }
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.garbage);
        let old = std::mem::take(&mut self.bytes);
        let mut keep = |text: &mut Text| {
            let start = bytes.len() as u32;
            bytes.extend_from_slice(&old[text.start as usize..][..text.length as usize]);
            text.start = start;
        };
        self.namespaces.iter_mut().for_each(&mut keep);
        let old_fields = std::mem::take(&mut self.fields);
        for index in 0..self.nodes.len() as NodeIndex {
            if self[index].stage == Stage::Free {
                continue;
            }
            keep(&mut self[index].name);
            let mut next = std::mem::replace(&mut self[index].first_field, NONE);
            self[index].last_field = NONE;
            while next != NONE {
                let mut field = old_fields[next as usize];
                next = std::mem::replace(&mut field.next, NONE);
                keep(&mut field.text);
                self.append_field(index, field);
            }
        }
        self.bytes = bytes;
        self.garbage = 0;
    }

    /// Takes a sent subsegment out of the tree. Its children that were not sent with it stand alone from now on.
    pub(crate) fn remove(&mut self, index: NodeIndex) {
        self.unlink(index);
        let mut child = self[index].first_child;
        while child != NONE {
            let next = self[child].next;
            (self[child].parent, self[child].previous, self[child].next) = (NONE, NONE, NONE);
            child = next;
        }
        let texts: usize =
            self.field_indices(index).map(|at| self.fields[at as usize].text.length as usize).sum();
        self.garbage += texts + self[index].name.length as usize;
        self.text_bytes -= self[index].text_bytes as usize;
        self.live -= 1;
        if self.live == 0 {
            self.deepest = 0;
        }
        let node = &mut self[index];
        (node.stage, node.first_child, node.last_child) = (Stage::Free, NONE, NONE);
        (node.first_field, node.last_field) = (NONE, NONE);
        (node.own_chain, node.chain_of_child) = (None, None);
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
