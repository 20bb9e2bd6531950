//! Writes recorded subsegments as X-Ray's documents (facts 1.1 to 1.9).

use crate::trace_id::{SegmentId, TraceId};

use super::fit::{is_cuttable, smallest_cut};
use super::json::{Clock, write_cut};
use super::node::{Body, Field, NONE, NodeIndex, Section, Stage, Text};
use super::record::{Dropped, Record};

/// Appends the document whose root is `root`, with everything below it that leaves in it.
///
/// Says how many subsegments are in it. Walks by the links of the tree, so depth costs no stack.
pub(crate) fn write_document(
    record: &Record,
    root: NodeIndex,
    trace_id: TraceId,
    clock: &mut Clock,
    out: &mut Vec<u8>,
) -> usize {
    write_root(record, root, trace_id, clock, out);
    let mut count = 1;
    let mut at = root;
    let mut next = first_nested(record, at, record[at].first_child);
    loop {
        if next != NONE {
            // The first child of `at`.
            out.extend_from_slice(b",\"subsegments\":[");
        } else {
            let has_children = first_nested(record, at, record[at].first_child) != NONE;
            out.extend_from_slice(if has_children { b"]}" } else { b"}" });
            if at == root {
                return count;
            }
            next = first_nested(record, record[at].parent, record[at].next);
            if next == NONE {
                // All of the parent's children are written: go on there as if it had none left.
                at = record[at].parent;
                continue;
            }
            out.push(b',');
        }
        out.push(b'{');
        write_members(record, next, false, clock, out);
        count += 1;
        at = next;
        next = first_nested(record, at, record[at].first_child);
    }
}

/// Appends an open subsegment alone, as in progress, with the annotations so far.
pub(crate) fn write_in_progress(record: &Record, index: NodeIndex, trace_id: TraceId, out: &mut Vec<u8>) {
    write_root(record, index, trace_id, &mut Clock::default(), out);
    out.push(b'}');
}

/// Appends a subsegment's own part as it stands in its parent's document, without the closing brace.
pub(crate) fn write_nested(record: &Record, index: NodeIndex, out: &mut Vec<u8>) {
    out.push(b'{');
    write_members(record, index, false, &mut Clock::default(), out);
}

/// The first of `from` and its later siblings that leaves in the document of its parent.
fn first_nested(record: &Record, parent: NodeIndex, from: NodeIndex) -> NodeIndex {
    let mut at = from;
    while at != NONE && !record.nests(parent, at) {
        at = record[at].next;
    }
    at
}

fn write_root(record: &Record, index: NodeIndex, trace_id: TraceId, clock: &mut Clock, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"trace_id\":\"");
    out.extend_from_slice(&trace_id.to_bytes());
    let (parent_id, is_segment) = (record[index].parent_id, record.is_segment(index));
    // No call led to a segment without one.
    if !is_segment || parent_id != SegmentId::ZERO {
        out.extend_from_slice(b"\",\"parent_id\":\"");
        out.extend_from_slice(&parent_id.to_bytes());
    }
    out.extend_from_slice(if is_segment { b"\"," } else { b"\",\"type\":\"subsegment\"," });
    write_members(record, index, true, clock, out);
}

/// Appends everything of a subsegment but its brackets and children.
fn write_members(record: &Record, index: NodeIndex, is_root: bool, clock: &mut Clock, out: &mut Vec<u8>) {
    let mut writer = Members { record, index, out };
    writer.identity(clock);
    writer.flags();
    writer.values(is_root);
}

struct Members<'a> {
    record: &'a Record,
    index: NodeIndex,
    out: &'a mut Vec<u8>,
}

impl Members<'_> {
    fn identity(&mut self, clock: &mut Clock) {
        let node = &self.record[self.index];
        self.out.extend_from_slice(b"\"id\":\"");
        self.out.extend_from_slice(&node.id.to_bytes());
        self.out.extend_from_slice(b"\",\"name\":\"");
        self.out.extend_from_slice(self.record.name(self.index));
        self.out.extend_from_slice(b"\",\"start_time\":");
        clock.write(node.start, self.out);
        if node.stage == Stage::Leaving {
            self.out.extend_from_slice(b",\"end_time\":");
            clock.write(node.end, self.out);
        } else {
            self.out.extend_from_slice(b",\"in_progress\":true");
        }
    }

    fn flags(&mut self) {
        let flags = self.record[self.index].flags;
        if flags.fault {
            self.out.extend_from_slice(b",\"fault\":true");
        }
        if flags.error {
            self.out.extend_from_slice(b",\"error\":true");
        }
        if flags.throttle {
            self.out.extend_from_slice(b",\"throttle\":true");
        }
    }

    fn values(&mut self, is_root: bool) {
        let node = &self.record[self.index];
        let is_noted = is_root && self.record.dropped != Dropped::default();
        let is_cut = node.spare != u32::MAX || node.lost_fields > 0;
        if node.failure.is_some() {
            self.cause();
        }
        match node.body {
            Body::Empty if !is_noted => {}
            Body::Whole { text, section, .. } if !is_noted && !is_cut => {
                self.text(text);
                self.out.extend_from_slice(section.brackets().1);
            }
            _ => self.sections(is_noted),
        }
    }

    fn sections(&mut self, is_noted: bool) {
        self.section(Section::Member);
        self.http();
        self.section(Section::Aws);
        self.section(Section::Sql);
        self.section(Section::Annotation);
        self.metadata(is_noted);
    }

    /// An exception of a child by its id, exceptions of its own in full, or both.
    fn cause(&mut self) {
        let Some(failure) = &self.record[self.index].failure else { return };
        let Some(cause) = failure.cause else {
            self.section(Section::Exception);
            return;
        };
        let id = cause.to_bytes();
        let opening = [b",\"cause\":{\"id\":\"", id.as_slice(), b"\",\"exceptions\":["].concat();
        if !self.fields(self.record.fields_of(self.index, Section::Exception), &opening, b"]}") {
            self.out.extend_from_slice(b",\"cause\":\"");
            self.out.extend_from_slice(&id);
            self.out.push(b'"');
        }
    }

    fn http(&mut self) {
        let start = self.out.len();
        self.out.extend_from_slice(b",\"http\":{");
        let empty = self.out.len();
        if self.half_of_http(Section::HttpRequest) {
            self.out.push(b',');
        }
        if !self.half_of_http(Section::HttpResponse) && self.out.len() > empty {
            self.out.pop();
        }
        if self.out.len() == empty {
            self.out.truncate(start);
        } else {
            self.out.push(b'}');
        }
    }

    fn half_of_http(&mut self, half: Section) -> bool {
        let (opening, closing) = half.brackets_in_http();
        self.fields(self.record.fields_of(self.index, half), opening, closing)
    }

    /// Namespaces in the order of their first value, each with its values in order; what was dropped, last.
    fn metadata(&mut self, is_noted: bool) {
        let start = self.out.len();
        self.out.extend_from_slice(Section::Metadata.brackets().0);
        let empty = self.out.len();
        let mut seen = Vec::new();
        for field in self.record.fields_of(self.index, Section::Metadata) {
            if !seen.contains(&field.namespace) {
                seen.push(field.namespace);
                self.namespace(field.namespace, empty);
            }
        }
        if is_noted {
            self.dropped(self.out.len() == empty);
        }
        if self.out.len() == empty {
            self.out.truncate(start);
        } else {
            self.out.push(b'}');
        }
    }

    /// Writes the values of one namespace, unless none is kept.
    fn namespace(&mut self, namespace: u16, empty: usize) {
        let before = self.out.len();
        if before > empty {
            self.out.push(b',');
        }
        self.text(self.record.namespaces[usize::from(namespace)]);
        let fields = self.record.fields_of(self.index, Section::Metadata);
        if !self.fields(fields.filter(|field| field.namespace == namespace), b":{", b"}") {
            self.out.truncate(before);
        }
    }

    fn dropped(&mut self, is_first: bool) {
        let comma = if is_first { "" } else { "," };
        let Dropped { values, subsegments } = self.record.dropped;
        let text = format!(
            "{comma}\"tracer-runtime\":{{\"dropped\":{{\"values\":{values},\"subsegments\":{subsegments}}}}}"
        );
        self.out.extend_from_slice(text.as_bytes());
    }

    fn section(&mut self, section: Section) -> bool {
        let (opening, closing) = section.brackets();
        self.fields(self.record.fields_of(self.index, section), opening, closing)
    }

    /// Writes the fields with commas between, and nothing at all where none is kept.
    fn fields(&mut self, fields: impl Iterator<Item = Field>, opening: &[u8], closing: &[u8]) -> bool {
        let start = self.out.len();
        self.out.extend_from_slice(opening);
        let empty = self.out.len();
        for field in fields.filter(|field| !field.is_lost) {
            if self.out.len() > empty {
                self.out.push(b',');
            }
            self.field(field);
        }
        if self.out.len() == empty {
            self.out.truncate(start);
            return false;
        }
        self.out.extend_from_slice(closing);
        true
    }

    fn field(&mut self, field: Field) {
        let allowed = smallest_cut(field).saturating_add(self.record[self.index].spare);
        if !is_cuttable(field) || field.text.length <= allowed {
            self.text(field.text);
            return;
        }
        let (key, value) = self.record.text(field.text).split_at(field.key_length as usize);
        self.out.extend_from_slice(key);
        write_cut(self.out, value, allowed as usize - key.len());
    }

    fn text(&mut self, text: Text) {
        self.out.extend_from_slice(self.record.text(text));
    }
}
