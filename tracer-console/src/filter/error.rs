//! What is wrong with a filter expression: where, what belongs there, and how to write it.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

/// The kind of a [`FilterError`].
///
/// ```
/// # use tracer_console::{FilterErrorKind, FilterExpression};
/// let error = FilterExpression::parse("responsetime CONTAINS \"1\"").unwrap_err();
/// assert_eq!(error.kind(), FilterErrorKind::WrongType);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilterErrorKind {
    /// Something else belongs there: a parenthesis, an operator, a value.
    Syntax,
    /// A word that is no keyword.
    UnknownWord,
    /// An operator or a value that the keyword's type does not have.
    WrongType,
    /// A keyword that may not stand in this block, or only in one.
    WrongScope,
    /// The text is longer, or nested more deeply, than is read.
    TooLarge,
    /// A group that does not exist, or that means itself.
    Group,
}

/// An expression that was refused. `{}` is one line, as the API answers it; `{:#}` shows the place in the text.
///
/// ```
/// let error = tracer_console::FilterExpression::parse("response_time > 1").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "Invalid filter expression at character 1: unknown keyword `response_time`; did you mean `responsetime`?"
/// );
/// assert_eq!(
///     format!("{error:#}"),
///     "unknown keyword `response_time`\n  response_time > 1\n  ^^^^^^^^^^^^^\nhelp: did you mean `responsetime`?"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    kind: FilterErrorKind,
    span: Range<usize>,
    message: String,
    expected: Vec<String>,
    help: Option<String>,
    /// Counted in characters, from 1.
    character: usize,
    excerpt: Excerpt,
}

/// The text around the place of an error, fit for a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Excerpt {
    line: String,
    /// Columns before the place, and of it.
    before: usize,
    width: usize,
}

/// So many characters are shown before and behind the place.
const CONTEXT: usize = 60;

impl FilterError {
    pub(crate) fn new(
        kind: FilterErrorKind,
        text: &str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let character = text[..span.start].chars().count() + 1;
        let excerpt = Excerpt::of(text, &span);
        let (message, expected, help) = (message.into(), Vec::new(), None);
        Self(Box::new(Details { kind, span, message, expected, help, character, excerpt }))
    }

    pub(crate) fn with_expected(mut self, expected: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.0.expected = expected.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// What kind of mistake it is.
    ///
    /// ```
    /// # use tracer_console::{FilterErrorKind, FilterExpression};
    /// assert_eq!(FilterExpression::parse("ok AND").unwrap_err().kind(), FilterErrorKind::Syntax);
    /// ```
    #[must_use]
    pub fn kind(&self) -> FilterErrorKind {
        self.0.kind
    }

    /// The bytes of the expression that are wrong; empty where something is missing.
    ///
    /// ```
    /// # use tracer_console::FilterExpression;
    /// assert_eq!(FilterExpression::parse("ok falut").unwrap_err().span(), 3..8);
    /// ```
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.0.span.clone()
    }

    /// What is wrong, without its place. May hold untrusted text.
    ///
    /// ```
    /// # use tracer_console::FilterExpression;
    /// assert_eq!(FilterExpression::parse("ok falut").unwrap_err().message(), "unknown keyword `falut`");
    /// ```
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What may stand there: words, signs, and phrases such as "a number".
    ///
    /// ```
    /// # use tracer_console::FilterExpression;
    /// assert_eq!(FilterExpression::parse("fault = 1").unwrap_err().expected(), ["true", "false"]);
    /// ```
    #[must_use]
    pub fn expected(&self) -> &[String] {
        &self.0.expected
    }

    /// How to write what was probably meant.
    ///
    /// ```
    /// # use tracer_console::FilterExpression;
    /// assert_eq!(FilterExpression::parse("ok falut").unwrap_err().help(), Some("did you mean `fault`?"));
    /// ```
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    fn one_line(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Invalid filter expression at character {}: {}", self.0.character, self.0.message)?;
        self.0.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }

    fn with_place(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Excerpt { line, before, width } = &self.0.excerpt;
        write!(f, "{}\n  {line}\n  {:before$}{:^<width$}", self.0.message, "", "")?;
        self.0.help.as_ref().map_or(Ok(()), |help| write!(f, "\nhelp: {help}"))
    }
}

impl Display for FilterError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if f.alternate() { self.with_place(f) } else { self.one_line(f) }
    }
}

impl std::error::Error for FilterError {}

impl Excerpt {
    fn of(text: &str, span: &Range<usize>) -> Self {
        let (before, rest) = text.split_at(span.start);
        let (place, after) = rest.split_at(span.end - span.start);
        let (before, place, after) = (last(before, CONTEXT), first(place, CONTEXT), first(after, CONTEXT));
        Self { before: width(&before), width: width(&place).max(1), line: format!("{before}{place}{after}") }
    }
}

/// The first characters, none of which moves a terminal's cursor.
fn first(text: &str, count: usize) -> String {
    let mut shown: String = text.chars().take(count).map(printable).collect();
    if text.chars().nth(count).is_some() {
        shown.push('…');
    }
    shown
}

fn last(text: &str, count: usize) -> String {
    let skipped = text.chars().count().saturating_sub(count);
    let shown: String = text.chars().skip(skipped).map(printable).collect();
    if skipped > 0 { format!("…{shown}") } else { shown }
}

/// A line break or another control character as a blank, and what has no width as a mark that has one.
fn printable(character: char) -> char {
    match character.width() {
        None => ' ',
        Some(0) => '\u{fffd}',
        Some(_) => character,
    }
}

fn width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// A piece of an expression within a message: short, on one line, without what moves a terminal's cursor.
pub(crate) fn plain(piece: &str) -> String {
    first(piece, 40)
}

/// The same between marks.
pub(crate) fn quoted(piece: &str) -> String {
    format!("`{}`", plain(piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, span: Range<usize>) -> String {
        format!("{:#}", FilterError::new(FilterErrorKind::Syntax, text, span, "wrong"))
    }

    #[test]
    fn the_caret_stands_under_the_place_whatever_the_width_of_the_characters() {
        assert_eq!(shown("ab cd", 3..5), "wrong\n  ab cd\n     ^^");
        assert_eq!(shown("\"日本\" x", 9..10), "wrong\n  \"日本\" x\n         ^");
        assert_eq!(shown("ok AND", 6..6), "wrong\n  ok AND\n        ^");
    }

    #[test]
    fn line_breaks_and_escapes_do_not_reach_the_terminal() {
        assert_eq!(shown("a\n\u{1b}[2Jb c", 7..8), "wrong\n  a  [2Jb c\n         ^");
        assert_eq!(quoted("a\u{7}\u{200b}"), "`a \u{fffd}`");
    }

    #[test]
    fn of_a_long_text_the_surroundings_are_shown() {
        let text = format!("{}X{}", "a ".repeat(500), " b".repeat(500));
        let shown = shown(&text, 1000..1001);
        assert!(shown.lines().all(|line| line.chars().count() < 130), "{shown}");
        assert!(shown.contains("…a a") && shown.contains("b b…"));
    }
}
