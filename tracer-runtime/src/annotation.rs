//! What an annotation may be called and may hold (facts 1.9).

use std::borrow::Cow;

#[cfg(feature = "enable")]
use crate::beginning::beginning;

/// The longest annotation key that X-Ray takes, in characters.
pub(crate) const LONGEST_KEY: usize = 500;
/// The longest string that X-Ray takes as an annotation's value, in characters.
#[cfg(feature = "enable")]
pub(crate) const LONGEST_VALUE: usize = 1000;

/// A value that X-Ray indexes: a string, a number or a boolean.
///
/// Implemented for strings, all integers, `f32`, `f64`, `bool`, and references, `Box`es, `Cow`s and `Option`s of these;
/// `None` writes nothing. Integers beyond 2⁵³ arrive exactly, but X-Ray compares them as doubles. NaN and the
/// infinities, which JSON has no number for, are written as the strings `"NaN"`, `"inf"` and `"-inf"`. Strings
/// over 1,000 characters are cut, with `…` as the last one.
///
/// ```
/// use tracer_runtime as tracer;
///
/// tracer::put_annotation("OrderId", "ORD-12345");
/// tracer::put_annotation("OrderTotal", 25.5);
/// tracer::put_annotation("DiscountApplied", true);
/// ```
pub trait AnnotationValue {
    #[doc(hidden)]
    fn annotation(&self) -> Annotation<'_>;
}

/// The value of an annotation.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Annotation<'a>(#[cfg_attr(not(feature = "enable"), allow(dead_code))] Value<'a>);

#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "enable"), allow(dead_code))]
enum Value<'a> {
    None,
    Text(&'a str),
    Boolean(bool),
    Signed(i64),
    Unsigned(u64),
    // By reference, so that the others stay small.
    LargeSigned(&'a i128),
    LargeUnsigned(&'a u128),
    Single(f32),
    Double(f64),
}

/// Whether X-Ray takes `key` as it is: 1 to 500 ASCII letters, digits and underscores.
#[must_use]
pub(crate) const fn is_valid_key(key: &str) -> bool {
    let bytes = key.as_bytes();
    if bytes.is_empty() || bytes.len() > LONGEST_KEY {
        return false;
    }
    let mut at = 0;
    while at < bytes.len() {
        if !IS_OF_KEY[bytes[at] as usize] {
            return false;
        }
        at += 1;
    }
    true
}

const IS_OF_KEY: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte += 1;
    }
    table
};

/// `key` as X-Ray takes it: other characters become `_`, an empty key becomes `_`, a long one is cut.
#[cfg(any(feature = "enable", test))]
pub(crate) fn valid_key(key: &str) -> Cow<'_, str> {
    let is_valid = key.bytes().all(|byte| IS_OF_KEY[usize::from(byte)]);
    if is_valid && (1..=LONGEST_KEY).contains(&key.len()) {
        return Cow::Borrowed(key);
    }
    let replace = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut valid: String = key.chars().take(LONGEST_KEY).map(replace).collect();
    if valid.is_empty() {
        valid.push('_');
    }
    Cow::Owned(valid)
}

/// Refuses a wrong annotation key at compile time; the macro `annotate!` calls it.
#[doc(hidden)]
#[must_use]
pub const fn checked_annotation_key(key: &'static str) -> &'static str {
    assert!(
        is_valid_key(key),
        "an annotation key has 1 to 500 characters, each an ASCII letter, a digit or `_`: X-Ray drops any other"
    );
    key
}

/// Refuses a wrong metadata key or namespace at compile time; the macro `metadata!` calls it.
#[doc(hidden)]
#[must_use]
pub const fn checked_metadata_key(key: &'static str) -> &'static str {
    let bytes = key.as_bytes();
    assert!(!bytes.is_empty(), "a metadata key or namespace needs at least one character");
    let reserved =
        bytes.len() >= 4 && bytes[0] == b'A' && bytes[1] == b'W' && bytes[2] == b'S' && bytes[3] == b'.';
    assert!(
        !reserved,
        "metadata keys and namespaces that begin with `AWS.` are X-Ray's own: choose another name"
    );
    key
}

impl<T: AnnotationValue + ?Sized> AnnotationValue for &T {
    #[inline]
    fn annotation(&self) -> Annotation<'_> {
        (**self).annotation()
    }
}

impl<T: AnnotationValue + ?Sized> AnnotationValue for Box<T> {
    #[inline]
    fn annotation(&self) -> Annotation<'_> {
        (**self).annotation()
    }
}

impl<T: AnnotationValue + ToOwned + ?Sized> AnnotationValue for Cow<'_, T> {
    #[inline]
    fn annotation(&self) -> Annotation<'_> {
        (**self).annotation()
    }
}

impl<T: AnnotationValue> AnnotationValue for Option<T> {
    #[inline]
    fn annotation(&self) -> Annotation<'_> {
        self.as_ref().map_or(Annotation(Value::None), T::annotation)
    }
}

impl AnnotationValue for String {
    #[inline]
    fn annotation(&self) -> Annotation<'_> {
        Annotation(Value::Text(self))
    }
}

macro_rules! values {
    ($($value:ty: $read:expr;)*) => {$(
        impl AnnotationValue for $value {
            #[inline]
            fn annotation(&self) -> Annotation<'_> {
                let read: fn(&Self) -> Value<'_> = $read;
                Annotation(read(self))
            }
        }
    )*};
}

values! {
    str: |text| Value::Text(text);
    bool: |value| Value::Boolean(*value);
    i8: |number| Value::Signed((*number).into());
    i16: |number| Value::Signed((*number).into());
    i32: |number| Value::Signed((*number).into());
    i64: |number| Value::Signed(*number);
    isize: |number| Value::Signed(*number as i64);
    i128: |number| Value::LargeSigned(number);
    u8: |number| Value::Unsigned((*number).into());
    u16: |number| Value::Unsigned((*number).into());
    u32: |number| Value::Unsigned((*number).into());
    u64: |number| Value::Unsigned(*number);
    usize: |number| Value::Unsigned(*number as u64);
    u128: |number| Value::LargeUnsigned(number);
    f32: |number| Value::Single(*number);
    f64: |number| Value::Double(*number);
}

#[cfg(feature = "enable")]
impl Annotation<'_> {
    pub(crate) fn is_none(self) -> bool {
        matches!(self.0, Value::None)
    }

    /// Appends the value as JSON.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        match self.0 {
            Value::None => {}
            Value::Text(text) => write_text(out, text),
            Value::Boolean(value) => write_scalar(out, &value),
            Value::Signed(number) => write_scalar(out, &number),
            Value::Unsigned(number) => write_scalar(out, &number),
            Value::LargeSigned(number) => write_scalar(out, number),
            Value::LargeUnsigned(number) => write_scalar(out, number),
            Value::Single(number) if number.is_finite() => write_scalar(out, &number),
            Value::Single(number) => write_text(out, not_finite(number.into())),
            Value::Double(number) if number.is_finite() => write_scalar(out, &number),
            Value::Double(number) => write_text(out, not_finite(number)),
        }
    }
}

/// What `Display` writes of NaN and the infinities, without the formatter of all floats.
#[cfg(feature = "enable")]
fn not_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "inf"
    } else {
        "-inf"
    }
}

#[cfg(feature = "enable")]
fn write_scalar(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    // Writing a number or a boolean into memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(feature = "enable")]
fn write_text(out: &mut Vec<u8>, text: &str) {
    if beginning(text, LONGEST_VALUE).len() == text.len() {
        crate::recording::write_string(out, text);
    } else {
        let cut = [beginning(text, LONGEST_VALUE - 1), "…"].concat();
        crate::recording::write_string(out, &cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_other_characters_is_mended() {
        assert_eq!(valid_key("OrderId"), "OrderId");
        assert_eq!(valid_key("order-id"), "order_id");
        assert_eq!(valid_key("größe"), "gr__e");
        assert_eq!(valid_key(""), "_");
        assert_eq!(valid_key(&"k".repeat(600)).len(), LONGEST_KEY);
    }

    #[cfg(feature = "enable")]
    #[test]
    fn each_type_keeps_its_json_type() {
        fn json(value: impl AnnotationValue) -> String {
            let mut json = Vec::new();
            value.annotation().write(&mut json);
            String::from_utf8(json).unwrap()
        }
        assert_eq!(json("a\"b"), r#""a\"b""#);
        assert_eq!(json(String::from("s")), r#""s""#);
        assert_eq!(json(true), "true");
        assert_eq!(json(-7_i8), "-7");
        assert_eq!(json(u64::MAX), "18446744073709551615");
        assert_eq!(json(0.1_f32), "0.1");
        assert_eq!(json(25.5), "25.5");
        assert_eq!(json(f64::NAN), r#""NaN""#);
        assert_eq!(json(f64::NEG_INFINITY), r#""-inf""#);
        assert_eq!(json(Some(&"x")), r#""x""#);
        assert_eq!(json(None::<i32>), "");
        let long = json("é".repeat(1001));
        assert_eq!(long.chars().count(), 1002, "1,000 characters and two quotes");
        assert!(long.ends_with("é…\""));
    }
}
