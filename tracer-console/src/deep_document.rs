//! Documents that nest deeper than one is read, such as X-Ray answers of long chains of calls: as several that do not.

use serde_json::{Map, Value};

use crate::lenient_json;

/// The document itself where it can be read, or else one document for the segment and each of its subsegments.
///
/// X-Ray and the console answer with subsegments nested in each other, however deep that becomes; nobody takes a document of
/// more than some hundred levels.
///
/// ```
/// let mut text = r#"{"id":"00000000000000ff","name":"last","start_time":1,"end_time":2}"#.to_owned();
/// for id in 1..=200 {
///     text = format!(r#"{{"id":"{id:016x}","name":"job","start_time":1,"end_time":2,"subsegments":[{text}]}}"#);
/// }
/// let text = text.replacen('{', r#"{"trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","#, 1);
/// assert!(tracer_console::Document::parse(&text).is_err());
/// let apart = tracer_console::taken_apart(&text);
/// assert_eq!(apart.len(), 201);
/// assert!(apart.iter().all(|text| tracer_console::Document::parse(text).is_ok()));
/// ```
#[must_use]
pub fn taken_apart(document: &str) -> Vec<String> {
    let whole = || vec![document.to_owned()];
    if !lenient_json::is_too_deep(document) {
        return whole();
    }
    entities(document).unwrap_or_else(whole)
}

/// A segment or subsegment without those that are nested in it, and in which it is.
#[derive(Debug, Default)]
struct Piece {
    text: String,
    parent: Option<usize>,
}

/// What a bracket opened.
enum Open {
    /// The piece at a position.
    Entity(usize),
    /// The subsegments of the piece at a position.
    Nested(usize),
    Other,
}

/// `None` for what is no document.
fn entities(document: &str) -> Option<Vec<String>> {
    let pieces = pieces(document)?;
    let mut entities: Vec<Map<String, Value>> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let Value::Object(mut entity) = lenient_json::read(&piece.text).ok()?.value else { return None };
        if let Some(parent) = piece.parent {
            entity.insert("parent_id".to_owned(), entities[parent].get("id")?.clone());
            entity.insert("trace_id".to_owned(), entities[0].get("trace_id")?.clone());
            entity.insert("type".to_owned(), Value::from("subsegment"));
        }
        entities.push(entity);
    }
    Some(entities.into_iter().map(|entity| Value::Object(entity).to_string()).collect())
}

/// The pieces of a document, each after the one that it is nested in; without recursion, which the deepest would end.
fn pieces(document: &str) -> Option<Vec<Piece>> {
    let (mut pieces, mut open) = (Vec::<Piece>::new(), Vec::<Open>::new());
    // The key whose value comes next, where that is one of an entity's own.
    let mut key = "";
    let mut rest = document;
    while let Some(next) = rest.chars().next() {
        let end = if next == '"' { end_of_string(rest)? } else { next.len_utf8() };
        let (token, after) = rest.split_at(end);
        rest = after;
        let of_entity = matches!(open.last(), Some(Open::Entity(_)));
        match (next, open.last()) {
            ('{', None | Some(Open::Nested(_))) => {
                let parent = match open.last() {
                    Some(Open::Nested(parent)) => Some(*parent),
                    _ if pieces.is_empty() => None,
                    _ => return None,
                };
                open.push(Open::Entity(pieces.len()));
                pieces.push(Piece { text: token.to_owned(), parent });
                key = "";
                continue;
            }
            ('[', Some(&Open::Entity(piece))) if key == "\"subsegments\"" => {
                pieces[piece].text.push_str("[]");
                open.push(Open::Nested(piece));
                continue;
            }
            ('{' | '[', _) => open.push(Open::Other),
            ('}' | ']', _) => {
                let current = current(&open);
                if !matches!(open.pop()?, Open::Nested(_)) {
                    pieces.get_mut(current?)?.text.push_str(token);
                }
                key = "";
                continue;
            }
            ('"', _) if of_entity && key.is_empty() => key = token,
            (',', _) if of_entity => key = "",
            (c, None) if !c.is_whitespace() => return None,
            _ => {}
        }
        // What stands beside subsegments in their list is none.
        if !matches!(open.last(), Some(Open::Nested(_)) | None) {
            pieces.get_mut(current(&open)?)?.text.push_str(token);
        }
    }
    open.is_empty().then_some(pieces)
}

/// The piece that is being read.
fn current(open: &[Open]) -> Option<usize> {
    open.iter().rev().find_map(|open| match open {
        Open::Entity(piece) | Open::Nested(piece) => Some(*piece),
        Open::Other => None,
    })
}

/// Where the string ends with which a text begins, its quotes included.
fn end_of_string(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map(|end| end + 2)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::Document;

    /// A document of subsegments in each other, with what is no subsegment beside them.
    fn chain(levels: usize) -> String {
        let mut text = String::from("{\"trace_id\": \"1-6b02e002-9311b20839c1ed87c6cec943\"");
        for level in 1..=levels {
            let members = json!({"id": format!("{level:016x}"), "name": format!("step \"{level}\\"), "start_time": 1.5,
                "end_time": 2, "metadata": {"x": {"subsegments": [{}]}}, "fault": true});
            let members = members.to_string();
            let before = if level == 1 { ", " } else { ", \"subsegments\" : [ 7, \"{\", {" };
            text.extend([before, &members[1..members.len() - 1]]);
        }
        text + &"} ]".repeat(levels - 1) + "} "
    }

    #[test]
    fn a_chain_of_any_length_is_taken_apart_into_documents_that_are_read() {
        let apart = taken_apart(&chain(30_000));
        assert_eq!(apart.len(), 30_000);
        let last = Document::parse(&apart[29_999]).unwrap();
        let entity = &last.entities()[0];
        assert_eq!((entity.name(), entity.is_fault()), ("step \"30000\\", true));
        assert_eq!(entity.member("metadata").unwrap()["x"]["subsegments"], json!([{}]));
        assert_eq!(entity.parent_id().unwrap().to_string(), format!("{:016x}", 29_999));
    }

    #[test]
    fn what_is_not_deep_or_no_json_stays_as_it_is() {
        for text in [
            chain(3),
            chain(300) + "7",
            "[".repeat(1_000),
            "{\"subsegments\":[".repeat(1_000),
            "{\"a\":".repeat(500) + "\"",
        ] {
            assert_eq!(taken_apart(&text), [text]);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([\\[\\]{}\",:a\\\\ 1é]|\"subsegments\":\\[|\\{\"id\":\"1\",){0,60}") {
            let _ = pieces(&text);
            let _ = entities(&text);
        }
    }
}
