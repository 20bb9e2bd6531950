//! Pieces of JSON text: strings, times, and values of bounded size.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use super::serializer::{Serializer, Stopped};

/// Appends `text` as a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_escaped(out, text);
    out.push(b'"');
}

/// Appends `text` escaped for the inside of a JSON string.
#[inline]
pub(crate) fn write_escaped(out: &mut Vec<u8>, text: &str) {
    if needs_escape(text.as_bytes()) {
        write_with_escapes(out, text.as_bytes());
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

fn write_with_escapes(out: &mut Vec<u8>, mut text: &[u8]) {
    while let Some(at) = text.iter().position(|byte| is_escaped(*byte)) {
        out.extend_from_slice(&text[..at]);
        write_escape(out, text[at]);
        text = &text[at + 1..];
    }
    out.extend_from_slice(text);
}

fn is_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Looks at eight bytes at a time, the last ones perhaps for the second time.
#[inline]
fn needs_escape(text: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        let is_between =
            |text: &[u8]| text.chunks_exact(8).any(|word| word.try_into().is_ok_and(word_needs_escape));
        return word_needs_escape(*first)
            || word_needs_escape(*last)
            || (text.len() > 16 && is_between(&text[8..]));
    }
    if let (Some([a, b, c, d]), Some([e, f, g, h])) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        return word_needs_escape([*a, *b, *c, *d, *e, *f, *g, *h]);
    }
    text.iter().any(|byte| is_escaped(*byte))
}

/// Whether any of eight bytes is escaped, by the well-known tests for a zero byte and for one below a limit.
#[inline]
fn word_needs_escape(bytes: [u8; 8]) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = EACH << 7;
    let word = u64::from_ne_bytes(bytes);
    let quote = word ^ (EACH * u64::from(b'"'));
    let backslash = word ^ (EACH * u64::from(b'\\'));
    let below = word.wrapping_sub(EACH * u64::from(b' ')) & !word;
    let zeros = (quote.wrapping_sub(EACH) & !quote) | (backslash.wrapping_sub(EACH) & !backslash);
    (below | zeros) & HIGH != 0
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
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

/// Writes times as X-Ray does, epoch seconds with six decimals. It remembers the second, which most of a document share.
#[derive(Debug)]
pub(crate) struct Clock {
    second: u64,
    /// The digits of the second and the point, right-aligned: there is room for any second.
    text: [u8; 21],
    /// Where the digits begin.
    first: usize,
}

const POINT: usize = 20;

impl Default for Clock {
    fn default() -> Self {
        Self { second: 0, text: *b"00000000000000000000.", first: POINT - 1 }
    }
}

impl Clock {
    /// Appends the time `micros`, in epoch microseconds.
    #[inline]
    pub(crate) fn write(&mut self, micros: u64, out: &mut Vec<u8>) {
        let (second, fraction) = (micros / 1_000_000, (micros % 1_000_000) as u32);
        if second != self.second {
            self.set(second);
        }
        // Ten digits, as the second of every time of this century has, are copied as a known number of bytes.
        match self.text.last_chunk::<11>() {
            Some(text) if self.first == POINT - 10 => out.extend_from_slice(text),
            _ => out.extend_from_slice(&self.text[self.first..]),
        }
        let (high, low) = (fraction / 10_000, fraction % 10_000);
        out.extend_from_slice(&PAIRS[high as usize]);
        out.extend_from_slice(&PAIRS[low as usize / 100]);
        out.extend_from_slice(&PAIRS[low as usize % 100]);
    }

    #[cold]
    fn set(&mut self, second: u64) {
        self.second = second;
        let mut rest = second;
        self.first = POINT;
        while rest > 0 || self.first == POINT {
            self.first -= 1;
            self.text[self.first] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

/// The digits of 0 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// The deepest nesting of a value that is kept as it is. Readers of JSON stop at some depth, and it is nested already.
pub(crate) const DEEPEST_VALUE: u32 = 64;

/// Why a user's value is not in the document as it is.
pub(crate) enum Unserialized {
    /// Its `Serialize` returned this error.
    Error(Box<str>),
    /// Its `Serialize` panicked.
    Panicked,
}

/// Appends `value` as JSON, at most `limit` bytes of it; a longer one becomes a string that says it was cut.
///
/// It stops asking the value for more once the limit is passed, so a value of any size costs bounded time and memory.
#[inline]
pub(crate) fn write_value<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
    limit: usize,
) -> Result<(), Unserialized> {
    let start = out.len();
    // One more than may stay, to tell a value that just fits from one that went on.
    let end = start + limit + 1;
    let is_too_deep = Cell::new(false);
    // A value that panics halfway is thrown away whole, so nothing broken is seen again.
    let written =
        catch_unwind(AssertUnwindSafe(|| value.serialize(Serializer::new(&mut *out, end, &is_too_deep))));
    match written {
        Ok(Ok(())) if out.len() < end && !is_too_deep.get() => Ok(()),
        unwritten => not_whole(out, start, limit, is_too_deep.get(), unwritten),
    }
}

#[cold]
fn not_whole(
    out: &mut Vec<u8>,
    start: usize,
    limit: usize,
    is_too_deep: bool,
    written: std::thread::Result<Result<(), Stopped>>,
) -> Result<(), Unserialized> {
    let kept = out.split_off(start);
    match written {
        // A value may have hidden from its caller that it was stopped.
        Ok(_) if is_too_deep || kept.len() > limit => {
            write_cut(out, &kept, limit);
            Ok(())
        }
        Ok(Ok(()) | Err(Stopped::Full | Stopped::Deep)) => {
            Err(Unserialized::Error("it stopped without an error".into()))
        }
        Ok(Err(Stopped::Error(error))) => Err(Unserialized::Error(error)),
        Err(_) => Err(Unserialized::Panicked),
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
                let is_first_half = text.as_bytes().get(next..next + 2).is_some_and(is_high_surrogate);
                for _ in 0..4 {
                    next = chars.next().map_or(usize::MAX, |(at, c)| at + c.len_utf8());
                }
                if is_first_half && next <= room {
                    // The other half is the next escape.
                    continue;
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

/// Whether the digits of an escape begin as those of the first half of a pair do: `d8` to `db`.
fn is_high_surrogate(digits: &[u8]) -> bool {
    matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B'])
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
        Clock::default().write(micros, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_have_six_decimals() {
        assert_eq!(seconds(1_795_348_454_158_672), "1795348454.158672");
        assert_eq!(seconds(5), "0.000005");
        assert_eq!(seconds(1_000_000), "1.000000");
        assert_eq!(seconds(u64::MAX), "18446744073709.551615");
        let (mut clock, mut out) = (Clock::default(), Vec::new());
        for micros in [2_000_001, 2_999_999, 11_000_000, 3, 0] {
            clock.write(micros, &mut out);
            out.push(b' ');
        }
        assert_eq!(String::from_utf8(out).unwrap(), "2.000001 2.999999 11.000000 0.000003 0.000000 ");
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
