//! What an annotation may be called and may hold (facts 1.9).

use std::borrow::Cow;

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
    fn annotate(&self, out: &mut Annotation<'_>);
}

/// Takes the one value of an annotation.
#[doc(hidden)]
pub struct Annotation<'a> {
    #[cfg_attr(not(feature = "enable"), allow(dead_code))]
    pub(crate) json: &'a mut Vec<u8>,
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
        if !(bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
            return false;
        }
        at += 1;
    }
    true
}

/// `key` as X-Ray takes it: other characters become `_`, an empty key becomes `_`, a long one is cut.
#[cfg(any(feature = "enable", test))]
pub(crate) fn valid_key(key: &str) -> Cow<'_, str> {
    if is_valid_key(key) {
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
    fn annotate(&self, out: &mut Annotation<'_>) {
        (**self).annotate(out);
    }
}

impl<T: AnnotationValue + ?Sized> AnnotationValue for Box<T> {
    fn annotate(&self, out: &mut Annotation<'_>) {
        (**self).annotate(out);
    }
}

impl<T: AnnotationValue + ToOwned + ?Sized> AnnotationValue for Cow<'_, T> {
    fn annotate(&self, out: &mut Annotation<'_>) {
        (**self).annotate(out);
    }
}

impl<T: AnnotationValue> AnnotationValue for Option<T> {
    fn annotate(&self, out: &mut Annotation<'_>) {
        if let Some(value) = self {
            value.annotate(out);
        }
    }
}

impl AnnotationValue for String {
    fn annotate(&self, out: &mut Annotation<'_>) {
        self.as_str().annotate(out);
    }
}

macro_rules! values {
    ($write:ident: $($value:ty)*) => {$(
        impl AnnotationValue for $value {
            #[inline]
            fn annotate(&self, out: &mut Annotation<'_>) {
                out.$write(self);
            }
        }
    )*};
}

values!(string: str);
values!(scalar: bool i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);
values!(float: f32 f64);

#[cfg(feature = "enable")]
impl Annotation<'_> {
    fn scalar(&mut self, value: &impl serde::Serialize) {
        // Writing a number or a boolean into memory cannot fail.
        let _ = serde_json::to_writer(&mut *self.json, value);
    }

    fn float<T: Into<f64> + Copy + serde::Serialize>(&mut self, value: &T) {
        let number: f64 = (*value).into();
        if number.is_finite() {
            self.scalar(value);
        } else {
            self.string(&number.to_string());
        }
    }

    fn string(&mut self, text: &str) {
        match text.char_indices().nth(LONGEST_VALUE) {
            None => crate::recording::write_string(self.json, text),
            Some(_) => {
                let cut: String = text.chars().take(LONGEST_VALUE - 1).chain(['…']).collect();
                crate::recording::write_string(self.json, &cut);
            }
        }
    }
}

#[cfg(not(feature = "enable"))]
#[allow(clippy::unused_self)]
impl Annotation<'_> {
    fn scalar<T>(&mut self, _: &T) {}
    fn float<T>(&mut self, _: &T) {}
    fn string(&mut self, _: &str) {}
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
            value.annotate(&mut Annotation { json: &mut json });
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
