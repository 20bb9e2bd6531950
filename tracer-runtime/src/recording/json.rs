//! Pieces of JSON text: strings, times, and values of bounded size.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

/// Appends `text` as a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_escaped(out, text);
    out.push(b'"');
}

/// Appends `text` escaped for the inside of a JSON string.
pub(crate) fn write_escaped(out: &mut Vec<u8>, text: &str) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        write_escape(out, byte);
        plain = at + 1;
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        other => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(other >> 4)]);
            out.push(HEX[usize::from(other & 0xf)]);
        }
    }
}

/// Appends a time as X-Ray writes it: epoch seconds with six decimals.
pub(crate) fn write_seconds(out: &mut Vec<u8>, micros: u64) {
    let (seconds, fraction) = (micros / 1_000_000, (micros % 1_000_000) as u32);
    // Fourteen digits hold the seconds of any u64 of microseconds.
    let mut text = [b'0'; 21];
    let (whole, decimals) = text.split_at_mut(14);
    decimals[0] = b'.';
    write_digits(&mut decimals[1..], fraction);
    let first = match u32::try_from(seconds) {
        // Ten digits, as every time of this century and the last.
        Ok(seconds) if seconds >= 1_000_000_000 => {
            write_digits(&mut whole[4..], seconds);
            4
        }
        _ => {
            let mut rest = seconds;
            let mut at = whole.len();
            while rest > 0 || at == whole.len() {
                at -= 1;
                whole[at] = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            at
        }
    };
    out.extend_from_slice(&text[first..]);
}

/// Fills `digits` with the last digits of `number`.
fn write_digits(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Why a user's value is not in the document as it is.
pub(crate) enum Unserialized {
    /// Its `Serialize` returned this error.
    Error(String),
    /// Its `Serialize` panicked.
    Panicked,
}

/// Appends `value` as JSON, at most `limit` bytes of it; a longer one becomes a string that says it was cut.
///
/// It stops asking the value for more once the limit is passed, so a value of any size costs bounded time and memory.
pub(crate) fn write_value<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
    limit: usize,
) -> Result<(), Unserialized> {
    let start = out.len();
    let mut bounded = Bounded { out, left: limit, full: false };
    // A value that panics halfway is thrown away whole, so nothing broken is seen again.
    let written = catch_unwind(AssertUnwindSafe(|| serde_json::to_writer(&mut bounded, value)));
    let full = bounded.full;
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) if full => {
            let kept = out.split_off(start);
            write_cut(out, &kept, limit);
            Ok(())
        }
        Ok(Err(error)) => {
            out.truncate(start);
            Err(Unserialized::Error(error.to_string()))
        }
        Err(_) => {
            out.truncate(start);
            Err(Unserialized::Panicked)
        }
    }
}

struct Bounded<'a> {
    out: &'a mut Vec<u8>,
    left: usize,
    full: bool,
}

impl io::Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let taken = bytes.len().min(self.left);
        self.out.extend_from_slice(&bytes[..taken]);
        self.left -= taken;
        if taken < bytes.len() {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a cut value ends with. It is longer by a note of the size in the document.
const CUT: &str = "… [cut by tracer]";

/// The room that the quotes and the mark of a cut value take.
pub(crate) const CUT_OVERHEAD: usize = CUT.len() + 2;

/// Appends the beginning of the JSON text `json` as a JSON string of at most `limit` bytes that ends with the mark.
///
/// A text that is a JSON string is cut as that string; anything else is shown as JSON text in a string.
pub(crate) fn write_cut(out: &mut Vec<u8>, json: &[u8], limit: usize) {
    let room = limit.saturating_sub(CUT_OVERHEAD);
    out.push(b'"');
    match json.split_first() {
        Some((b'"', inside)) => out.extend_from_slice(whole_escapes(inside, room)),
        _ => write_escaped_within(out, valid_prefix(json), room),
    }
    out.extend_from_slice(CUT.as_bytes());
    out.push(b'"');
}

/// The longest prefix of the inside of a JSON string within `room` that splits no character and no escape.
fn whole_escapes(inside: &[u8], room: usize) -> &[u8] {
    let text = valid_prefix(inside);
    let mut end = 0;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        let mut next = at + c.len_utf8();
        if c == '"' {
            break;
        }
        if c == '\\' {
            let Some((escape_at, escape)) = chars.next() else {
                break;
            };
            next = escape_at + escape.len_utf8();
            if escape == 'u' {
                // serde_json escapes only control characters this way, so there are no surrogate pairs to keep.
                for _ in 0..4 {
                    next = chars.next().map_or(usize::MAX, |(at, c)| at + c.len_utf8());
                }
            }
        }
        if next > room {
            break;
        }
        end = next;
    }
    &inside[..end]
}

fn write_escaped_within(out: &mut Vec<u8>, text: &str, room: usize) {
    let limit = out.len() + room;
    let mut buffer = [0; 4];
    for c in text.chars() {
        let before = out.len();
        write_escaped(out, c.encode_utf8(&mut buffer));
        if out.len() > limit {
            out.truncate(before);
            return;
        }
    }
}

/// The valid UTF-8 at the beginning of `bytes`: all but a character that a byte limit split.
fn valid_prefix(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn seconds(micros: u64) -> String {
        let mut out = Vec::new();
        write_seconds(&mut out, micros);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_have_six_decimals() {
        assert_eq!(seconds(1_795_348_454_158_672), "1795348454.158672");
        assert_eq!(seconds(5), "0.000005");
        assert_eq!(seconds(1_000_000), "1.000000");
        assert_eq!(seconds(u64::MAX), "18446744073709.551615");
    }

    proptest! {
        #[test]
        fn any_text_becomes_the_same_json_string(text in any::<String>()) {
            let mut out = Vec::new();
            write_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn a_cut_value_is_valid_json_within_its_limit(text in any::<String>(), nested: bool, limit in CUT_OVERHEAD..200) {
            let json = if nested { serde_json::to_vec(&[&text]) } else { serde_json::to_vec(&text) }.unwrap();
            let mut out = Vec::new();
            write_cut(&mut out, &json, limit);
            prop_assert!(out.len() <= limit);
            let cut: String = serde_json::from_slice(&out).unwrap();
            prop_assert!(cut.ends_with(CUT));
            let kept = cut.strip_suffix(CUT).unwrap();
            let whole = if nested { String::from_utf8(json).unwrap() } else { text };
            prop_assert!(whole.starts_with(kept));
        }

        #[test]
        fn a_value_over_the_limit_is_cut_and_one_below_is_not(text in ".{0,100}") {
            let whole = serde_json::to_vec(&text).unwrap();
            let mut out = Vec::new();
            prop_assert!(write_value(&mut out, &text, 60).is_ok());
            if whole.len() <= 60 {
                prop_assert_eq!(&out, &whole);
            } else {
                prop_assert!(out.len() <= 60);
                prop_assert!(serde_json::from_slice::<Value>(&out).is_ok());
            }
        }
    }
}
