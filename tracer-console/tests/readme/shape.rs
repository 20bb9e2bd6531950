//! What stays of a printed line from run to run.

/// Of times; which one is printed depends on how long something took.
const UNITS: [&str; 8] = ["ns", "µs", "us", "ms", "s", "m", "h", "d"];

/// The line with `N` for each number, time, id and age, and without what is drawn to scale.
pub(crate) fn shape(line: &str) -> String {
    let mut shape = String::with_capacity(line.len());
    for word in line.split_whitespace() {
        let word = shape_of_word(word);
        let is_behind_number = shape == "N" || shape.ends_with(" N") || shape.ends_with("+N");
        if word.is_empty() || (is_behind_number && (word == "N" || UNITS.contains(&&*word))) {
            continue;
        }
        if !shape.is_empty() {
            shape.push(' ');
        }
        shape.push_str(&word);
    }
    shape
}

fn shape_of_word(word: &str) -> String {
    let drawn = |c: char| matches!(c, '█'..='▐' | '─');
    let word = word.trim_matches(drawn);
    if is_time(word) || is_trace_id(word) {
        return "N".to_owned();
    }
    let mut shape = String::new();
    for c in word.chars() {
        let c = if c.is_ascii_digit() { 'N' } else { c };
        let is_within_number = shape.ends_with('N') && matches!(c, 'N' | '.' | ':');
        if !is_within_number {
            shape.push(c);
        }
    }
    shape
}

/// Such as 14s, 2m or 816.0µs.
fn is_time(word: &str) -> bool {
    let number = word.trim_end_matches(char::is_alphabetic);
    UNITS.contains(&&word[number.len()..])
        && number.starts_with(|c: char| c.is_ascii_digit())
        && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_trace_id(word: &str) -> bool {
    word.len() == 35
        && word.starts_with("1-")
        && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[test]
fn only_words_stay() {
    assert_eq!(shape("1-6b08481a-2f1f9490c76a7c228345e62d  1m 14s  throttle  429"), "N throttle N");
    assert_eq!(
        shape("└─ DynamoDB  aws 200   +9.28 ms  2.79 ms   ▐████"),
        shape("└─ DynamoDB  aws 200   +1 ms  3 ms ██")
    );
    assert_eq!(shape("200 cold 816.0µs {}"), shape("200 cold 1.3ms {}"));
    assert_eq!(
        shape("Trace 1-6b08481a-2f1f9490c76a7c228345e62d · 950 µs"),
        shape("Trace 1-6b086621-3f3e13da30f0aca6abe019c9 · 1.34 s")
    );
    assert_eq!(shape("Init   +124 µs  2.98 ms ██"), shape("Init +1.2 ms 990 µs ▐"));
    assert_ne!(shape("3 traces"), shape("3 documents"));
}
