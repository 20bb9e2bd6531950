//! Connection strings of PostgreSQL that are `key=value` pairs.

use std::iter::Peekable;
use std::str::Chars;

use super::{ConnectString, Server};
use crate::sql::database::DatabaseError;

/// Parses pairs such as `host=db dbname='my orders'`, by libpq's rules.
pub(super) fn parse(text: &str) -> Result<ConnectString, DatabaseError> {
    let mut server = Server { scheme: "postgresql".to_owned(), is_plain: true, ..Server::default() };
    let mut rest = text.chars().peekable();
    while let Some((key, value)) = pair(&mut rest).ok_or(DatabaseError::Malformed)? {
        server.parameter(&key, &value, value.clone());
    }
    server.known()
}

/// The next pair, none at the end, and `None` where something else stands.
fn pair(rest: &mut Peekable<Chars<'_>>) -> Option<Option<(String, String)>> {
    skip_spaces(rest);
    if rest.peek().is_none() {
        return Some(None);
    }
    let mut key = String::new();
    while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
        key.push(c);
    }
    skip_spaces(rest);
    if key.is_empty() || rest.next() != Some('=') {
        return None;
    }
    skip_spaces(rest);
    Some(Some((key, value(rest)?)))
}

fn value(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let is_quoted = rest.next_if_eq(&'\'').is_some();
    let mut value = String::new();
    while let Some(c) = rest.next_if(|c| is_quoted || !c.is_whitespace()) {
        match c {
            '\\' => value.extend(rest.next()),
            '\'' if is_quoted => return Some(value),
            c => value.push(c),
        }
    }
    // A quote that is not closed may hold anything.
    (!is_quoted).then_some(value)
}

fn skip_spaces(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
}
