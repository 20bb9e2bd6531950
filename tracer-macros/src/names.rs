//! What X-Ray takes as the name of a subsegment, a metadata namespace and an annotation key.

use syn::{Error, LitStr, Result};

const LONGEST_NAME: usize = 200;
const LONGEST_KEY: usize = 500;

/// Refuses a subsegment name that X-Ray would not take as it is.
pub(crate) fn check_name(name: &LitStr) -> Result<()> {
    let text = name.value();
    if text.trim().is_empty() {
        return refuse(
            name,
            "the name is empty: X-Ray shows a subsegment by its name, so give it 1 to 200 characters",
        );
    }
    let length = text.chars().count();
    if length > LONGEST_NAME {
        return refuse(
            name,
            format_args!("the name has {length} characters, and X-Ray takes at most {LONGEST_NAME}"),
        );
    }
    match text.chars().find(|c| !is_legal_in_name(*c)) {
        None => Ok(()),
        Some(illegal) => refuse(
            name,
            format_args!(
                r"X-Ray takes no {illegal:?} in a name: use letters, digits, spaces and _ . : / % & # = + \ - @"
            ),
        ),
    }
}

/// Letters, digits and white space of any script, and `_ . : / % & # = + \ - @`.
fn is_legal_in_name(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || r"_.:/%&#=+\-@".contains(c)
}

/// Refuses a metadata namespace that X-Ray would not take.
pub(crate) fn check_namespace(namespace: &LitStr) -> Result<()> {
    let text = namespace.value();
    if text.trim().is_empty() {
        return refuse(namespace, "the namespace is empty: leave `namespace` out to use the service's name");
    }
    if text.starts_with("AWS.") {
        return refuse(
            namespace,
            "X-Ray keeps the namespaces that begin with `AWS.` for itself: choose another",
        );
    }
    Ok(())
}

/// Refuses an annotation key that X-Ray would drop.
pub(crate) fn check_key(key: &LitStr) -> Result<()> {
    const ALLOWED: &str = "a key has 1 to 500 characters, each an ASCII letter, a digit or `_`";
    let text = key.value();
    let length = text.chars().count();
    if length == 0 {
        return refuse(key, format_args!("the annotation key is empty: {ALLOWED}"));
    }
    if length > LONGEST_KEY {
        return refuse(key, format_args!("the annotation key has {length} characters: {ALLOWED}"));
    }
    match text.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '_')) {
        None => Ok(()),
        Some(illegal) => {
            refuse(key, format_args!("X-Ray drops annotations with {illegal:?} in the key: {ALLOWED}"))
        }
    }
}

fn refuse(at: &LitStr, message: impl std::fmt::Display) -> Result<()> {
    Err(Error::new_spanned(at, message))
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    fn refusal(check: fn(&LitStr) -> Result<()>, text: &str) -> Option<String> {
        check(&LitStr::new(text, Span::call_site())).err().map(|error| error.to_string())
    }

    #[test]
    fn a_name_may_hold_what_x_ray_takes() {
        assert_eq!(refusal(check_name, r"GET /orders_1.2:3%&#=+\-@ größe"), None);
        assert_eq!(refusal(check_name, &"é".repeat(200)), None);
    }

    #[test]
    fn a_refused_name_says_which_character() {
        assert!(refusal(check_name, "load!").is_some_and(|message| message.contains("'!'")));
        assert!(refusal(check_name, "a\tb").is_some_and(|message| message.contains(r"'\t'")));
        assert!(refusal(check_name, " ").is_some_and(|message| message.contains("empty")));
        assert!(refusal(check_name, &"a".repeat(201)).is_some_and(|message| message.contains("201")));
    }

    #[test]
    fn the_namespaces_of_aws_are_refused() {
        assert_eq!(refusal(check_namespace, "payments!"), None);
        assert!(refusal(check_namespace, "AWS.x").is_some());
        assert!(refusal(check_namespace, "").is_some());
    }

    #[test]
    fn a_key_is_ascii() {
        assert_eq!(refusal(check_key, "Order_Id9"), None);
        assert!(refusal(check_key, "größe").is_some_and(|message| message.contains("'ö'")));
        assert!(refusal(check_key, "").is_some());
        assert!(refusal(check_key, &"a".repeat(501)).is_some());
    }
}
