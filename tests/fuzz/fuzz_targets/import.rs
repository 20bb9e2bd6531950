//! Any bytes as a file to import: read to its end or refused, piece by piece; and what is read and written again is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracer_console::{Document, Recording, RecordingWriter};

fuzz_target!(|bytes: &[u8]| {
    // A few bytes can be unpacked to more than is worth reading.
    let Ok(recording) = Recording::new(bytes) else { return };
    let recorded = recording.map_while(Result::ok).take(10_000);
    let texts: Vec<_> = recorded.filter_map(|recorded| recorded.text.ok()).collect();
    let kept: Vec<_> =
        texts.iter().filter(|text| Document::parse(text).is_ok()).map(String::as_str).collect();
    let mut lines = RecordingWriter::lines(Vec::new());
    lines.write(&kept).unwrap();
    let mut page = RecordingWriter::page(Vec::new(), "fuzzed").unwrap();
    // A page draws whole traces, of documents that can be read.
    if !kept.is_empty() {
        page.write(&kept).unwrap();
    }
    let page = page.finish().unwrap();
    assert!(!page.windows(7).any(|window| window.eq_ignore_ascii_case(b"<script")));
    for written in [lines.finish().unwrap(), page] {
        let read = Recording::new(&*written).unwrap().map(|recorded| recorded.unwrap().text.unwrap());
        assert!(read.eq(kept.iter().copied()));
    }
});
