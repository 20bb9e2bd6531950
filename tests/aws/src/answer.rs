//! What a service answers.

use serde_json::Value;

/// One answer, or none.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) comes: Comes,
}

/// How much of an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comes {
    Whole,
    /// The connection is closed behind the last byte, though more was promised.
    Cut,
    Nothing,
}

impl Answer {
    /// JSON as the services of the JSON protocols send it, with a request id.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::of(status, body.to_string()).header("content-type", "application/x-amz-json-1.0")
    }

    /// An error of the JSON protocols.
    #[must_use]
    pub fn json_error(status: u16, code: &str, message: &str) -> Self {
        let code = format!("com.amazonaws.service.v20120810#{code}");
        Self::json(status, &serde_json::json!({"__type": code, "message": message}))
    }

    /// XML as S3 sends it.
    #[must_use]
    pub fn xml(status: u16, body: &str) -> Self {
        Self::of(status, body).header("content-type", "application/xml")
    }

    /// Bytes, with a request id.
    #[must_use]
    pub fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let id = ("x-amzn-requestid", Self::REQUEST_ID.to_owned());
        Self { status, headers: vec![id], body: body.into(), comes: Comes::Whole }
    }

    /// The request is taken, and nothing comes back.
    #[must_use]
    pub fn never() -> Self {
        Self { comes: Comes::Nothing, ..Self::of(200, "") }
    }

    /// The connection is closed before the body's end.
    #[must_use]
    pub fn cut(self) -> Self {
        Self { comes: Comes::Cut, ..self }
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// How many bytes its body has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.body.len()
    }

    /// The id that every answer has.
    pub const REQUEST_ID: &'static str = "LXP3RQW9PRNUF7A4HBVORY5PBH";
}
