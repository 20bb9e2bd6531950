//! The token: what lets a program in from anywhere.

use std::fmt;

use axum::http::{HeaderMap, header};
use subtle::ConstantTimeEq as _;

/// A token that no other program knows.
#[derive(Clone)]
pub(super) struct Token(Box<str>);

impl Token {
    pub(super) const SHORTEST: usize = 16;
    pub(super) const LONGEST: usize = 256;

    /// `None` for one that could be guessed, or that does not fit where it is given.
    pub(super) fn new(token: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let is_token = (Self::SHORTEST..=Self::LONGEST).contains(&token.len()) && token.chars().all(fits);
        is_token.then(|| Self(token.into()))
    }

    /// Whether a request has it.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let given =
            headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| given(value.to_str().ok()?));
        // How much of a wrong one is right must not be seen by the time that it takes.
        given.fold(false, |found, given| found | bool::from(self.0.as_bytes().ct_eq(given.as_bytes())))
    }
}

/// The token of an `Authorization` header, as a bearer or where clients of AWS name their access key.
fn given(authorization: &str) -> Option<&str> {
    let (scheme, rest) = authorization.trim().split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim());
    }
    let credential = rest.split(',').find_map(|part| part.trim().strip_prefix("Credential="))?;
    Some(credential.split_once('/').map_or(credential, |(key, _)| key))
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
