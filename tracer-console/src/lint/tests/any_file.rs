//! What must hold of any bytes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Linted, file};
use super::{ID, lint_now, nested, segment};
use crate::document::Document;

/// Whether what the console refuses of a file is refused here by the same name.
fn agrees(file: &str) {
    let linted = lint_now(file);
    for (at, piece) in file::pieces(file.as_bytes()).into_iter().enumerate() {
        let read = piece.text.and_then(|text| Document::parse(&text));
        let of_piece = linted.findings.iter().filter(|finding| finding.document == at + 1);
        let codes: Vec<_> = of_piece.filter_map(|finding| finding.code).collect();
        assert!(read.as_ref().err().is_none_or(|refusal| codes.contains(&refusal.code)), "{read:?}: {file}");
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!(ID)),
        Just(json!("1-6b02e002-9311b20839c1ed87c6cec943")),
        Just(json!("subsegment")),
    ];
    const MEMBERS: [&str; 30] = [
        "name",
        "id",
        "trace_id",
        "parent_id",
        "type",
        "start_time",
        "end_time",
        "in_progress",
        "namespace",
        "http",
        "request",
        "response",
        "status",
        "url",
        "aws",
        "sql",
        "cause",
        "exceptions",
        "stack",
        "annotations",
        "metadata",
        "subsegments",
        "links",
        "service",
        "user",
        "origin",
        "fault",
        "throttle",
        "precursor_ids",
        "other",
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let member = (proptest::sample::select(&MEMBERS[..]), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            proptest::collection::vec(member, 0..8).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let linted = Linted::of(&bytes);
        prop_assert!(linted.refused() <= linted.documents());
    }

    #[test]
    fn what_the_console_refuses_is_refused_whatever_is_written(value in json_value(), other in json_value()) {
        agrees(&value.to_string());
        if let (Value::Object(mut members), Value::Object(others)) = (segment(json!({})), other) {
            members.extend(others);
            agrees(&Value::Object(members).to_string());
        }
    }

    #[test]
    fn no_mangled_document_makes_it_panic(at in 0_usize..2_000, text in ".{0,6}", keep in 0_usize..20) {
        let whole = nested(json!({"annotations": {"a": 1}, "cause": {"exceptions": []}})).to_string().repeat(3);
        let at = at.min(whole.len());
        let end = (at + keep).min(whole.len());
        agrees(&format!("{}{text}{}", &whole[..at], &whole[end..]));
    }
}
