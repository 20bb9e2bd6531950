//! Writes recorded subsegments as X-Ray's documents (facts 1.1 to 1.9).

use crate::trace_id::TraceId;

use super::json::{CUT_OVERHEAD, write_cut, write_seconds};
use super::node::{Field, NONE, NodeIndex, Section, Stage, Text};
use super::record::Record;

/// What the members `trace_id`, `parent_id`, `type` and the note of what was dropped add to a document's root.
pub(crate) const ROOT_OVERHEAD: usize = 240;

/// A value that is cut keeps at least this much room; where even that is not there it is dropped and counted.
const SMALLEST_CUT: usize = CUT_OVERHEAD + 16;

/// How long one field may be in a document that would be too large otherwise.
#[derive(Debug, Clone, Copy)]
struct FieldLimit(Option<usize>);

/// Appends the document whose root is `root`, with everything nested below it that leaves with it.
///
/// Walks by the links of the tree, so depth costs no stack. A subsegment whose own part is longer than `limit` has its
/// longest values cut.
pub(crate) fn write_document(
    record: &mut Record,
    root: NodeIndex,
    trace_id: TraceId,
    limit: usize,
    out: &mut Vec<u8>,
) {
    write_root(record, root, trace_id, limit, out);
    let mut at = root;
    let mut next = first_leaving(record, record[at].first_child);
    loop {
        match next {
            NONE => {
                out.extend_from_slice(if has_leaving_child(record, at) { b"]}" } else { b"}" });
                if at == root {
                    return;
                }
                next = first_leaving(record, record[at].next);
                if next == NONE {
                    at = record[at].parent;
                    // All its children are written: go on as if it had none left.
                    continue;
                }
                out.push(b',');
            }
            _ => out.extend_from_slice(b",\"subsegments\":["),
        }
        write_own(record, next, limit, out);
        at = next;
        next = first_leaving(record, record[at].first_child);
    }
}

/// Appends an open subsegment alone, as in progress, with the annotations so far.
pub(crate) fn write_in_progress(
    record: &mut Record,
    index: NodeIndex,
    trace_id: TraceId,
    limit: usize,
    out: &mut Vec<u8>,
) {
    write_root(record, index, trace_id, limit, out);
    out.push(b'}');
}

fn first_leaving(record: &Record, from: NodeIndex) -> NodeIndex {
    let mut at = from;
    while at != NONE && !leaves_nested(record, at) {
        at = record[at].next;
    }
    at
}

fn has_leaving_child(record: &Record, index: NodeIndex) -> bool {
    first_leaving(record, record[index].first_child) != NONE
}

fn leaves_nested(record: &Record, index: NodeIndex) -> bool {
    record[index].stage == Stage::Leaving && !record[index].flags.detached
}

fn write_root(record: &mut Record, index: NodeIndex, trace_id: TraceId, limit: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"trace_id\":\"");
    out.extend_from_slice(&trace_id.to_bytes());
    out.extend_from_slice(b"\",\"parent_id\":\"");
    out.extend_from_slice(&record[index].parent_id.to_bytes());
    out.extend_from_slice(b"\",\"type\":\"subsegment\",");
    write_members(record, index, limit.saturating_sub(ROOT_OVERHEAD), true, out);
}

fn write_own(record: &mut Record, index: NodeIndex, limit: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    write_members(record, index, limit, false, out);
}

/// Appends everything of a subsegment but its brackets and children.
fn write_members(record: &mut Record, index: NodeIndex, limit: usize, is_root: bool, out: &mut Vec<u8>) {
    let field_limit = if record[index].text_bytes as usize > limit {
        limit_fields(record, index, limit)
    } else {
        FieldLimit(None)
    };
    let mut writer = Members { record, index, field_limit, out };
    writer.identity();
    writer.flags();
    writer.cause();
    writer.members();
    writer.http();
    writer.object(Section::Aws, b"\"aws\":{");
    writer.object(Section::Sql, b"\"sql\":{");
    writer.object(Section::Annotation, b"\"annotations\":{");
    writer.metadata(is_root);
    if is_root {
        record.dropped = super::record::Dropped::default();
    }
}

struct Members<'a> {
    record: &'a Record,
    index: NodeIndex,
    field_limit: FieldLimit,
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

    fn cause(&mut self) {
        let exceptions = self.record.fields_of(self.index, Section::Exception);
        if self.list(exceptions, b",\"cause\":{\"exceptions\":[", b"]}") {
            return;
        }
        if let Some(cause) = self.record[self.index].cause {
            self.out.extend_from_slice(b",\"cause\":\"");
            self.out.extend_from_slice(&cause.to_bytes());
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
            "{comma}\"tracer\":{{\"dropped\":{{\"values\":{values},\"subsegments\":{subsegments}}}}}"
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
        let Some(limit) =
            self.field_limit.0.filter(|limit| is_cuttable(field) && field.text.length as usize > *limit)
        else {
            self.text(field.text);
            return true;
        };
        let (key, value) = self.record.text(field.text).split_at(field.key_length as usize);
        if field.section == Section::Exception || key.len() + SMALLEST_CUT > limit {
            return false;
        }
        self.out.extend_from_slice(key);
        write_cut(self.out, value, limit - key.len());
        true
    }

    fn text(&mut self, text: Text) {
        self.out.extend_from_slice(self.record.text(text));
    }
}

fn is_cuttable(field: Field) -> bool {
    field.section != Section::Member
}

/// The length to which the longest fields must be cut so that the subsegment's own part fits into `limit`; counts the
/// values that do not fit at all as dropped.
fn limit_fields(record: &mut Record, index: NodeIndex, limit: usize) -> FieldLimit {
    let fields: Vec<Field> = record.fields_of_any(index).filter(|field| is_cuttable(*field)).collect();
    let mut lengths: Vec<usize> = fields.iter().map(|field| field.text.length as usize).collect();
    lengths.sort_unstable();
    let fixed = (record[index].text_bytes as usize).saturating_sub(lengths.iter().sum());
    let mut room = limit.saturating_sub(fixed);
    let mut limit = usize::MAX;
    for (at, length) in lengths.iter().enumerate() {
        let share = room / (lengths.len() - at);
        if *length > share {
            limit = share;
            break;
        }
        room -= length;
    }
    let lost = |field: &&Field| {
        let cannot_be_cut =
            field.section == Section::Exception || field.key_length as usize + SMALLEST_CUT > limit;
        field.text.length as usize > limit && cannot_be_cut
    };
    record.dropped.values += fields.iter().filter(lost).count() as u32;
    FieldLimit(Some(limit))
}
