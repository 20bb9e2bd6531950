//! URLs in the text of an error, without what may be secret: a user and password, a query, a fragment.

use std::borrow::Cow;

const AFTER_SCHEME: &str = "://";

/// `text` with its URLs cut: `http://ada:secret@example.com/a?token=secret` → `http://example.com/a`. A query of a URL that is not
/// whole is cut off, too.
pub(crate) fn with_bare_urls(text: &str) -> Cow<'_, str> {
    let mut rest = text;
    let mut bare = String::new();
    while let Some((before, after)) = at_next_mark(rest) {
        bare.push_str(before);
        let (run, behind) = after.split_at(length(after));
        rest = behind;
        if before.ends_with(AFTER_SCHEME) {
            bare.push_str(without_secrets(run));
        } else if !is_query(run) {
            // Nothing in it is one, but a URL may begin in it.
            let kept = run.find(AFTER_SCHEME).unwrap_or(run.len());
            bare.push_str(&run[..kept]);
            rest = &after[kept..];
        }
    }
    if bare.len() + rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    bare.push_str(rest);
    Cow::Owned(bare)
}

/// Splits behind the scheme of a URL, or before what a query or a fragment begins with.
fn at_next_mark(text: &str) -> Option<(&str, &str)> {
    let scheme = text.find(AFTER_SCHEME).map(|at| at + AFTER_SCHEME.len());
    let query = text.find(['?', '#']);
    let at = [scheme, query].into_iter().flatten().min()?;
    Some(text.split_at(at))
}

/// How far the URL goes that `text` begins with: to what no URL has in it, less what rather belongs to the sentence.
fn length(text: &str) -> usize {
    let end = text.find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>'));
    let run = &text[..end.unwrap_or(text.len())];
    run.trim_end_matches([')', ']', '}', '\'', '`', '.', ',', ':', ';']).len()
}

/// Whether it has a pair such as `token=secret` behind a `?`, `#` or `&`.
fn is_query(run: &str) -> bool {
    let is_of_key = |c: char| c.is_alphanumeric() || "_-.%".contains(c);
    let is_pair = |pair: &str| {
        pair.split_once('=').is_some_and(|(key, _)| !key.is_empty() && key.chars().all(is_of_key))
    };
    run.split(['?', '#', '&']).skip(1).any(is_pair)
}

/// Of a URL behind its scheme: the host, the port and the path.
fn without_secrets(url: &str) -> &str {
    let authority = url.split(['/', '?', '#']).next().unwrap_or(url);
    let with_path = url.split(['?', '#']).next().unwrap_or(url);
    if authority.contains('@') {
        // The last one: before it a password may go on behind a `/`.
        return with_path.rfind('@').map_or("", |at| without_secrets(&with_path[at + 1..]));
    }
    if authority.split(',').all(has_port_or_none) {
        return with_path;
    }
    // No port but a password, in which stands what ends a host.
    url.rfind('@').map_or("", |at| without_secrets(&url[at + 1..]))
}

fn has_port_or_none(host: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match host.strip_prefix('[') {
        Some(address) => {
            // An IPv6 address. Its last bracket may have been taken for one of the sentence.
            let behind = address.trim_start_matches(|c: char| c.is_ascii_hexdigit() || ":.".contains(c));
            let behind = behind.strip_prefix(']').unwrap_or(behind);
            behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port)
        }
        None => host.split_once(':').is_none_or(|(_, port)| is_port(port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_a_password_a_query_and_a_fragment_are_cut_and_the_sentence_stays() {
        for (text, bare) in [
            ("no URL: a@b?c#d", "no URL: a@b?c#d"),
            ("http://example.com/a", "http://example.com/a"),
            (
                "error sending request for url (http://ada:secret@example.com:80/a?token=secret)",
                "error sending request for url (http://example.com:80/a)",
            ),
            ("url (http://h/a?t=sec)ret#secret), retried", "url (http://h/a), retried"),
            ("from http://a?secret to https://b@c/d#secret.", "from http://a to https://c/d."),
            ("Url(\"http://h/?secret\") failed", "Url(\"http://h/\") failed"),
            ("postgres://ada:p@ss@db:5432/orders", "postgres://db:5432/orders"),
            ("http://[::1]:80/?secret", "http://[::1]:80/"),
            ("(http://[::1])", "(http://[::1])"),
            ("http://größe.example/ä?secret é", "http://größe.example/ä é"),
            ("://", "://"),
            ("http://", "http://"),
            ("a://b://c?secret", "a://b://c"),
            // What ends a host stands in the password, where it should have been encoded.
            ("postgres://ada:sec/ret@db:5432/orders", "postgres://db:5432/orders"),
            ("http://ada:sec@r/et@db/a", "http://db/a"),
            ("http://ada:sec?ret@db/a", "http://db/a"),
            ("http://ada:sec#ret@db/a?b=secret", "http://db/a"),
            ("bad port in http://ada:secret/ret", "bad port in http://"),
            ("http://ada:sec/ret@db:secret", "http://"),
            ("postgres://ada:secret@one:1,two:2,three/orders", "postgres://one:1,two:2,three/orders"),
            ("http://host:80/@scope/a@b", "http://host:80/@scope/a@b"),
            // Where a redirect goes to may be a part of a URL.
            ("bad location: /next?token=secret", "bad location: /next"),
            ("bad location: next#access_token=secret&a=b.", "bad location: next."),
            ("bad location: /next?a?b&token=secret#c", "bad location: /next"),
            ("is it that?http://h?secret", "is it that?http://h"),
            ("bad location: (/next?a&token=secret)", "bad location: (/next)"),
            ("WHERE a=? AND b = ?; jsonb ?= text, a #>= b", "WHERE a=? AND b = ?; jsonb ?= text, a #>= b"),
            ("is that so? yes=no", "is that so? yes=no"),
        ] {
            assert_eq!(with_bare_urls(text), bare);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(text in "(\\PC|://|[?#@/:=a) ]){0,40}") {
            let bare = with_bare_urls(&text).into_owned();
            proptest::prop_assert!(bare.len() <= text.len());
            proptest::prop_assert_eq!(with_bare_urls(&bare), bare.as_str());
        }
    }
}
