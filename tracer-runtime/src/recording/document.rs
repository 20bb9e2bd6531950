//! Writes recorded subsegments as X-Ray's documents (facts 1.1 to 1.9).

use crate::trace_id::TraceId;

use super::fit::{is_cuttable, smallest_cut};
use super::json::{write_cut, write_seconds};
use super::node::{Field, NONE, NodeIndex, Section, Stage, Text};
use super::record::Record;

/// Appends the document whose root is `root`, with everything below it that leaves in it.
///
/// Walks by the links of the tree, so depth costs no stack.
pub(crate) fn write_document(record: &Record, root: NodeIndex, trace_id: TraceId, out: &mut Vec<u8>) {
    write_root(record, root, trace_id, out);
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
                return;
            }
            next = first_nested(record, record[at].parent, record[at].next);
            if next == NONE {
                // All of the parent's children are written: go on there as if it had none left.
                at = record[at].parent;
                continue;
            }
            out.push(b',');
        }
        write_nested(record, next, out);
        at = next;
        next = first_nested(record, at, record[at].first_child);
    }
}

/// Appends an open subsegment alone, as in progress, with the annotations so far.
pub(crate) fn write_in_progress(record: &Record, index: NodeIndex, trace_id: TraceId, out: &mut Vec<u8>) {
    write_root(record, index, trace_id, out);
    out.push(b'}');
}

/// Appends a subsegment's own part as it stands in its parent's document, without the closing brace.
pub(crate) fn write_nested(record: &Record, index: NodeIndex, out: &mut Vec<u8>) {
    out.push(b'{');
    write_members(record, index, false, out);
}

/// The first of `from` and its later siblings that leaves in the document of its parent.
fn first_nested(record: &Record, parent: NodeIndex, from: NodeIndex) -> NodeIndex {
    let mut at = from;
    while at != NONE && !record.nests(parent, at) {
        at = record[at].next;
    }
    at
}

fn write_root(record: &Record, index: NodeIndex, trace_id: TraceId, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"trace_id\":\"");
    out.extend_from_slice(&trace_id.to_bytes());
    out.extend_from_slice(b"\",\"parent_id\":\"");
    out.extend_from_slice(&record[index].parent_id.to_bytes());
    out.extend_from_slice(b"\",\"type\":\"subsegment\",");
    write_members(record, index, true, out);
}

/// Appends everything of a subsegment but its brackets and children.
fn write_members(record: &Record, index: NodeIndex, is_root: bool, out: &mut Vec<u8>) {
    let mut writer = Members { record, index, out };
    writer.identity();
    writer.flags();
    writer.cause();
    writer.members();
    writer.http();
    writer.object(Section::Aws, b"\"aws\":{");
    writer.object(Section::Sql, b"\"sql\":{");
    writer.object(Section::Annotation, b"\"annotations\":{");
    writer.metadata(is_root);
}

struct Members<'a> {
    record: &'a Record,
    index: NodeIndex,
    out: &'a mut Vec<u8>,
}

impl Members<'_> {
    fn identity(&mut self) {
        let node = &self.record[self.index];
        self.out.extend_from_slice(b"\"id\":\"");
        self.out.extend_from_slice(&node.id.to_bytes());
        self.out.extend_from_slice(b"\",\"name\":\"");
        self.text(node.name);
        self.out.extend_from_slice(b"\",\"start_time\":");
        write_seconds(self.out, node.start);
        if node.stage == Stage::Leaving {
            self.out.extend_from_slice(b",\"end_time\":");
            write_seconds(self.out, node.end);
        } else {
            self.out.extend_from_slice(b",\"in_progress\":true");
        }
    }

    fn flags(&mut self) {
        let flags = self.record[self.index].flags;
        let named = [
            (flags.fault, &b",\"fault\":true"[..]),
            (flags.error, b",\"error\":true"),
            (flags.throttle, b",\"throttle\":true"),
        ];
        for (_, text) in named.into_iter().filter(|(is_set, _)| *is_set) {
            self.out.extend_from_slice(text);
        }
    }

    /// An exception of a child by its id, exceptions of its own in full, or both.
    fn cause(&mut self) {
        let exceptions = self.record.fields_of(self.index, Section::Exception);
        let Some(cause) = self.record[self.index].cause else {
            self.list(exceptions, b",\"cause\":{\"exceptions\":[", b"]}");
            return;
        };
        let id = cause.to_bytes();
        let opening = [b",\"cause\":{\"id\":\"", id.as_slice(), b"\",\"exceptions\":["].concat();
        if !self.list(exceptions, &opening, b"]}") {
            self.out.extend_from_slice(b",\"cause\":\"");
            self.out.extend_from_slice(&id);
            self.out.push(b'"');
        }
    }

    fn members(&mut self) {
        for field in self.record.fields_of(self.index, Section::Member) {
            self.out.push(b',');
            self.text(field.text);
        }
    }

    fn http(&mut self) {
        let start = self.out.len();
        self.out.extend_from_slice(b",\"http\":{");
        let empty = self.out.len();
        let request = self.record.fields_of(self.index, Section::HttpRequest);
        self.list(request, b"\"request\":{", b"}");
        let response = self.record.fields_of(self.index, Section::HttpResponse);
        let opening: &[u8] = if self.out.len() == empty { b"\"response\":{" } else { b",\"response\":{" };
        self.list(response, opening, b"}");
        if self.out.len() == empty {
            self.out.truncate(start);
        } else {
            self.out.push(b'}');
        }
    }

    fn object(&mut self, section: Section, opening: &[u8]) {
        let fields = self.record.fields_of(self.index, section);
        let start = self.out.len();
        self.out.push(b',');
        if !self.list(fields, opening, b"}") {
            self.out.truncate(start);
        }
    }

    /// Namespaces in the order of their first value, each with its values in order; what was dropped, last.
    fn metadata(&mut self, is_root: bool) {
        let start = self.out.len();
        self.out.extend_from_slice(b",\"metadata\":{");
        let empty = self.out.len();
        let (record, index) = (self.record, self.index);
        let metadata = || record.fields_of(index, Section::Metadata);
        for (at, field) in metadata().enumerate() {
            if metadata().take(at).any(|earlier| earlier.namespace == field.namespace) {
                continue;
            }
            let before = self.out.len();
            if before > empty {
                self.out.push(b',');
            }
            self.text(self.record.namespaces[usize::from(field.namespace)]);
            let same = metadata().skip(at).filter(|other| other.namespace == field.namespace);
            if !self.list(same, b":{", b"}") {
                self.out.truncate(before);
            }
        }
        self.dropped(is_root, self.out.len() == empty);
        if self.out.len() == empty {
            self.out.truncate(start);
        } else {
            self.out.push(b'}');
        }
    }

    fn dropped(&mut self, is_root: bool, is_first: bool) {
        let dropped = self.record.dropped;
        if !is_root || dropped == super::record::Dropped::default() {
            return;
        }
        let comma = if is_first { "" } else { "," };
        let (values, subsegments) = (dropped.values, dropped.subsegments);
        let text = format!(
            "{comma}\"tracer-runtime\":{{\"dropped\":{{\"values\":{values},\"subsegments\":{subsegments}}}}}"
        );
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes the fields with commas between, and nothing at all where there are none.
    fn list(&mut self, fields: impl Iterator<Item = Field>, opening: &[u8], closing: &[u8]) -> bool {
        let start = self.out.len();
        self.out.extend_from_slice(opening);
        let empty = self.out.len();
        for field in fields {
            let before = self.out.len();
            if before > empty {
                self.out.push(b',');
            }
            if !self.field(field) {
                self.out.truncate(before);
            }
        }
        if self.out.len() == empty {
            self.out.truncate(start);
            return false;
        }
        self.out.extend_from_slice(closing);
        true
    }

    fn field(&mut self, field: Field) -> bool {
        if field.is_lost {
            return false;
        }
        let allowed = smallest_cut(field).saturating_add(self.record[self.index].spare);
        if !is_cuttable(field) || field.text.length <= allowed {
            self.text(field.text);
            return true;
        }
        let (key, value) = self.record.text(field.text).split_at(field.key_length as usize);
        self.out.extend_from_slice(key);
        write_cut(self.out, value, allowed as usize - key.len());
        true
    }

    fn text(&mut self, text: Text) {
        self.out.extend_from_slice(self.record.text(text));
    }
}
