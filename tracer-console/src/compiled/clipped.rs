//! Texts as answers and indexes have them: bounded. The documents keep them whole.

/// In bytes. X-Ray documents 1,000 characters for the value of an annotation, and fewer for its other texts (fact sheet 1.1).
const LONGEST: usize = 4_096;
/// In bytes; X-Ray documents 500 letters and digits for a key.
const LONGEST_KEY: usize = 1_024;

/// The beginning of a text: answers and indexes repeat it.
pub(super) fn text(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or_default()]
}

/// Whether nothing is kept under a key so long.
pub(super) fn is_no_key(key: &str) -> bool {
    key.len() > LONGEST_KEY
}
