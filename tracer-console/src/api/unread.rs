//! What is left of a request's body when its answer is known: read and thrown away, so that the connection serves the next one.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body as Incoming, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

/// Whoever has more left has the connection closed.
const MOST: usize = 1 << 20;
/// What has not come by then is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A body that comes back when it is dropped before its end.
struct Lent {
    body: Option<Incoming>,
    is_coming: bool,
    back: Option<oneshot::Sender<Rest>>,
}

/// What nobody read of a body.
struct Rest {
    body: Incoming,
    /// Not where the client waits to be asked for it (`Expect: 100-continue`) and was not.
    is_coming: bool,
}

/// Has the request answered, and then reads what nobody read of its body.
pub(super) async fn answer(asked: Request, next: Next) -> Response {
    let (asked, mut back) = lend(asked);
    let mut answer = next.run(asked).await;
    // Where nothing came back everything was read.
    if let Ok(rest) = back.try_recv()
        && !rest.discard().await
    {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn lend(asked: Request) -> (Request, oneshot::Receiver<Rest>) {
    let (back, rest) = oneshot::channel();
    let is_coming = !asked.headers().contains_key(header::EXPECT);
    let lend = |body| Incoming::new(Lent { body: Some(body), is_coming, back: Some(back) });
    (asked.map(lend), rest)
}

impl Rest {
    /// Whether it ended soon enough.
    async fn discard(self) -> bool {
        // What is too much is not waited for.
        let is_little = self.body.size_hint().lower() <= MOST as u64;
        is_little
            && self.is_coming
            && tokio::time::timeout(PATIENCE, discard_all(self.body)).await.unwrap_or(false)
    }
}

async fn discard_all(mut body: Incoming) -> bool {
    let mut discarded = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > MOST {
            return false;
        }
    }
    true
}

impl Body for Lent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.is_coming = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        if frame.is_none() {
            self.body = None;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let is_over = self.is_end_stream();
        let rest = self.body.take().filter(|_| !is_over);
        if let (Some(rest), Some(back)) = (rest, self.back.take()) {
            // Nobody waits for it where the client is gone.
            let _ = back.send(Rest { body: rest, is_coming: self.is_coming });
        }
    }
}
