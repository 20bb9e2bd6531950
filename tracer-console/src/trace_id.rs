//! The names of things on the wire: a trace's id and the id of a segment or subsegment.

use std::fmt;
use std::str::FromStr;

/// The id of a trace, `1-` + 8 hex digits + `-` + 24 hex digits; W3C's 32 hex digits are read too.
///
/// ```
/// let id: tracer_console::TraceId = "1-6b02d7e6-207f0216d9e1908cc7eb247a".parse()?;
/// assert_eq!(id, "6b02d7e6207f0216d9e1908cc7eb247a".parse()?);
/// assert_eq!(id.to_string(), "1-6b02d7e6-207f0216d9e1908cc7eb247a");
/// # Ok::<(), tracer_console::InvalidId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(u128);

/// The id of a segment or subsegment: 16 hex digits.
///
/// ```
/// let id: tracer_console::EntityId = "af75c2b92b770f09".parse()?;
/// assert_eq!(id.to_string(), "af75c2b92b770f09");
/// # Ok::<(), tracer_console::InvalidId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(u64);

/// A text that is no id; says which form was expected.
///
/// ```
/// let error = "nonsense".parse::<tracer_console::EntityId>().unwrap_err();
/// assert!(error.to_string().contains("16 hex digits"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct InvalidId {
    text: String,
    expected: &'static str,
}

impl InvalidId {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(60).collect(), expected }
    }
}

impl TraceId {
    /// A new id: the time now and 96 random bits. For requests that begin at home; not a source of secrets.
    ///
    /// ```
    /// assert_ne!(tracer_console::TraceId::generate(), tracer_console::TraceId::generate());
    /// ```
    #[must_use]
    pub fn generate() -> Self {
        let seconds = crate::timestamp::Timestamp::now().micros() / 1_000_000;
        let time = u128::from(u32::try_from(seconds).unwrap_or_default()) << 96;
        Self(time | (fastrand::u128(..) >> 32))
    }
}

impl TraceId {
    /// For the store: an id as its 16 bytes.
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl EntityId {
    /// A new random id.
    ///
    /// ```
    /// assert_eq!(tracer_console::EntityId::generate().to_string().len(), 16);
    /// ```
    #[must_use]
    pub fn generate() -> Self {
        Self(fastrand::u64(1..))
    }

    /// An id for an entity that has none (or one already taken): the same for the same place in the document.
    /// For the store: an id as a number.
    pub(crate) fn from_number(number: u64) -> Self {
        Self(number)
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn derived(parent: Self, position: usize) -> Self {
        use std::hash::{Hash as _, Hasher as _};
        let mut hasher = std::hash::DefaultHasher::new();
        (parent.0, position).hash(&mut hasher);
        Self(hasher.finish())
    }
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl FromStr for TraceId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || {
            InvalidId::new(text, "a trace id: 1-, 8 hex digits, -, 24 hex digits (or W3C's 32 hex digits)")
        };
        let number = |digits| u128::from_str_radix(digits, 16).map_err(|_| invalid());
        match text.strip_prefix("1-").and_then(|rest| rest.split_once('-')) {
            Some((time, random)) if is_hex(time, 8) && is_hex(random, 24) => {
                Ok(Self(number(time)? << 96 | number(random)?))
            }
            None if is_hex(text, 32) => number(text).map(Self),
            _ => Err(invalid()),
        }
    }
}

impl FromStr for EntityId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId::new(text, "an id of a segment or subsegment: 16 hex digits");
        if !is_hex(text, 16) {
            return Err(invalid());
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| invalid())
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1-{:08x}-{:024x}", self.0 >> 96, self.0 & ((1 << 96) - 1))
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_case_and_lower_case_name_one_trace() {
        let lower: TraceId = "1-6b02d7e6-207f0216d9e1908cc7eb247a".parse().unwrap();
        assert_eq!("1-6B02D7E6-207F0216D9E1908CC7EB247A".parse(), Ok(lower));
    }

    #[test]
    fn what_is_no_id_is_named_in_the_error() {
        for text in [
            "",
            "1-",
            "1-6b02d7e6-207f",
            "2-6b02d7e6-207f0216d9e1908cc7eb247a",
            "1-6b02d7e6-+07f0216d9e1908cc7eb247a",
        ] {
            let error = text.parse::<TraceId>().unwrap_err().to_string();
            assert!(error.contains("8 hex digits") && error.contains(text), "{error}");
        }
        assert!("+f75c2b92b770f09".parse::<EntityId>().is_err());
    }
}
