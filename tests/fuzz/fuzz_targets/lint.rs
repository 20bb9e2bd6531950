//! Any bytes as a file of documents: every one is counted, and none is said to be taken that the console refuses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracer_console::{Document, LintLevel, Linted};

fuzz_target!(|bytes: &[u8]| {
    let linted = Linted::of(bytes);
    assert_eq!(linted.taken_whole() + linted.taken_with_losses() + linted.refused(), linted.documents());
    for finding in linted.findings() {
        assert!((1..=linted.documents()).contains(&finding.document), "{finding}");
        assert!(finding.line >= 1 && !finding.message.is_empty() && !finding.remedy.is_empty(), "{finding}");
        assert_eq!(finding.code.is_some(), finding.level == LintLevel::Refused, "{finding}");
        assert!(finding.path.is_empty() || finding.path.starts_with('/'), "{finding}");
    }
    // A line that is one document, and encloses none.
    let Ok(line) = std::str::from_utf8(bytes) else { return };
    let encloses = ["\n", "\"raw\"", "\"TraceSegmentDocuments\""].into_iter().any(|mark| line.contains(mark));
    if line.starts_with('{') && linted.documents() == 1 && !encloses && Document::parse(line).is_err() {
        assert_eq!(linted.refused(), 1);
    }
});
