//! A large answer on its way: it has its room until it is sent, and a time to be sent in. Who is slower gets no more of it, and the
//! connection is closed.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use super::response::Response;

/// So much is handed on at a time, and not counted any more.
const CHUNK: usize = 64 << 10;
/// An answer is sent by then, however much it is and whatever its client takes of it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct LargeAnswer {
    /// `None` when it is sent, or its time is over.
    whole: Arc<Mutex<Option<Response>>>,
    sent: usize,
    length: usize,
    deadline: JoinHandle<()>,
}

impl LargeAnswer {
    /// An answer to send from now on; within a runtime.
    pub(super) fn new(response: Response) -> Self {
        Self::within(PATIENCE, response)
    }

    fn within(patience: Duration, response: Response) -> Self {
        let length = response.0.len();
        let whole = Arc::new(Mutex::new(Some(response)));
        let late = Arc::clone(&whole);
        let deadline = tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            drop(lock(&late).take());
        });
        Self { whole, sent: 0, length, deadline }
    }
}

fn lock(whole: &Mutex<Option<Response>>) -> MutexGuard<'_, Option<Response>> {
    whole.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Body for LargeAnswer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let end = self.length.min(self.sent + CHUNK);
        let mut whole = lock(&self.whole);
        let Some(response) = &*whole else {
            return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
        };
        // A copy: what the connection still has to send does not keep the whole.
        let chunk = Bytes::copy_from_slice(&response.0[self.sent..end]);
        if end == self.length {
            *whole = None;
        }
        drop(whole);
        self.sent = end;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent == self.length
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.length - self.sent) as u64)
    }
}

impl Drop for LargeAnswer {
    fn drop(&mut self) {
        self.deadline.abort();
        // Not as late as the task is.
        drop(lock(&self.whole).take());
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::super::large_reads::LargeReads;
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    /// A large answer.
    fn answer(reads: &LargeReads, text: &str, patience: Duration) -> LargeAnswer {
        let turn = reads.turn(u64::MAX, Duration::ZERO).unwrap();
        LargeAnswer::within(patience, Response::holding(text, turn).unwrap())
    }

    #[tokio::test]
    async fn an_answer_comes_whole_and_gives_its_room_back() {
        let (reads, text) = (LargeReads::default(), "x".repeat(10 * CHUNK));
        let answer = answer(&reads, &text, LONG);
        assert_eq!(answer.size_hint().exact(), Some(text.len() as u64 + 2));
        assert!(!reads.is_unused());
        assert_eq!(answer.collect().await.unwrap().to_bytes(), format!("{text:?}"));
        assert!(reads.is_unused());
    }

    #[tokio::test]
    async fn who_takes_too_long_gets_no_more_and_has_no_room() {
        let (reads, text) = (LargeReads::default(), "x".repeat(10 * CHUNK));
        let mut answer = answer(&reads, &text, Duration::from_millis(1));
        assert!(answer.frame().await.unwrap().is_ok());
        (&mut answer.deadline).await.unwrap();
        assert!(reads.is_unused());
        assert_eq!(answer.frame().await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_goes_away_has_no_room() {
        let reads = LargeReads::default();
        let answer = answer(&reads, &"x".repeat(10 * CHUNK), LONG);
        assert!(!reads.is_unused());
        drop(answer);
        assert!(reads.is_unused());
    }
}
