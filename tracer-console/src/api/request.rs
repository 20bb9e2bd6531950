//! What is asked of an operation: the JSON object of a body.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::ApiError;

/// A request for one operation.
#[derive(Debug)]
pub(crate) struct Request {
    operation: &'static str,
    members: Value,
}

impl Request {
    /// Reads a body; an empty one asks without parameters.
    pub(super) fn parse(operation: &'static str, body: &[u8]) -> Result<Self, ApiError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self { operation, members: Value::Object(Map::new()) });
        }
        match serde_json::from_slice(body) {
            Ok(members @ Value::Object(_)) => Ok(Self { operation, members }),
            Ok(_) => Err(ApiError::invalid(format!("{operation}: the body is not a JSON object"))),
            Err(error) => Err(ApiError::invalid(format!("{operation}: the body is not JSON: {error}"))),
        }
    }

    /// The parameters. Members that the operation does not know are ignored.
    pub(super) fn read<'r, T: Deserialize<'r>>(&'r self) -> Result<T, ApiError> {
        serde_path_to_error::deserialize(&self.members).map_err(|error| {
            let (operation, path) = (self.operation, error.path());
            ApiError::invalid(match path.iter().next() {
                Some(_) => format!("{operation}: {path}: {}", error.inner()),
                None => format!("{operation}: {}", error.inner()),
            })
        })
    }

    /// The token of the page that is asked for.
    pub(super) fn next_token(&self) -> Result<Option<&str>, ApiError> {
        match self.members.get("NextToken") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(token)) => Ok(Some(token)),
            Some(_) => Err(ApiError::invalid("NextToken is not a string")),
        }
    }

    /// A number for all that is asked but the page: pages of the same question have the same.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.operation.hash(&mut hasher);
        let members = self.members.as_object().into_iter().flatten();
        let mut members: Vec<_> = members.filter(|(key, _)| *key != "NextToken").collect();
        members.sort_by_key(|(key, _)| *key);
        for (key, value) in members {
            (key, value.to_string()).hash(&mut hasher);
        }
        hasher.finish()
    }
}

#[cfg(test)]
impl Request {
    pub(super) fn of(members: Value) -> Self {
        Self { operation: "Test", members }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_object_is_refused_and_says_where() {
        let refused = |body: &[u8]| Request::parse("GetGroups", body).unwrap_err().message;
        assert!(refused(b"{\"NextToken\":").contains("EOF while parsing"));
        assert!(refused(b"[]").contains("not a JSON object"));
        assert!(refused("{\"a\":".repeat(5_000).as_bytes()).contains("recursion limit"));
        assert!(Request::parse("GetGroups", b" ").is_ok());
    }

    #[test]
    fn a_missing_parameter_and_a_wrong_one_are_named() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Input {
            #[expect(dead_code, reason = "only read")]
            trace_ids: Vec<String>,
        }
        let error = Request::of(serde_json::json!({"Other": 1})).read::<Input>().unwrap_err();
        assert_eq!(error.message, "Test: missing field `TraceIds`");
        let error = Request::of(serde_json::json!({"TraceIds": ["1", 2]})).read::<Input>().unwrap_err();
        assert_eq!(error.message, "Test: TraceIds[1]: invalid type: integer `2`, expected a string");
    }
}
