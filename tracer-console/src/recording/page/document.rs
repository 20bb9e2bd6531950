//! A document in the page: a line of its own that shows it, and from which it is read again byte for byte.

use std::fmt;

/// How such a line begins and ends. No other line begins so: what is shown elsewhere has no `<` of its own.
const BEGIN: &str = "<pre class=\"document\">";
const END: &str = "</pre>";

/// What HTML, or a line, would take for something else, and what stands for it.
const ESCAPES: [(char, &str); 7] = [
    ('&', "&amp;"),
    ('<', "&lt;"),
    ('>', "&gt;"),
    ('"', "&quot;"),
    ('\'', "&#39;"),
    ('\n', "&#10;"),
    ('\r', "&#13;"),
];

/// Writes the line of a document, without the line's end.
pub(super) struct DocumentLine<'d>(pub(super) &'d str);

impl fmt::Display for DocumentLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BEGIN)?;
        let mut rest = self.0;
        while let Some(at) = rest.find(|c| ESCAPES.iter().any(|(escaped, _)| *escaped == c)) {
            f.write_str(&rest[..at])?;
            // Each of them is a byte.
            let (special, after) = rest[at..].split_at(1);
            let escape = ESCAPES.iter().find(|(escaped, _)| special.starts_with(*escaped));
            f.write_str(escape.map_or(special, |(_, escape)| escape))?;
            rest = after;
        }
        f.write_str(rest)?;
        f.write_str(END)
    }
}

impl askama::filters::HtmlSafe for DocumentLine<'_> {}

/// The document of a line of the page; `None` where the line is none, or was changed into what is never written.
pub(in crate::recording) fn document_of(line: &str) -> Option<String> {
    let mut rest = line.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let mut document = String::with_capacity(rest.len());
    while let Some(at) = rest.find('&') {
        document.push_str(&rest[..at]);
        let (special, escape) = ESCAPES.iter().find(|(_, escape)| rest[at..].starts_with(escape))?;
        document.push(*special);
        rest = &rest[at + escape.len()..];
    }
    document.push_str(rest);
    Some(document)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_cannot_leave_its_line() {
        let written = DocumentLine("</pre><script>\r\n&lt;'\"").to_string();
        assert_eq!(
            written,
            "<pre class=\"document\">&lt;/pre&gt;&lt;script&gt;&#13;&#10;&amp;lt;&#39;&quot;</pre>"
        );
    }

    #[test]
    fn other_lines_are_no_documents() {
        for line in ["", "<pre>{}</pre>", "<pre class=\"document\">{}", " <pre class=\"document\">{}</pre>"] {
            assert_eq!(document_of(line), None, "{line}");
        }
        assert_eq!(document_of("<pre class=\"document\">&nbsp;</pre>"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_was_written(text in any::<String>(), tags in "[<>&;#\"'/a-z\n\r0-9]{0,40}") {
            for text in [text, tags] {
                let line = DocumentLine(&text).to_string();
                let within = &line[BEGIN.len()..line.len() - END.len()];
                prop_assert!(!within.contains(['<', '>', '\n', '\r']));
                prop_assert_eq!(document_of(&line), Some(text));
            }
        }
    }
}
