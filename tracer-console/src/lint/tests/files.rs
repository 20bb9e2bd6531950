//! Documents in files of all kinds.

use serde_json::{Value, json};

use super::super::file;
use super::{lint_now, segment, subsegment};
use crate::refusal::RefusalCode;

#[test]
fn a_file_may_hold_documents_in_many_ways() {
    let (a, b) = (segment(json!({})), subsegment(json!({"id": "8e7fb6825d14ff63"})));
    let wrong = json!({"id": 7});
    let datagram = |document: &Value| format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
    let pretty = |document: &Value| serde_json::to_string_pretty(document).unwrap();
    let recorded = |document: &Value| json!({"n": 1, "raw": datagram(document)}).to_string();
    let together = [a.clone(), wrong.clone(), b.clone()];
    for (file, lines) in [
        (format!("{a}\n\n{wrong}\r\n{b}\n"), [1, 3, 4]),
        (format!("\u{feff}{a}\n{{\"name\": \"cut\n{b}"), [1, 2, 3]),
        (format!("{{\"name\": \"cut\n{a}\n{b}"), [1, 2, 3]),
        (format!("{a} {wrong} {b}"), [1, 1, 1]),
        (json!(together).to_string(), [1, 1, 1]),
        (serde_json::to_string_pretty(&together).unwrap(), [2, 9, 12]),
        (format!("{}\n{}\n{}", pretty(&a), pretty(&wrong), pretty(&b)), [1, 8, 11]),
        (format!("{}\n{}\n{}\n", datagram(&a), datagram(&wrong), datagram(&b)), [1, 3, 5]),
        (format!("{}\n{{\"format\":\"xml\"}}\n{a}\n{}", datagram(&a), datagram(&b)), [1, 3, 5]),
        ([&a, &wrong, &b].map(recorded).join("\n"), [1, 2, 3]),
        (
            json!({"TraceSegmentDocuments": together.clone().map(|document| document.to_string())})
                .to_string(),
            [1, 1, 1],
        ),
        (json!(together.map(|document| document.to_string())).to_string(), [1, 1, 1]),
    ] {
        let linted = lint_now(&file);
        assert_eq!((linted.documents(), linted.refused()), (3, 1), "{file}\n{:#?}", linted.findings);
        let found: Vec<_> = file::pieces(file.as_bytes()).iter().map(|piece| piece.line).collect();
        assert_eq!(found, lines, "{file}");
    }
    let broken = pretty(&a).replace("\"name\"", "name");
    assert_eq!(lint_now(broken).findings[0].code, Some(RefusalCode::ParseError));
    assert_eq!(lint_now(" \n ").documents(), 0);
}

#[test]
fn a_datagram_over_many_lines_ends_at_the_next_header() {
    let pretty = serde_json::to_string_pretty(&segment(json!({}))).unwrap();
    let file = format!("{{\"format\":\"json\",\"version\":1}}\n{pretty}\n").repeat(2);
    let linted = lint_now(file);
    assert_eq!((linted.documents(), linted.refused()), (2, 0), "{:#?}", linted.findings);
}
