//! JSON as tracers really write it: Python's bare `NaN` and `Infinity` are read as `null`, and that is said.

use serde::Deserialize as _;
use serde_json::Value;

use crate::refusal::{Refusal, RefusalCode};

/// How deeply arrays and objects may nest; a subsegment within a subsegment takes two levels.
pub(crate) const MAX_DEPTH: usize = 400;

/// A value, and whether it had to be repaired.
#[derive(Debug)]
pub(crate) struct Lenient {
    pub(crate) value: Value,
    pub(crate) repaired: bool,
}

/// Reads `text`, with bare `NaN`, `Infinity` and `-Infinity` as `null`.
pub(crate) fn read(text: &str) -> Result<Lenient, Refusal> {
    if is_too_deep(text) {
        let message =
            format!("nests more than {MAX_DEPTH} levels deep; send subtrees as subsegments of their own");
        return Err(Refusal::new(RefusalCode::TooDeep, message));
    }
    let error = match parse(text) {
        Ok(value) => {
            return Ok(Lenient { value, repaired: false });
        }
        Err(error) => error,
    };
    repair(text)
        .and_then(|repaired| parse(&repaired).ok())
        .map(|value| Lenient { value, repaired: true })
        .ok_or_else(|| Refusal::new(RefusalCode::ParseError, format!("the document is not JSON: {error}")))
}

fn parse(text: &str) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let value = Value::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Visits every byte outside of strings.
fn outside_strings(text: &str, mut visit: impl FnMut(usize, u8)) {
    let (mut in_string, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, _) => visit(at, byte),
            (true, _) => {}
        }
    }
}

/// Whether [`read`] refuses it for its depth.
pub(crate) fn is_too_deep(text: &str) -> bool {
    // Few brackets cannot nest deeply, and to count them is quick.
    let brackets = count(text.as_bytes(), b'[') + count(text.as_bytes(), b'{');
    brackets > MAX_DEPTH && depth(text) > MAX_DEPTH
}

/// How often a byte is in a text.
pub(crate) fn count(text: &[u8], wanted: u8) -> usize {
    // The sum of so few is a byte, too: the compiler compares 16 at a time, with a fifteenth of the instructions.
    const FEW: usize = 240;
    let of_few = |few: &[u8]| few.iter().fold(0_u8, |sum, byte| sum + u8::from(*byte == wanted));
    text.chunks(FEW).map(|few| usize::from(of_few(few))).sum()
}

fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    outside_strings(text, |_, byte| match byte {
        b'[' | b'{' => {
            now += 1;
            most = most.max(now);
        }
        b']' | b'}' => now = now.saturating_sub(1),
        _ => {}
    });
    most
}

/// `None` when there is nothing to repair.
fn repair(text: &str) -> Option<String> {
    let mut starts = Vec::new();
    outside_strings(text, |at, byte| {
        if matches!(byte, b'N' | b'I' | b'-') {
            starts.push(at);
        }
    });
    let mut repaired = String::with_capacity(text.len());
    let mut copied = 0;
    for at in starts {
        let rest = &text[at..];
        let Some(word) = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| rest.starts_with(word))
        else {
            continue;
        };
        if at < copied {
            continue; // The `Infinity` within a `-Infinity`.
        }
        repaired.push_str(&text[copied..at]);
        repaired.push_str("null");
        copied = at + word.len();
    }
    (copied > 0).then(|| repaired + &text[copied..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bare_nan_and_infinity_become_null_and_are_flagged() {
        let read = read(r#"{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN -Infinity \" NaN"}"#).unwrap();
        assert!(read.repaired);
        assert_eq!(read.value, json!({"a": null, "b": [null, null], "c": "NaN -Infinity \" NaN"}));
    }

    #[test]
    fn correct_json_is_not_flagged() {
        assert!(!read(r#"{"NaN": "Infinity"}"#).unwrap().repaired);
    }

    #[test]
    fn the_deepest_document_fits_the_stack_of_a_thread_and_one_level_more_is_refused() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1)).unwrap_err().code, RefusalCode::TooDeep);
        assert_eq!(read(&"{\"subsegments\":[".repeat(4000)).unwrap_err().code, RefusalCode::TooDeep);
    }
}
