//! reqwest, as a middleware of `reqwest-middleware`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Extensions;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use reqwest::{Body, Request, Response, ResponseBuilderExt};
use reqwest_middleware::{Middleware, Next, Result};

use super::TracerMiddleware;
use super::call::{Call, TRACE_HEADER};
use super::receiving::Receiving;
use super::sending::Sending;
use super::target::Target;

type Sent<'a> = Pin<Box<dyn Future<Output = Result<Response>> + Send + 'a>>;

// As `#[async_trait]` declares it; written out, what is not recorded is the next one's future itself.
impl Middleware for TracerMiddleware {
    fn handle<'this, 'extensions, 'next, 'a>(
        &'this self,
        mut request: Request,
        extensions: &'extensions mut Extensions,
        next: Next<'next>,
    ) -> Sent<'a>
    where
        'this: 'a,
        'extensions: 'a,
        'next: 'a,
        Self: 'a,
    {
        let mut begun = Call::begin(&self.ignored, || Target::of_url(request.method(), request.url()));
        if let Some(header) = begun.header {
            request.headers_mut().insert(TRACE_HEADER, header);
        }
        let sent = Call::watch(&mut begun.call, || next.run(request, extensions));
        match begun.call {
            Some(call) => Box::pin(answer_of(Sending::new(Some(call), sent))),
            None => sent,
        }
    }
}

async fn answer_of(sending: Sending<Sent<'_>>) -> Result<Response> {
    let (result, call) = sending.await;
    let Some(call) = call else { return result };
    match result {
        Ok(response) => Ok(traced(response, call)),
        Err(error) => {
            match error.status() {
                // A middleware further in made an error of an answer.
                Some(status) => call.close_with_status(status.as_u16()),
                None => call.fail(&error),
            }
            Err(error)
        }
    }
}

/// The same response, with a body that ends the call. What a [`Response`] is made from has all of it but the URL.
fn traced(response: Response, mut call: Call) -> Response {
    call.answered(response.status(), response.headers());
    if response.content_length() == Some(0) {
        call.close();
        return response;
    }
    let url = response.url().clone();
    let (mut parts, body) = http::Response::<Body>::from(response).into_parts();
    if let Ok(with_url) = http::Response::builder().url(url).body(()) {
        parts.extensions.extend(with_url.into_parts().0.extensions);
    }
    let body = TracedBody { receiving: Receiving::new(body, Some(call)) };
    http::Response::from_parts(parts, Body::wrap(body)).into()
}

pin_project! {
    struct TracedBody {
        #[pin]
        receiving: Receiving<Body>,
    }
}

impl http_body::Body for TracedBody {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, reqwest::Error>>> {
        self.project().receiving.poll_frame(task, |call, error| call.fail(error))
    }

    fn is_end_stream(&self) -> bool {
        self.receiving.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.receiving.size_hint()
    }
}
