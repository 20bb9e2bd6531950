//! Why a call of SQS failed, in one line.

use std::error::Error;

/// What the error and those behind it say; what says the same as the one before is left out.
pub(super) fn reason(error: &dyn Error) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let says = error.to_string();
        if !said.last().is_some_and(|before| before.contains(&says)) {
            said.push(says);
        }
        next = error.source();
    }
    said.join(": ")
}
