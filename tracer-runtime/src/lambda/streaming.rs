//! A streamed response keeps the handler's subsegment open to its end.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body as HttpBody, Frame, SizeHint};
use lambda_runtime::StreamResponse;
use lambda_runtime::streaming::Body;

use crate::recording::probe::{AsIs, EndsOfBody, EndsOfStream, Returned};
use crate::recording::scope::Scope;
use crate::recording::traced::{State, TracedStream, poll_in};

/// The returned value is a response with lambda_runtime's own body.
#[derive(Debug)]
pub struct WithBody;

/// The returned value is a response with some stream, behind an `impl Stream`.
#[derive(Debug)]
pub struct WithStream;

impl<E> EndsOfBody for &&&Returned<'_, Result<StreamResponse<Body>, E>> {
    type Kind = WithBody;

    fn kind(&self) -> WithBody {
        WithBody
    }
}

impl<S, E> EndsOfStream for &&Returned<'_, Result<StreamResponse<S>, E>> {
    type Kind = WithStream;

    fn kind(&self) -> WithStream {
        WithStream
    }
}

impl WithBody {
    pub fn end<E>(
        self,
        scope: &mut Scope,
        returned: Result<StreamResponse<Body>, E>,
    ) -> Result<StreamResponse<Body>, E> {
        let Ok(response) = returned else {
            return AsIs.end(scope, returned);
        };
        let Some(open) = scope.leave() else {
            return Ok(response);
        };
        let body = TracedBody { body: response.stream, state: State::Open(open) };
        Ok(StreamResponse { metadata_prelude: response.metadata_prelude, stream: Body::new(body) })
    }
}

impl WithStream {
    pub fn end<S: Stream, E>(
        self,
        scope: &mut Scope,
        returned: Result<StreamResponse<S>, E>,
    ) -> Result<StreamResponse<TracedStream<S>>, E> {
        let traced = returned.map(|response| (response.metadata_prelude, response.stream));
        match traced {
            Ok((metadata_prelude, stream)) => {
                Ok(StreamResponse { metadata_prelude, stream: TracedStream::resumed(scope.leave(), stream) })
            }
            Err(error) => AsIs.end(scope, Err(error)),
        }
    }
}

/// A body that is traced until its end.
struct TracedBody {
    body: Body,
    state: State,
}

impl HttpBody for TracedBody {
    type Data = Bytes;
    type Error = lambda_runtime::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let scope = self.state.enter();
        let polled = poll_in(&scope, || Pin::new(&mut self.body).poll_frame(task));
        match &polled {
            Poll::Pending => self.state.leave(scope),
            Poll::Ready(Some(Ok(_))) if !self.body.is_end_stream() => self.state.leave(scope),
            Poll::Ready(Some(Err(error))) => {
                scope.fail_with_text(error);
                drop(scope);
            }
            Poll::Ready(_) => drop(scope),
        }
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        HttpBody::size_hint(&self.body)
    }
}

impl Drop for TracedBody {
    fn drop(&mut self) {
        self.state.enter().cancel();
    }
}
