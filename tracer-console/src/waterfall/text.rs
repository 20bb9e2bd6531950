//! Untrusted bytes made fit to print, and durations made fit to read.

use serde_json::Value;
use unicode_width::UnicodeWidthChar as _;

/// Shows what would move the cursor, colour the terminal or turn the reading direction as an escape.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            _ if c.is_control() || is_invisible(c) => shown.extend(c.escape_unicode()),
            _ => shown.push(c),
        }
    }
    shown
}

/// Reading direction, zero width, line and paragraph separators, tags, byte order marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The columns that a text takes: the sum over its characters, so that cut pieces are never wider than their sum.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// A variation selector may make the character before it as wide as an emoji.
fn columns_of(c: char) -> usize {
    if c == '\u{fe0f}' { 1 } else { c.width().unwrap_or(0) }
}

/// The text in at most `columns`; what is cut off ends with `…`.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += columns_of(c);
        if used + 1 > columns {
            break;
        }
        kept.push(c);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// The text in lines of at most `columns`, at most `lines` of them; the last ends with `…` when there is more.
pub(super) fn wrap(text: &str, columns: usize, lines: usize) -> Vec<String> {
    let mut wrapped = Vec::new();
    let mut rest = text;
    while wrapped.len() + 1 < lines && width(rest) > columns {
        let mut used = 0;
        let fits = |&(_, c): &(usize, char)| {
            used += columns_of(c);
            used > columns
        };
        let end = rest.char_indices().find(fits).map_or(rest.len(), |(at, _)| at);
        // Between words where there is one; a long word is broken.
        let end = rest[..end].rfind(' ').map_or(end, |blank| blank + 1);
        if end == 0 {
            break;
        }
        wrapped.push(rest[..end].trim_end().to_owned());
        rest = &rest[end..];
    }
    wrapped.push(cut(rest, columns));
    wrapped
}

/// A value as a person writes it: text without quotes unless it needs them, the rest as JSON; at most `columns`.
pub(crate) fn value(value: &Value, columns: usize) -> String {
    let text = match value {
        Value::String(text) if reads_as_word(text) => text.clone(),
        Value::String(text) => format!("\"{}\"", printable(&head(text, columns)).replace('"', "\\\"")),
        other => printable(&other.to_string()),
    };
    cut(&text, columns)
}

/// No more than can be shown is worth escaping.
fn head(text: &str, columns: usize) -> String {
    text.chars().take(columns + 1).collect()
}

fn reads_as_word(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-.:/@+#%".contains(c);
    let looks_typed = text.parse::<f64>().is_ok() || matches!(text, "true" | "false" | "null");
    !text.is_empty() && text.chars().all(is_word) && !looks_typed
}

/// A duration in microseconds as three digits and a unit.
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn duration(micros: i64) -> String {
    let shown = micros as f64;
    let size = micros.unsigned_abs();
    match size {
        0..1_000 => format!("{micros} µs"),
        1_000..9_995 => format!("{:.2} ms", shown / 1e3),
        9_995..99_950 => format!("{:.1} ms", shown / 1e3),
        99_950..999_500 => format!("{:.0} ms", shown / 1e3),
        999_500..9_995_000 => format!("{:.2} s", shown / 1e6),
        9_995_000..60_000_000 => format!("{:.1} s", shown / 1e6),
        60_000_000..3_600_000_000 => format!("{} m {:02} s", micros / 60_000_000, size / 1_000_000 % 60),
        3_600_000_000..360_000_000_000 => {
            format!("{} h {:02} m", micros / 3_600_000_000, size / 60_000_000 % 60)
        }
        360_000_000_000..86_400_000_000_000 => format!("{} d", micros / 86_400_000_000),
        // No start or end time of a tracer is that far away.
        _ => if micros < 0 { "-> 999 d" } else { "> 999 d" }.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_an_escape() {
        let shown = printable("a\u{1b}[31m\u{7}\u{9b}b\nc\u{202e}d\u{200b}\u{7f}");
        assert_eq!(shown, "a\\u{1b}[31m\\u{7}\\u{9b}b\\nc\\u{202e}d\\u{200b}\\u{7f}");
        assert_eq!(printable("жó日本🚀 ok"), "жó日本🚀 ok");
    }

    #[test]
    fn a_cut_text_fits_wide_characters_too() {
        for columns in 0..12 {
            assert!(width(&cut("日本語のテキスト", columns)) <= columns);
        }
        for columns in 0..12 {
            assert!(width(&cut(&"❤\u{fe0f}".repeat(9), columns)) <= columns);
        }
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn a_string_that_looks_like_another_type_keeps_its_quotes() {
        assert_eq!(value(&json!("25.00"), 60), "\"25.00\"");
        assert_eq!(value(&json!(25.5), 60), "25.5");
        assert_eq!(value(&json!("true"), 60), "\"true\"");
        assert_eq!(value(&json!("ORD-1"), 60), "ORD-1");
        assert_eq!(value(&json!("two words"), 60), "\"two words\"");
        assert_eq!(value(&json!(""), 60), "\"\"");
    }

    #[test]
    fn durations_have_three_digits() {
        let shown: Vec<_> =
            [0, 850, 1_234, 12_345, 245_400, 999_600, 2_050_000, 29_000_000, 185_000_000, 7_500_000_000]
                .map(duration)
                .into();
        let expected = [
            "0 µs", "850 µs", "1.23 ms", "12.3 ms", "245 ms", "1.00 s", "2.05 s", "29.0 s", "3 m 05 s",
            "2 h 05 m",
        ];
        assert_eq!(shown, expected);
    }
}
