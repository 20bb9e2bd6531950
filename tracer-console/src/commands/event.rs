//! The events that a function is given on the command line: JSON text, or files of it.

use std::io::Read as _;
use std::path::Path;

use serde_json::value::RawValue;

use super::Failure;
use super::misuse::Misuse;

/// The events of JSON text, a file or `-`: as many as stand there one after the other, each as it is written.
pub(crate) fn events(given: &str) -> Result<Vec<Vec<u8>>, Failure> {
    if given == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        return read("the standard input", &bytes);
    }
    let is_file = Path::new(given).is_file();
    if !is_file && (looks_like_json(given) || values(given.as_bytes()).is_ok_and(|values| !values.is_empty()))
    {
        return read("the text", given.as_bytes());
    }
    let bytes = std::fs::read(given)
        .map_err(|error| format!("--event {given:?} is neither JSON nor a file that can be read: {error}"))?;
    read(given, &bytes)
}

fn read(place: &str, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
    let wrong = |error: serde_json::Error| Misuse::of(format!("--event: {place} is not JSON: {error}"));
    let events = values(bytes).map_err(wrong)?;
    if events.is_empty() { Err(Misuse::of(format!("--event: {place} holds no JSON"))) } else { Ok(events) }
}

/// All values that stand one after the other; an error names its line and column.
fn values(bytes: &[u8]) -> serde_json::Result<Vec<Vec<u8>>> {
    let values = serde_json::Deserializer::from_slice(bytes).into_iter::<Box<RawValue>>();
    values.map(|value| value.map(|value| value.get().as_bytes().to_vec())).collect()
}

/// Such a name is no file's.
fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(given: &str) -> Vec<String> {
        events(given).unwrap().into_iter().map(|event| String::from_utf8(event).unwrap()).collect()
    }

    #[test]
    fn every_value_is_an_event_as_it_is_written() {
        assert_eq!(texts("{\"a\": 1.0}"), ["{\"a\": 1.0}"]);
        assert_eq!(texts("{} [1,\n2]\n\"x\" null"), ["{}", "[1,\n2]", "\"x\"", "null"]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{\"n\":1}\n{\"n\":2}\n\n").unwrap();
        assert_eq!(texts(file.path().to_str().unwrap()), ["{\"n\":1}", "{\"n\":2}"]);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let why = |given: &str| events(given).unwrap_err().to_string();
        assert!(why("{bad").ends_with("line 1 column 2"), "{}", why("{bad"));
        assert!(why("{}\n{\"a\":}").ends_with("line 2 column 6"), "{}", why("{}\n{\"a\":}"));
        assert!(why("no-such-file").contains("neither JSON nor a file"), "{}", why("no-such-file"));
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(why(file.path().to_str().unwrap()).ends_with("holds no JSON"));
        std::fs::write(file.path(), "{\"n\":1}\n{\"n\":2} garbage").unwrap();
        let said = why(file.path().to_str().unwrap());
        assert!(said.contains("line 2 column 9") && said.contains(file.path().to_str().unwrap()), "{said}");
    }
}
