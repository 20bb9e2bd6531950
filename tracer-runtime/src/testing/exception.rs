//! What an error was, as it was recorded.

use serde_json::Value;

/// One recorded exception.
///
/// ```
/// use tracer_runtime::{add_error, subsegment, testing};
///
/// let trace = testing::capture(|| subsegment("parse", || add_error(&"x".parse::<u8>().unwrap_err())));
/// assert_eq!(trace.subsegment("parse").exceptions()[0].type_name(), "core::num::error::ParseIntError");
/// ```
#[derive(Debug, Clone)]
pub struct Exception {
    pub(super) json: Value,
}

impl Exception {
    fn text(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap_or_default()
    }

    /// Its id, 16 hexadecimal digits.
    ///
    /// ```
    /// # use tracer_runtime::{add_error, subsegment, testing};
    /// # let trace = testing::capture(|| subsegment("parse", || add_error(&"x".parse::<u8>().unwrap_err())));
    /// assert_eq!(trace.subsegment("parse").exceptions()[0].id().len(), 16);
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// The error's type.
    ///
    /// ```
    /// # use tracer_runtime::{add_error, subsegment, testing};
    /// # let trace = testing::capture(|| subsegment("parse", || add_error(&"x".parse::<u8>().unwrap_err())));
    /// assert!(trace.subsegment("parse").exceptions()[0].type_name().ends_with("ParseIntError"));
    /// ```
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.text("type")
    }

    /// What the error says.
    ///
    /// ```
    /// # use tracer_runtime::{add_error, subsegment, testing};
    /// # let trace = testing::capture(|| subsegment("parse", || add_error(&"x".parse::<u8>().unwrap_err())));
    /// assert_eq!(trace.subsegment("parse").exceptions()[0].message(), "invalid digit found in string");
    /// ```
    #[must_use]
    pub fn message(&self) -> &str {
        self.text("message")
    }

    /// Its whole JSON: `id`, `type`, `message`, `cause`, `stack`.
    ///
    /// ```
    /// # use tracer_runtime::{add_error, subsegment, testing};
    /// # let trace = testing::capture(|| subsegment("parse", || add_error(&"x".parse::<u8>().unwrap_err())));
    /// assert!(trace.subsegment("parse").exceptions()[0].json()["cause"].is_null());
    /// ```
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }
}
