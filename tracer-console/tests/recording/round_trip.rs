//! Random documents, out and back.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tracer_console::{Document, Recording, RecordingWriter};

use crate::running::{ask, console, everything, record, says};

/// A document as somebody might write it: pretty or not, with what JSON lets stand between, and with Python's NaN.
fn document() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[ -~]{0,12}",
        any::<String>(),
        Just("</pre><script>\n".to_owned()),
        Just("{\"document\": \"x\"}".to_owned()),
        Just("\u{2028}\r\n".to_owned()),
    ];
    let members = proptest::collection::hash_map(text.clone(), text.clone(), 0..3);
    let around = prop::sample::select(vec!["", " ", "\n", "\r\n", "\t"]);
    let shape = (0..4_u64, 0..6_u64, any::<bool>(), any::<bool>(), any::<bool>());
    (text, members, around, shape).prop_map(|(name, members, around, (trace, id, open, pretty, nan))| {
        let members: Map<_, _> = members.into_iter().map(|(key, value)| (key, json!(value))).collect();
        let mut document = json!({
            "trace_id": format!("1-6b02e002-{trace:024x}"), "id": format!("{:016x}", id + 1), "name": name,
            "start_time": 1_700_000_000.5 + trace as f64, "annotations": members, "metadata": {"default": members},
            // What other forms of lines have.
            "raw": "x", "document": "x", "Document": "x", "Traces": [],
        });
        document[if open { "in_progress" } else { "end_time" }] = if open { json!(true) } else { json!(1_700_000_009) };
        let text = if pretty { format!("{document:#}") } else { document.to_string() };
        let text = if nan { text.replacen('{', "{\"nan\": NaN,", 1) } else { text };
        format!("{around}{text}{around}")
    })
}

fn written(documents: &[String], name: &Path) -> Vec<u8> {
    let documents: Vec<_> = documents.iter().map(String::as_str).collect();
    if name.extension().is_some_and(|ending| ending == "html") {
        let mut writer = RecordingWriter::page(Vec::new(), "a title").unwrap();
        writer.write(&documents).unwrap();
        writer.finish().unwrap()
    } else {
        let mut writer = RecordingWriter::lines(Vec::new());
        writer.write(&documents).unwrap();
        writer.finish().unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn documents_are_read_byte_for_byte_as_they_were_written(
        documents in proptest::collection::vec(document(), 1..8),
    ) {
        for document in &documents {
            prop_assert!(Document::parse(document).is_ok(), "{document:?}");
        }
        for name in ["a.ndjson", "a.html"] {
            let recorded = written(&documents, Path::new(name));
            let read = Recording::new(&*recorded).unwrap().map(|recorded| recorded.unwrap().text.unwrap());
            prop_assert_eq!(read.collect::<Vec<_>>(), &documents[..]);
        }
    }
}

proptest! {
    // Each case runs the program twice.
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn what_is_exported_and_imported_into_an_empty_console_is_the_same_traces(
        documents in proptest::collection::vec(document(), 1..40),
        name in prop::sample::select(vec!["a.ndjson", "a.html", "a.ndjson.gz", "a.html.zst"]),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        let path = path.to_str().unwrap();
        let (from, to) = (console(), console());
        record(&from, &documents);
        says(&ask(&from, &["export", "--last", "100years", "--output", path]));
        let said = says(&ask(&to, &["import", path, "--json"]));
        let said: Value = serde_json::from_str(&said).unwrap();
        prop_assert_eq!(&said["taken"], documents.len());
        prop_assert_eq!(everything(to.store()), everything(from.store()));
    }
}
