//! "Did you mean": the known word that a misspelt one is closest to.

/// The word of `known` that `word` most likely stands for.
pub(crate) fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = plain(word);
    let distances = known.iter().map(|candidate| (distance(&plain, &self::plain(candidate)), *candidate));
    let (distance, candidate) = distances.min_by_key(|(distance, _)| *distance)?;
    // A third of the letters may be wrong; beyond that the guess would puzzle more than it helps.
    (distance <= word.chars().count().div_ceil(3)).then_some(candidate)
}

/// `, did you mean …?`, or nothing where no known word is close.
pub(crate) fn did_you_mean(word: &str, known: &[&str]) -> String {
    closest(word, known).map_or_else(String::new, |candidate| format!(", did you mean `{candidate}`?"))
}

/// Spelt alike in `camelCase`, `kebab-case` and `snake_case`.
fn plain(word: &str) -> Vec<char> {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How many letters must be inserted, removed or replaced to make one word of the other.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, wanted) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, letter) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(wanted != letter);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["name", "capture_response", "capture_error", "namespace"];

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        assert_eq!(closest("nmae", KNOWN), Some("name"));
        assert_eq!(closest("capture_eror", KNOWN), Some("capture_error"));
        assert_eq!(closest("namspace", KNOWN), Some("namespace"));
    }

    #[test]
    fn the_spelling_of_another_powertools_is_understood() {
        assert_eq!(closest("captureResponse", KNOWN), Some("capture_response"));
    }

    #[test]
    fn an_unrelated_word_gets_no_guess() {
        assert_eq!(closest("skip_all", KNOWN), None);
    }
}
