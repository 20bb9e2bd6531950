//! URLs in the text of an error, without what may be secret: a user and password, a query, a fragment.

use std::borrow::Cow;

/// `text` with its URLs cut: `http://ada:secret@example.com/a?token=secret` → `http://example.com/a`.
pub(crate) fn with_bare_urls(text: &str) -> Cow<'_, str> {
    const AFTER_SCHEME: &str = "://";
    let mut rest = text;
    let mut bare = String::new();
    while let Some(at) = rest.find(AFTER_SCHEME) {
        let (before, after) = rest.split_at(at + AFTER_SCHEME.len());
        let (url, behind) = after.split_at(length(after));
        bare.push_str(before);
        bare.push_str(without_secrets(url));
        rest = behind;
    }
    if bare.is_empty() {
        return Cow::Borrowed(text);
    }
    bare.push_str(rest);
    Cow::Owned(bare)
}

/// How far the URL goes that `text` begins with: to what no URL has in it, less what rather belongs to the sentence.
fn length(text: &str) -> usize {
    let end = text.find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>'));
    let run = &text[..end.unwrap_or(text.len())];
    run.trim_end_matches([')', ']', '}', '\'', '`', '.', ',', ':', ';']).len()
}

/// Of a URL behind its scheme: the host, the port and the path.
fn without_secrets(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let authority = url.split('/').next().unwrap_or(url);
    authority.rfind('@').map_or(url, |at| &url[at + 1..])
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
            ("http://größe.example/ä?secret é", "http://größe.example/ä é"),
            ("://", "://"),
            ("http://", "http://"),
            ("a://b://c?secret", "a://b://c"),
        ] {
            assert_eq!(with_bare_urls(text), bare);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(text in "(\\PC|://|[?#@/) ]){0,40}") {
            let bare = with_bare_urls(&text).into_owned();
            proptest::prop_assert!(bare.len() <= text.len());
            proptest::prop_assert_eq!(with_bare_urls(&bare), bare.as_str());
        }
    }
}
