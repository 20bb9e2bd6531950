//! What Powertools sent in other languages: documents kept beside the repository.

use std::path::Path;

use serde_json::Value;
use tracer_tests_python::skipped;

use crate::HERE;

/// The documents of a scenario such as `python/aws_operations`, in the order in which they were sent; `None` where the corpus is
/// not beside the repository, which is said.
///
/// # Panics
/// If the scenario is not as the corpus says that it is.
#[must_use]
pub fn corpus(scenario: &str) -> Option<Vec<Value>> {
    let path = Path::new(HERE).join("../../../shared/corpus").join(scenario).with_extension("jsonl");
    let Ok(lines) = std::fs::read_to_string(&path) else {
        skipped("no corpus beside the repository");
        return None;
    };
    Some(lines.lines().map(document).collect())
}

fn document(line: &str) -> Value {
    let line: Value = serde_json::from_str(line).expect("a line of the corpus is JSON");
    let datagram = line["raw"].as_str().expect("with a datagram");
    document_of(datagram.as_bytes())
}

/// The document of a datagram: what follows its header line.
pub(crate) fn document_of(datagram: &[u8]) -> Value {
    let end = datagram.iter().position(|byte| *byte == b'\n').expect("a header line comes first");
    serde_json::from_slice(&datagram[end..]).expect("a document is JSON")
}
