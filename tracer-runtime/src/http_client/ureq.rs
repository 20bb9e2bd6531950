//! ureq, as a middleware.

use http::{Request, Response};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Body, Error, SendBody};

use super::TracerMiddleware;
use super::call::{Call, TRACE_HEADER};
use super::target::Target;

impl Middleware for TracerMiddleware {
    fn handle(
        &self,
        mut request: Request<SendBody<'_>>,
        next: MiddlewareNext<'_>,
    ) -> Result<Response<Body>, Error> {
        let begun = Call::begin(&self.ignored, || Target::of_uri(request.method(), request.uri()));
        if let Some(header) = begun.header {
            request.headers_mut().insert(TRACE_HEADER, header);
        }
        let mut call = begun.call;
        let result = Call::watch(&mut call, || next.handle(request));
        let Some(mut call) = call else { return result };
        match &result {
            Ok(response) => {
                call.answered(response.status(), response.headers());
                call.close();
            }
            // As it says of 4xx and 5xx unless told not to.
            Err(Error::StatusCode(status)) => call.close_with_status(*status),
            Err(error) => call.fail(error),
        }
        result
    }
}
