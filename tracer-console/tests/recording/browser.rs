//! The page in a real browser: hostile text runs nothing, and the waterfall can be seen and used.

use std::path::Path;

use serde_json::{Value, json};
use tracer_tests_python::{Python, skipped};

use crate::running::{ask, console, record, says};

const HOSTILE: &str = "</span></pre></details><script>window.ran='script'</script><img src=x onerror=\"window.ran='image'\">\
    <svg onload=alert(1)><a href=\"javascript:alert(2)\">&lt;b&gt;</a><style>*{display:none}</style><!--";

fn documents() -> [String; 2] {
    [1, 2].map(|trace: u64| {
        let exception = json!({"id": "00000000000000e1", "type": HOSTILE, "message": HOSTILE,
            "stack": [{"path": HOSTILE, "line": 1, "label": HOSTILE}]});
        json!({
            "trace_id": format!("1-6b02e002-{trace:024x}"), "id": "00000000000000a1", "name": HOSTILE, "start_time": 1_700_000_000 + trace,
            "end_time": 1_700_000_003 + trace, "fault": true, "annotations": {"hostile": HOSTILE}, "user": HOSTILE,
            "metadata": {HOSTILE: {HOSTILE: HOSTILE}}, "http": {"request": {"url": HOSTILE, "method": HOSTILE}},
            "cause": {"exceptions": [exception]}, "sql": {"sanitized_query": HOSTILE},
            "subsegments": [{"name": HOSTILE, "id": "00000000000000a2", "start_time": 1_700_000_001 + trace, "end_time": 1_700_000_002 + trace}],
        })
        .to_string()
    })
}

fn has_chromium() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path).any(|directory| names.iter().any(|name| directory.join(name).exists()))
}

/// What the browser says of a page; `None` where there is none.
fn open(page: &Path) -> Option<Value> {
    let python = Python::for_test(&["playwright"])?;
    if !has_chromium() {
        skipped("no Chromium is here");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/open_page.py");
    let output = python.command().arg(script).arg(page).arg(HOSTILE).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_real_browser_runs_nothing_of_what_documents_say_and_shows_the_waterfall() {
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("traces.html");
    let console = console();
    record(&console, &documents());
    says(&ask(&console, &["export", "--last", "100years", "-o", page.to_str().unwrap()]));
    let Some(seen) = open(&page) else { return };
    // Only the page itself was asked for, and nothing ran or complained.
    assert_eq!(seen["requests"].as_array().unwrap().len(), 1, "{seen:#}");
    for nothing in ["dialogs", "console", "ran", "handlers"] {
        assert_eq!(seen[nothing], json!([]), "{nothing}: {seen:#}");
    }
    let elements = [
        "b", "body", "code", "dd", "details", "div", "dl", "dt", "h1", "h3", "head", "header", "html",
        "main", "meta", "p", "pre", "rect", "span", "style", "summary", "svg", "title",
    ];
    assert_eq!(seen["elements"], json!(elements));
    // The segment and its subsegment, by their names as they are; a row folds what is below it.
    assert_eq!(seen["names"].as_array().unwrap().len(), 2, "{seen:#}");
    assert_eq!(seen["visible"], json!([true, true, false]), "{seen:#}");
    assert_eq!(seen["bar"], json!([true, true]));
    assert_ne!(seen["colours"][0], seen["colours"][1], "light and dark");
    assert_eq!((&seen["focusable"], &seen["width"]), (&json!(true), &json!(true)), "{seen:#}");
    assert_eq!(seen["documents"], json!([documents()[1]]), "as they arrived");
}
