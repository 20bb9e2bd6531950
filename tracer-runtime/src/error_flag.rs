//! How an error marks its subsegment.

/// How an error that a function returns marks its subsegment.
///
/// A predicate given as `err = path` to an attribute returns it, or a `bool`, where `true` means a fault and
/// `false` nothing.
///
/// ```
/// use tracer_runtime::{ErrorFlag, capture_method};
///
/// #[derive(Debug)]
/// enum OrderError { NotFound, Busy }
///
/// fn flag(error: &OrderError) -> ErrorFlag {
///     match error {
///         OrderError::NotFound => ErrorFlag::Error,
///         OrderError::Busy => ErrorFlag::Throttle,
///     }
/// }
///
/// #[capture_method(err = flag)]
/// fn get_order(id: &str) -> Result<String, OrderError> {
///     Err(if id.is_empty() { OrderError::NotFound } else { OrderError::Busy })
/// }
/// # assert!(get_order("").is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorFlag {
    /// Our fault: `fault`, as for HTTP 5xx. The default.
    #[default]
    Fault,
    /// The caller's error: `error`, as for HTTP 4xx.
    Error,
    /// Too many requests: `error` and `throttle`, as for HTTP 429.
    Throttle,
    /// No mark and no exception.
    Ignore,
}

impl From<bool> for ErrorFlag {
    fn from(is_fault: bool) -> Self {
        if is_fault { Self::Fault } else { Self::Ignore }
    }
}

impl ErrorFlag {
    /// What an HTTP status comes to (facts 1.8).
    #[cfg(feature = "enable")]
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            429 => Self::Throttle,
            400..=499 => Self::Error,
            500.. => Self::Fault,
            _ => Self::Ignore,
        }
    }
}
