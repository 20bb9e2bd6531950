use base64::Engine as _;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::*;
use crate::recording::RecordingWriter;

const HOSTILE: &str = "</pre></summary></details></style></title><script>alert(1)</script><img src=x onerror=alert(2)>\"'`&\u{0}\u{202e}";

fn page(documents: &[String]) -> String {
    let documents: Vec<_> = documents.iter().map(|document| &**document).collect();
    let mut writer = RecordingWriter::page(Vec::new(), HOSTILE).unwrap();
    writer.write(&documents).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

/// A document in which every text that can be one is `text`.
fn document(text: &str) -> Value {
    json!({
        "trace_id": "1-6b02e002-9311b20839c1ed87c6cec943", "id": "cbafb490a105b1f4", "start_time": 1.0, "end_time": 3.0,
        "name": text, "origin": text, "user": text, text: text,
        "annotations": {text: text, "other": 7}, "metadata": {text: {text: text}, "plain": text},
        "http": {"request": {"method": text, "url": text, text: text}, "response": {"status": 503}},
        "aws": {"operation": text, "table_name": text}, "sql": {"sanitized_query": text, "url": text}, "fault": true,
        "cause": {"working_directory": text, "exceptions": [
            {"id": text, "type": text, "message": text, "stack": [{"path": text, "line": 7, "label": text}]},
        ]},
        "links": [{"trace_id": text, "id": text}],
        "subsegments": [{"name": text, "id": "8e7fb6825d14ff63", "namespace": text, "start_time": 1.5, "in_progress": true}],
    })
}

/// The names of all elements, in their order, read as a browser does: whatever stands between `<` and the end of a name.
fn elements(page: &str) -> Vec<&str> {
    let name = |at: usize| {
        let rest = &page[at + 1..];
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '/' && c != '!').unwrap_or(rest.len());
        &rest[..end]
    };
    page.match_indices('<').map(|(at, _)| name(at)).collect()
}

#[test]
fn the_policy_lets_in_the_style_and_nothing_else() {
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(STYLE));
    assert_eq!(STYLE_HASH, format!("sha256-{hash}"), "write this into the constant");
    let page = RecordingWriter::page(Vec::new(), "traces").unwrap().finish().unwrap();
    let page = String::from_utf8(page).unwrap();
    let policy = format!(
        "content=\"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'\""
    );
    assert!(page.contains(&policy), "{page}");
    assert!(page.contains(&format!("<style>{STYLE}</style>")));
    for word in ["<script", "http://", "https://", "url(", "@import", "style=", " src=", "onload"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn a_failure_is_marked_by_its_status_where_no_flag_is_written() {
    for (status, name, word) in
        [(503, "fault", "fault"), (429, "throttle", "throttle"), (404, "error", "error")]
    {
        let mut document = document("told");
        document["http"] = json!({"response": {"status": status}});
        document.as_object_mut().unwrap().remove("fault");
        let shown = page(&[document.to_string()]);
        assert!(shown.contains(&format!("<span class=\"{name}\">told</span>")), "{status}");
        assert!(shown.contains(&format!("<b class=\"{name}\">{word}</b>")), "{status}");
    }
}

#[test]
fn everything_that_a_document_tells_is_shown() {
    let shown = page(&[document("tell-me").to_string()]);
    for expected in [
        "id=\"1-6b02e002-9311b20839c1ed87c6cec943\"",
        "<span class=\"fault\">tell-me</span>",
        "<b class=\"fault\">fault</b>",
        "in progress",
        "2.00 s",
        "<dt>tell-me</dt><dd><code>tell-me</code></dd>",
        "<dt>tell-me › tell-me</dt>",
        "<dt>sanitized_query</dt>",
        "<dt>request › url</dt>",
        "tell-me  tell-me:7",
        "503 tell-me tell-me",
    ] {
        assert!(shown.contains(expected), "{expected} is not in\n{shown}");
    }
}

#[test]
fn hostile_text_makes_no_element_and_no_attribute() {
    let plain = page(&[document("x").to_string()]);
    let hostile = page(&[document(HOSTILE).to_string()]);
    assert_eq!(elements(&hostile), elements(&plain));
    assert!(!hostile.contains("<script") && !hostile.contains("<img"));
    assert_eq!(hostile.matches("onerror").count(), hostile.matches(" onerror=alert(2)&").count());
}

#[test]
fn a_trace_deeper_and_larger_than_a_browser_bears_is_flattened_and_cut() {
    let chain = (1..=6_000).map(|number: u64| {
        json!({"trace_id": "1-6b02e002-9311b20839c1ed87c6cec943", "id": format!("{number:016x}"), "name": "n", "type": "subsegment",
            "parent_id": format!("{:016x}", number - 1), "start_time": number, "end_time": number}).to_string()
    });
    let page = page(&chain.collect::<Vec<_>>());
    assert!(page.contains("… and 1000 more segments and subsegments"));
    let (mut open, mut deepest) = (0_usize, 0);
    for element in elements(&page) {
        match element {
            "details" => open += 1,
            "/details" => open -= 1,
            _ => {}
        }
        deepest = deepest.max(open);
    }
    assert_eq!(open, 0);
    assert!(deepest < 120, "{deepest}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_of_a_document_leaves_its_place(
        text in prop_oneof![any::<String>(), "[<>/!\"'=& a-z\n\r\t-]{1,40}", Just(HOSTILE.to_owned())],
    ) {
        // A member of the same name would be another document.
        prop_assume!(document(&text).as_object().unwrap().len() == document("x").as_object().unwrap().len());
        let texts = [document(&text).to_string()];
        let shown = page(&texts);
        // Empty values are left out with their elements, as are empty names of the request's parts.
        if !text.is_empty() {
            let plain = page(&[document("x").to_string()]);
            prop_assert_eq!(elements(&shown), elements(&plain));
        }
        let read: Vec<_> = shown.lines().filter_map(document_of).collect();
        prop_assert_eq!(read, texts);
    }
}
