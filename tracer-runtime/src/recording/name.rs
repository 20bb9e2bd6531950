//! Names of subsegments as X-Ray takes them (facts 1.1, powertools 1.3).

use std::borrow::Cow;

use crate::beginning::beginning;

/// The longest name, in characters.
const LONGEST: usize = 200;

/// `name` as X-Ray takes it: illegal characters removed, at most 200 characters, never empty.
pub(crate) fn valid_name(name: &str) -> Cow<'_, str> {
    let fits = beginning(name, LONGEST).len() == name.len();
    if fits && !name.trim().is_empty() && name.chars().all(is_legal) {
        return Cow::Borrowed(name);
    }
    super::warning::once("subsegment name", || {
        let shown = beginning(name, 60);
        format!(
            "the name {shown:?} is mended: a name has 1 to 200 letters, digits, white space and _ . : / % & # = + \\ - @"
        )
    });
    let valid: String = name.chars().filter(|c| is_legal(*c)).take(LONGEST).collect();
    Cow::Owned(if valid.trim().is_empty() { "unnamed".to_owned() } else { valid })
}

/// `name` as X-Ray takes it of a segment, where fewer characters are legal.
#[cfg(feature = "messages")]
pub(crate) fn valid_segment_name(name: &str) -> Cow<'_, str> {
    let name = valid_name(name);
    if name.chars().all(is_legal_in_a_segment) {
        return name;
    }
    super::warning::once("segment name", || {
        let shown = beginning(&name, 60);
        format!(
            "the segment's name {shown:?} is mended: it has letters, digits, spaces and _ . : / % & # = + - @"
        )
    });
    let valid: String = name.chars().filter(|c| is_legal_in_a_segment(*c)).collect();
    Cow::Owned(if valid.trim().is_empty() { "unnamed".to_owned() } else { valid })
}

#[cfg(feature = "messages")]
fn is_legal_in_a_segment(c: char) -> bool {
    if c.is_ascii() { is_legal(c) && c != '\\' } else { c.is_alphanumeric() || c.is_whitespace() }
}

/// Letters, digits, marks and white space of any script, and `_ . : / % & # = + \ - @`.
fn is_legal(c: char) -> bool {
    let is_foreign = !c.is_ascii() && !c.is_control();
    is_foreign || c.is_ascii_alphanumeric() || r" _.:/%&#=+\-@".contains(c)
}

/// Appends a type's name without its generic arguments: `orders::Repository<T>` → `orders::Repository`.
pub(crate) fn push_without_generics(out: &mut String, type_name: &str) {
    let mut depth = 0_usize;
    let mut previous = ' ';
    for c in type_name.chars() {
        match c {
            '<' => depth += 1,
            // The `>` of `->` closes nothing.
            '>' if previous != '-' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
        previous = c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_generics(name: &str) -> String {
        let mut out = String::new();
        push_without_generics(&mut out, name);
        out
    }

    #[test]
    fn generic_arguments_are_left_out() {
        assert_eq!(without_generics("a::B<c::D<E>, F>"), "a::B");
        assert_eq!(without_generics("a::B<fn(u8) -> u8>"), "a::B");
        assert_eq!(without_generics("a::B"), "a::B");
    }

    #[cfg(feature = "messages")]
    #[test]
    fn a_segments_name_has_no_backslash_and_no_symbol() {
        assert_eq!(valid_segment_name(r"a\b 注文✓"), "ab 注文");
        assert_eq!(valid_segment_name("✓"), "unnamed");
        assert_eq!(valid_segment_name("order-worker"), "order-worker");
    }

    #[test]
    fn illegal_characters_are_removed_and_other_scripts_kept() {
        assert_eq!(valid_name("## f.<locals>.g?"), "## f.locals.g");
        assert_eq!(valid_name("größe 測試"), "größe 測試");
        assert_eq!(valid_name("!!"), "unnamed");
        assert_eq!(valid_name(""), "unnamed");
        assert_eq!(valid_name(&"é".repeat(300)).chars().count(), LONGEST);
    }
}
