//! Any text as a trace header: read or refused, never a panic; what is read survives printing, unknown parts too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracer_runtime::{SegmentId, TraceHeader};

const KNOWN: [&str; 4] = ["root", "parent", "sampled", "self"];

fuzz_target!(|text: &str| {
    let Ok(header) = text.parse::<TraceHeader>() else { return };
    let printed = header.to_string();
    assert_eq!(printed.parse::<TraceHeader>().as_ref(), Ok(&header), "{printed}");
    assert!(
        printed.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
        "it may go into an HTTP header: {printed}"
    );
    assert_eq!(unknown_parts(&printed), unknown_parts(text));

    let parent: SegmentId = "53995c3f42cd8ad8".parse().unwrap();
    let passed_on = header.with_parent(parent);
    assert_eq!(passed_on.parent(), Some(parent));
    assert_eq!((passed_on.root(), passed_on.sampling()), (header.root(), header.sampling()));
    assert_eq!(unknown_parts(&passed_on.to_string()), unknown_parts(text));
});

/// The `key=value` parts that nobody here knows and an HTTP header may hold.
fn unknown_parts(text: &str) -> Vec<&str> {
    let is_unknown = |part: &&str| {
        let is_printable = part.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let key = part.split_once('=').map(|(key, _)| key.trim().to_ascii_lowercase());
        is_printable && key.is_some_and(|key| !KNOWN.contains(&key.as_str()))
    };
    text.split(';').map(str::trim).filter(is_unknown).collect()
}
