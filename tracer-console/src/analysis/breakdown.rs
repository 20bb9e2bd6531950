//! By what figures are broken down.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// By what the figures of an [`Analysis`](crate::Analysis) are broken down.
///
/// ```
/// use tracer_console::Breakdown;
///
/// let by: Breakdown = "annotation.PaymentMethod".parse()?;
/// assert_eq!(by, Breakdown::Annotation("PaymentMethod".into()));
/// assert_eq!(by.to_string(), "annotation.PaymentMethod");
/// assert!("annotations".parse::<Breakdown>().unwrap_err().to_string().contains("annotation.KEY"));
/// # Ok::<(), tracer_console::UnknownBreakdown>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Breakdown {
    /// By the names of subsegments: how long each took, and how much of it itself.
    Subsegment,
    /// By the values of an annotation.
    Annotation(String),
    /// By the services that a trace has; it counts for each of them.
    Service,
    /// By the URL of the request.
    Url,
    /// By the status of the answer.
    Status,
    /// By the method of the request.
    Method,
    /// By the users that segments name.
    User,
}

/// A text that names no [`Breakdown`]; says what there is.
///
/// ```
/// let error = "color".parse::<tracer_console::Breakdown>().unwrap_err();
/// assert!(error.to_string().contains("\"color\""));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there are no figures by {text:?}: write subsegment, annotation.KEY, service, http.url, http.status, http.method or user"
)]
pub struct UnknownBreakdown {
    text: String,
}

impl FromStr for Breakdown {
    type Err = UnknownBreakdown;

    fn from_str(text: &str) -> Result<Self, UnknownBreakdown> {
        let unknown = || UnknownBreakdown { text: text.chars().take(60).collect() };
        if let Some(key) = text.strip_prefix("annotation.") {
            return Some(key)
                .filter(|key| !key.is_empty())
                .map(|key| Self::Annotation(key.into()))
                .ok_or_else(unknown);
        }
        // As filter expressions write keys that have signs.
        if let Some(key) = text.strip_prefix("annotation[").and_then(|key| key.strip_suffix(']')) {
            return Some(key)
                .filter(|key| !key.is_empty())
                .map(|key| Self::Annotation(key.into()))
                .ok_or_else(unknown);
        }
        Self::PLAIN.into_iter().find(|by| by.to_string() == text).ok_or_else(unknown)
    }
}

impl Breakdown {
    /// Those that need no key.
    const PLAIN: [Self; 6] =
        [Self::Subsegment, Self::Service, Self::Url, Self::Status, Self::Method, Self::User];
}

impl fmt::Display for Breakdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subsegment => f.write_str("subsegment"),
            Self::Annotation(key) => write!(f, "annotation.{key}"),
            Self::Service => f.write_str("service"),
            Self::Url => f.write_str("http.url"),
            Self::Status => f.write_str("http.status"),
            Self::Method => f.write_str("http.method"),
            Self::User => f.write_str("user"),
        }
    }
}

impl Serialize for Breakdown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Breakdown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for by in Breakdown::PLAIN.into_iter().chain([Breakdown::Annotation("a.b".into())]) {
            assert_eq!(by.to_string().parse(), Ok(by));
        }
        assert_eq!("annotation[aws:api]".parse(), Ok(Breakdown::Annotation("aws:api".into())));
        for wrong in ["", "annotation.", "annotation[]", "Subsegment", "http"] {
            assert!(wrong.parse::<Breakdown>().is_err(), "{wrong}");
        }
    }
}
