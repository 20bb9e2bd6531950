//! The values of a record's subsegments, and the arena that they are in.

use super::super::json::write_string;
use super::super::node::{Body, Field, NONE, Name, NodeIndex, Section, Stage, Text};
use super::{
    MOST_BYTES_WITH_VALUES, MOST_FIELDS, MOST_NAMESPACES, NODE_TEXT_OVERHEAD, Record, SECTION_TEXT_OVERHEAD,
};

impl Record {
    /// Adds a value to an open subsegment, in place of one with the same key; `write` appends `"key":value`, its key
    /// of `key_length` bytes.
    #[inline]
    pub(crate) fn put(
        &mut self,
        index: NodeIndex,
        section: Section,
        namespace: u16,
        key_length: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.put_written(index, section, namespace, |out| {
            write(out);
            key_length
        });
    }

    /// The same where only `write` knows how long `"key":` is, and returns that.
    #[inline]
    pub(crate) fn put_written(
        &mut self,
        index: NodeIndex,
        section: Section,
        namespace: u16,
        write: impl FnOnce(&mut Vec<u8>) -> usize,
    ) {
        if self.memory() > MOST_BYTES_WITH_VALUES {
            self.dropped.values += 1;
            return;
        }
        let Self { nodes, bytes, namespaces, .. } = self;
        let node = &mut nodes[index as usize];
        let body = bytes.len() as u32;
        node.go_on(bytes, namespaces, section, namespace);
        let start = bytes.len() as u32;
        let key_length = write(bytes);
        let text = Text { start, length: bytes.len() as u32 - start };
        let field =
            Field { next: NONE, section, namespace, key_length: key_length as u32, text, is_lost: false };
        node.arena_bytes += bytes.len() as u32 - body;
        let bit = field.key_bit(bytes);
        if node.keys & bit != 0 && self.replace(index, field) {
            return;
        }
        let node = &mut self.nodes[index as usize];
        if node.field_count >= MOST_FIELDS {
            node.arena_bytes -= self.bytes.len() as u32 - body;
            self.bytes.truncate(body as usize);
            self.dropped.values += 1;
            return;
        }
        node.keys |= bit;
        node.append(&mut self.fields, field, body);
    }

    /// Puts `field` in place of one with the same key, if there is one.
    #[cold]
    fn replace(&mut self, index: NodeIndex, field: Field) -> bool {
        let Some(old) = self.same_key(index, &field) else { return false };
        let old = std::mem::replace(&mut self.fields[old as usize].text, field.text);
        self[index].body = Body::Scattered;
        self[index].arena_bytes -= old.length;
        self.garbage += old.length as usize;
        self.compact();
        true
    }

    /// At most how long a subsegment's own part of a document is.
    pub(crate) fn text_bytes(&self, index: NodeIndex) -> usize {
        let values = match self[index].body {
            Body::Empty => 0,
            Body::Whole { text, section, .. } => text.length as usize + section.brackets().1.len(),
            Body::Scattered => {
                let sections = self[index].sections.count_ones() * SECTION_TEXT_OVERHEAD;
                let fields = self.fields_of_any(index).map(|field| self.field_bytes(field) as usize);
                sections as usize + fields.sum::<usize>()
            }
        };
        self[index].name.length() as usize + NODE_TEXT_OVERHEAD as usize + values
    }

    /// At most how much of a document a field takes: its text, a comma, and its namespace with braces.
    pub(crate) fn field_bytes(&self, field: Field) -> u32 {
        let is_metadata = field.section == Section::Metadata;
        let namespace = self.namespaces.get(usize::from(field.namespace)).filter(|_| is_metadata);
        field.text.length + 1 + namespace.map_or(0, |name| name.length + 4)
    }

    fn same_key(&self, index: NodeIndex, field: &Field) -> Option<u32> {
        let key = field.key(&self.bytes);
        let same = |at: &u32| {
            let other = &self.fields[*at as usize];
            other.section == field.section
                && other.namespace == field.namespace
                && other.key_length == field.key_length
                && other.key(&self.bytes) == key
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
        let text = self.store(|bytes| write_string(bytes, name));
        let known = self.namespaces.iter().position(|known| self.text(*known) == self.text(text));
        if let Some(known) = known {
            self.bytes.truncate(text.start as usize);
            return Some(known as u16);
        }
        if self.namespaces.len() < MOST_NAMESPACES {
            self.namespaces.push(text);
        } else {
            self.bytes.truncate(text.start as usize);
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
            bytes.extend_from_slice(&old[text.start as usize..text.end()]);
            text.start = start;
        };
        self.namespaces.iter_mut().for_each(&mut keep);
        let old_fields = std::mem::take(&mut self.fields);
        for node in self.nodes.iter_mut().filter(|node| node.stage != Stage::Free) {
            if let Name::Stored(name) = &mut node.name {
                keep(name);
            }
            let moved = if let Body::Whole { text, .. } = &mut node.body {
                let before = text.start;
                keep(text);
                Some((before, text.start, text.length))
            } else {
                None
            };
            node.arena_bytes = moved.map_or(0, |(.., length)| length);
            let mut next = std::mem::replace(&mut node.first_field, self.fields.len() as u32);
            while next != NONE {
                let mut field = old_fields[next as usize];
                next = field.next;
                match moved {
                    Some((from, to, _)) => field.text.start = field.text.start - from + to,
                    None => {
                        keep(&mut field.text);
                        node.arena_bytes += field.text.length;
                    }
                }
                let at = self.fields.len() as u32;
                field.next = if next == NONE { NONE } else { at + 1 };
                self.fields.push(field);
            }
            let end = self.fields.len() as u32;
            if node.first_field == end {
                node.first_field = NONE;
            } else {
                node.last_field = end - 1;
            }
        }
        self.bytes = bytes;
        self.garbage = 0;
    }
}
