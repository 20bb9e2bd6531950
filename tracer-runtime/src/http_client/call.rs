//! One request and its response: what every client records of it.

use std::error::Error;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::ignored::Ignored;
use super::target::Target;
use crate::error_flag::ErrorFlag;
use crate::namespace::Namespace;
use crate::recording::downstream::Downstream;

/// The header that carries the trace.
pub(crate) const TRACE_HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// The subsegment of a request. Dropped before an answer it counts as cancelled (P10).
#[derive(Debug)]
pub(crate) struct Call {
    downstream: Downstream,
    /// How much of the body came, where the head did not say how long it is.
    counted: Option<u64>,
}

/// What is known of a request before it is sent.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// `None` where nothing is recorded.
    pub(crate) call: Option<Call>,
    /// What to send as [`TRACE_HEADER`], in place of any that the request has.
    pub(crate) header: Option<HeaderValue>,
}

impl Call {
    /// Opens the subsegment of a request. `target` is looked at only where the request is part of a trace.
    #[inline]
    pub(crate) fn begin<'a>(ignored: &Ignored, target: impl FnOnce() -> Option<Target<'a>>) -> Begun {
        if !Downstream::traces_http() {
            return Begun::default();
        }
        let Some(target) = target().filter(|target| !ignored.has(target)) else {
            return Begun::default();
        };
        let call = Self::open(&target);
        let header = match &call {
            Some(call) => call.downstream.trace_header(),
            None => Downstream::header_to_pass_on(),
        };
        Begun { call, header: header.and_then(|header| header.try_into().ok()) }
    }

    fn open(target: &Target<'_>) -> Option<Self> {
        let downstream = Downstream::open(&target.name(), Namespace::Remote)?;
        downstream.put_http_request(target.method(), &target.url());
        Some(Self { downstream, counted: None })
    }

    /// Records the head of the response.
    pub(crate) fn answered(&mut self, status: StatusCode, headers: &HeaderMap) {
        let length = content_length(headers);
        self.downstream.put_http_response(status.as_u16(), length);
        self.counted = if length.is_some() { None } else { Some(0) };
    }

    /// Counts a part of the body.
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    pub(crate) fn received(&mut self, bytes: usize) {
        if let Some(counted) = &mut self.counted {
            *counted += bytes as u64;
        }
    }

    /// Closes the subsegment: the body came whole.
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    pub(crate) fn end(self) {
        if let Some(counted) = self.counted {
            self.downstream.put_content_length(counted);
        }
        self.close();
    }

    /// Closes the subsegment: there is no body, or nobody reads the rest of it.
    pub(crate) fn close(self) {
        self.downstream.close();
    }

    /// Closes the subsegment of a response of which only the status is known.
    #[cfg(any(feature = "reqwest", feature = "ureq"))]
    pub(crate) fn close_with_status(self, status: u16) {
        self.downstream.put_http_response(status, None);
        self.close();
    }

    /// Closes the subsegment as a fault: no response came, or its body did not come whole.
    pub(crate) fn fail(self, error: &(dyn Error + '_)) {
        self.downstream.fail(ErrorFlag::Fault, error);
        self.close();
    }

    /// Runs what the call waits for. A panic inside closes the subsegment as a fault (P10) and goes on.
    pub(crate) fn watch<R>(call: &mut Option<Self>, run: impl FnOnce() -> R) -> R {
        let mut watch = Watch { call, has_returned: false };
        let result = run();
        watch.has_returned = true;
        result
    }
}

/// What is dropped before `has_returned` is dropped by a panic.
struct Watch<'a> {
    call: &'a mut Option<Call>,
    has_returned: bool,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let panicked = self.call.take_if(|_| !self.has_returned);
        if let Some(call) = panicked {
            call.downstream.flag(ErrorFlag::Fault);
            call.close();
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(CONTENT_LENGTH)?.to_str().ok()?;
    // A number has no sign.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_138_a_content_length_that_is_no_number_is_none() {
        let length = |text: &str| {
            content_length(&HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_str(text).unwrap())]))
        };
        assert_eq!(length("42"), Some(42));
        assert_eq!(length("0"), Some(0));
        for text in ["", "-1", "+1", "4 2", "many", "99999999999999999999"] {
            assert_eq!(length(text), None, "{text}");
        }
        assert_eq!(content_length(&HeaderMap::new()), None);
    }
}
