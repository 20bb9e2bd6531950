//! Trace ids and segment ids (facts 2.1).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::beginning::beginning;

/// The id of a trace: a version, the epoch second of the first request, and 96 random bits.
///
/// It reads both of X-Ray's forms, `1-67891233-abcdef012345678912345678` and the 32 hexadecimal digits of W3C,
/// and prints the first; [`TraceId::to_w3c`] prints the second. X-Ray no longer validates the time part of an id
/// that came from W3C, so do not read a time out of it.
///
/// ```
/// use tracer_runtime::TraceId;
///
/// let id: TraceId = "1-67891233-abcdef012345678912345678".parse()?;
/// assert_eq!(id.to_string(), "1-67891233-abcdef012345678912345678");
/// assert_eq!(id.to_w3c(), "67891233abcdef012345678912345678");
/// # Ok::<(), tracer_runtime::IdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(u128);

impl TraceId {
    pub(crate) const ZERO: Self = Self(0);

    /// Makes an id from the epoch second of the request and 96 random bits; higher bits of `random` are ignored.
    ///
    /// ```
    /// use tracer_runtime::TraceId;
    ///
    /// assert_eq!(TraceId::from_parts(1, 2).to_string(), "1-00000001-000000000000000000000002");
    /// ```
    #[must_use]
    pub const fn from_parts(epoch_seconds: u32, random: u128) -> Self {
        Self(((epoch_seconds as u128) << 96) | (random & ((1 << 96) - 1)))
    }

    /// The id as W3C's `traceparent` writes it: 32 hexadecimal digits.
    ///
    /// ```
    /// # use tracer_runtime::TraceId;
    /// assert_eq!(TraceId::from_parts(1, 2).to_w3c(), "00000001000000000000000000000002");
    /// ```
    #[must_use]
    pub fn to_w3c(self) -> String {
        format!("{:032x}", self.0)
    }

    /// X-Ray's form, 35 bytes, without a formatter: it is on the hot path.
    pub(crate) fn to_bytes(self) -> [u8; 35] {
        let mut text = [b'-'; 35];
        text[0] = b'1';
        let (high, low) = (hex_digits((self.0 >> 64) as u64), hex_digits(self.0 as u64));
        text[2..10].copy_from_slice(&high[..8]);
        text[11..19].copy_from_slice(&high[8..]);
        text[19..].copy_from_slice(&low);
        text
    }
}

impl FromStr for TraceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError::Trace(shortened(text));
        let bytes = text.as_bytes();
        let id = match bytes.len() {
            32 => parse_hex(text),
            35 if text.is_ascii() && text.starts_with("1-") && bytes[10] == b'-' => {
                let (time, random) = (parse_hex(&text[2..10]), parse_hex(&text[11..]));
                time.zip(random).map(|(time, random)| (time << 96) | random)
            }
            _ => None,
        };
        id.map(Self).ok_or_else(error)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_bytes()).unwrap_or_default())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

/// The id of a segment or subsegment: 64 bits, printed as 16 hexadecimal digits.
///
/// ```
/// use tracer_runtime::SegmentId;
///
/// let id: SegmentId = "53995c3f42cd8ad8".parse()?;
/// assert_eq!(id.to_string(), "53995c3f42cd8ad8");
/// # Ok::<(), tracer_runtime::IdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub(crate) u64);

impl SegmentId {
    #[cfg(feature = "enable")]
    pub(crate) const ZERO: Self = Self(0);

    #[cfg(feature = "enable")]
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        hex_digits(self.0)
    }
}

impl FromStr for SegmentId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let id = (text.len() == 16).then(|| parse_hex_word(text)).flatten();
        id.map(Self).ok_or_else(|| IdError::Segment(shortened(text)))
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SegmentId({self})")
    }
}

/// A text that is no trace id or segment id.
///
/// ```
/// use tracer_runtime::TraceId;
///
/// let error = "1-2-3".parse::<TraceId>().unwrap_err();
/// assert!(error.to_string().contains("`1-2-3` is no trace id"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// Not a trace id.
    #[error("`{0}` is no trace id: write `1-`, 8 hexadecimal digits, `-`, 24 hexadecimal digits")]
    Trace(String),
    /// Not a segment id.
    #[error("`{0}` is no segment id: write 16 hexadecimal digits")]
    Segment(String),
}

/// Enough of a wrong input to recognise it.
fn shortened(text: &str) -> String {
    beginning(text, 60).to_owned()
}

/// The number that at most 32 hexadecimal digits are; any other character is `None`.
fn parse_hex(digits: &str) -> Option<u128> {
    let (high, low) = digits.split_at_checked(digits.len().saturating_sub(16))?;
    Some((u128::from(parse_hex_word(high)?) << 64) | u128::from(parse_hex_word(low)?))
}

// One copy is enough.
#[inline(never)]
fn parse_hex_word(digits: &str) -> Option<u64> {
    let mut word = 0;
    for digit in digits.bytes() {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        word = (word << 4) | u64::from(value);
    }
    Some(word)
}

/// Sixteen digits, eight at a time: bytes stored one by one and read back at once would wait for each other.
fn hex_digits(value: u64) -> [u8; 16] {
    let (high, low) = (hex_word((value >> 32) as u32), hex_word(value as u32));
    ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
}

/// The eight digits of `value` as the bytes of one word, the first in its highest byte.
fn hex_word(value: u32) -> u64 {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    // One digit a byte: the halves apart, then the quarters, then the eighths.
    let mut digits = u64::from(value);
    digits = (digits | digits << 16) & 0x0000_ffff_0000_ffff;
    digits = (digits | digits << 8) & 0x00ff_00ff_00ff_00ff;
    digits = (digits | digits << 4) & (EACH * 0xf);
    let is_letter = ((digits + EACH * 6) >> 4) & EACH;
    digits + EACH * u64::from(b'0') + is_letter * u64::from(b'a' - b'0' - 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_trace_id_are_read() {
        let xray: TraceId = "1-5759e988-bd862e3fe1be46a994272793".parse().unwrap();
        let w3c: TraceId = "5759e988bd862e3fe1be46a994272793".parse().unwrap();
        assert_eq!(xray, w3c);
        assert_eq!(xray.to_string(), "1-5759e988-bd862e3fe1be46a994272793");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in
            ["", "1-5759e988-bd862e3fe1be46a99427279", "2-5759e988-bd862e3fe1be46a994272793", "é", "+"]
        {
            assert!(text.parse::<TraceId>().is_err(), "{text}");
            assert!(text.parse::<SegmentId>().is_err(), "{text}");
        }
        assert!("+759e988bd862e3fe1be46a994272793".parse::<TraceId>().is_err());
        assert!("é-5759e988-bd862e3fe1be46a9942727".parse::<TraceId>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn digits_are_those_of_the_formatter(value: u64) {
            let expected = format!("{value:016x}");
            let digits = hex_digits(value);
            proptest::prop_assert_eq!(String::from_utf8_lossy(&digits), expected);
        }
    }

    #[test]
    fn upper_case_is_read_and_lower_case_is_written() {
        let id: TraceId = "1-5759E988-BD862E3FE1BE46A994272793".parse().unwrap();
        assert_eq!(id.to_string(), "1-5759e988-bd862e3fe1be46a994272793");
    }
}
