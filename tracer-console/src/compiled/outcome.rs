//! How a request went: fault, error, throttle or none of them.

use serde_json::Value;

use crate::entity::Entity;

/// The flags of a segment or of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) fault: bool,
    pub(crate) error: bool,
    pub(crate) throttle: bool,
}

impl Outcome {
    /// What an entity says: its flags win over its status (fact sheet 1.8), which counts where no flag is written.
    pub(crate) fn of(entity: &Entity) -> Self {
        let is_written = |flag| entity.member(flag).is_some_and(Value::is_boolean);
        if ["fault", "error", "throttle"].into_iter().any(is_written) {
            // Who writes only `throttle` means an error too.
            let error = entity.is_error() || entity.is_throttle();
            return Self { fault: entity.is_fault(), error, throttle: entity.is_throttle() };
        }
        entity.http_status().map(Self::of_status).unwrap_or_default()
    }

    fn of_status(status: u64) -> Self {
        Self { fault: status >= 500, error: (400..500).contains(&status), throttle: status == 429 }
    }

    /// No fault, no error, no throttle.
    pub(crate) fn is_ok(self) -> bool {
        self == Self::default()
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self {
            fault: self.fault || other.fault,
            error: self.error || other.error,
            throttle: self.throttle || other.throttle,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::compiled::fixtures;

    fn outcome(more: Value) -> Outcome {
        let trace = fixtures::from_documents(&[fixtures::segment("web", 1, (0.0, 1.0), more)]);
        let outcome = trace.roots().next().map(|node| Outcome::of(node.entity()));
        outcome.unwrap()
    }

    const FAULT: Outcome = Outcome { fault: true, error: false, throttle: false };
    const ERROR: Outcome = Outcome { fault: false, error: true, throttle: false };
    const THROTTLE: Outcome = Outcome { fault: false, error: true, throttle: true };

    #[test]
    fn a_status_says_how_it_went_where_no_flag_does() {
        let of = |status: u64| outcome(json!({"http": {"response": {"status": status}}}));
        assert_eq!([of(200), of(302)], [Outcome::default(); 2]);
        assert_eq!([of(404), of(429), of(500), of(503)], [ERROR, THROTTLE, FAULT, FAULT]);
    }

    #[test]
    fn flags_win_over_the_status() {
        assert_eq!(outcome(json!({"fault": true, "http": {"response": {"status": 400}}})), FAULT);
        assert_eq!(
            outcome(json!({"error": true, "fault": false, "http": {"response": {"status": 500}}})),
            ERROR
        );
        assert_eq!(outcome(json!({"throttle": true})), THROTTLE);
    }
}
