//! "Did you mean": the word that was probably meant.

/// What people write who know the thing by another name.
const KNOWN_AS: [(&str, &str); 14] = [
    ("latency", "responsetime"),
    ("response.time", "responsetime"),
    ("http.response.status", "http.status"),
    ("status_code", "http.status"),
    ("statuscode", "http.status"),
    ("useragent", "http.useragent"),
    ("ip", "http.clientip"),
    ("zone", "availabilityzone"),
    ("5xx", "fault"),
    ("4xx", "error"),
    ("429", "throttle"),
    ("in_progress", "partial"),
    ("arn", "resource.arn"),
    ("servicename", "service"),
];

/// Words longer than this are no misspelt keyword.
const LONGEST: usize = 40;

/// The one of `words` that `written` is a misspelling, a part or another name of.
pub(crate) fn did_you_mean<'w>(written: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    if written.chars().count() > LONGEST {
        return None;
    }
    let written = written.to_ascii_lowercase();
    let other_name = KNOWN_AS.iter().find(|(name, _)| *name == written).map(|(_, word)| *word);
    let score = |word: &str| match word {
        _ if other_name == Some(word) => Some(0),
        // `status` for `http.status`.
        _ if written.len() > 2 && word.rsplit_once('.').is_some_and(|(_, last)| last == written) => Some(0),
        _ if plain(word) == plain(&written) => Some(0),
        _ => Some(distance(&written, word)).filter(|distance| is_near(*distance, &written, word)),
    };
    let scored = words.into_iter().filter_map(|word| Some((score(word)?, word)));
    scored.min_by_key(|(score, _)| *score).map(|(_, word)| word)
}

/// Without what people put between words.
fn plain(word: &str) -> String {
    word.chars().filter(|character| !matches!(character, '_' | '-' | '.')).collect()
}

/// A third of the letters may be wrong, and one even of two or three.
fn is_near(distance: usize, written: &str, word: &str) -> bool {
    let letters = written.chars().count().min(word.chars().count());
    letters > 1 && distance <= (letters / 3).max(1)
}

/// How many letters must be put in, left out, changed or exchanged with their neighbour to make one word the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let changed = rows[i][j] + usize::from(a != b);
            let mut least = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 7] =
        ["ok", "responsetime", "http.status", "fault", "throttle", "partial", "annotation"];

    #[test]
    fn misspellings_parts_and_other_names_are_understood() {
        for (written, meant) in [
            ("response_time", "responsetime"),
            ("resposnetime", "responsetime"),
            ("Latency", "responsetime"),
            ("status", "http.status"),
            ("http_status", "http.status"),
            ("falut", "fault"),
            ("annotations", "annotation"),
            ("in_progress", "partial"),
        ] {
            assert_eq!(did_you_mean(written, WORDS), Some(meant), "{written}");
        }
    }

    #[test]
    fn what_is_near_to_nothing_is_not_guessed() {
        for written in ["coldstart", "x", "", "zzzz", &"responsetime".repeat(100)] {
            assert_eq!(did_you_mean(written, WORDS), None, "{written}");
        }
    }

    #[test]
    fn exchanged_neighbours_are_one_mistake() {
        assert_eq!(distance("fualt", "fault"), 1);
        assert_eq!(distance("", "fault"), 5);
    }
}
