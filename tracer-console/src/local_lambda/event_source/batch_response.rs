//! Which messages of a batch failed, by the function's answer.

use serde_json::Value;

use crate::local_lambda::result::InvocationResult;

/// The ids of the messages that are to come back. All of them when the function failed; else, where it reports
/// failures (`ReportBatchItemFailures`), those that it names, and all when what it names makes no sense.
pub(super) fn failed(result: &InvocationResult, ids: &[String], reports_failures: bool) -> Vec<String> {
    if result.error().is_some() {
        return ids.to_vec();
    }
    let named = if reports_failures { named(result.payload(), ids) } else { Some(Vec::new()) };
    named.unwrap_or_else(|| ids.to_vec())
}

/// The ids in `batchItemFailures`; `None` when one of them is not one of the batch's. An answer without any is a success.
fn named(payload: &[u8], ids: &[String]) -> Option<Vec<String>> {
    if payload.is_empty() {
        return Some(Vec::new());
    }
    let answer: Value = serde_json::from_slice(payload).ok()?;
    let failures = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Some(Vec::new()),
        Some(failures) => failures.as_array()?,
    };
    let id = |failure: &Value| {
        let id = failure.get("itemIdentifier")?.as_str()?;
        ids.iter().find(|known| *known == id).cloned()
    };
    failures.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(payload: &str) -> Option<Vec<String>> {
        named(payload.as_bytes(), &["a".into(), "b".into()])
    }

    #[test]
    fn an_answer_that_names_no_failure_is_a_success() {
        for payload in ["", "null", "{}", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#] {
            assert_eq!(failures(payload), Some(vec![]), "{payload}");
        }
    }

    #[test]
    fn the_messages_that_are_named_come_back() {
        assert_eq!(failures(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#), Some(vec!["b".into()]));
    }

    #[test]
    fn an_answer_that_makes_no_sense_brings_all_of_them_back() {
        for failure in [
            "{}",
            r#"{"itemIdentifier":""}"#,
            r#"{"itemIdentifier":null}"#,
            r#"{"id":"a"}"#,
            r#"{"itemIdentifier":"c"}"#,
        ] {
            assert_eq!(failures(&format!("{{\"batchItemFailures\":[{failure}]}}")), None, "{failure}");
        }
        assert_eq!(failures("no json"), None);
        assert_eq!(failures(r#"{"batchItemFailures":"a"}"#), None);
    }
}
