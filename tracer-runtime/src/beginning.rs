//! The beginning of a text that may be long.

/// At most `characters` of `text`.
pub(crate) fn beginning(text: &str, characters: usize) -> &str {
    // No text has more characters than bytes.
    if text.len() <= characters {
        return text;
    }
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_characters() {
        assert_eq!(beginning("größe", 3), "grö");
        assert_eq!(beginning("größe", 5), "größe");
        assert_eq!(beginning("größe", 6), "größe");
        assert_eq!(beginning("größe", 0), "");
    }
}
