//! Connections: so many at a time, each for as long as its client says something.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

/// So many are answered; further ones wait until one of them ends. A process may often have 1,024 files open.
const MOST: usize = 512;
/// A client that has said nothing for so long, or not all of a request's head, is gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// A client whose connection is closed has read its answer by then, or sent so much more that it does not listen.
const FAREWELL: Duration = Duration::from_secs(5);
const LISTENED_TO: u64 = 16 << 20;
/// Out of file descriptors, most likely: others must finish first.
const AFTER_A_FAILURE: Duration = Duration::from_millis(10);

/// Tells when it is time to stop: when the sender is gone.
#[derive(Debug, Clone)]
pub(super) struct Stopping(watch::Receiver<()>);

impl Stopping {
    /// What stops it when it is dropped.
    pub(super) fn new() -> (watch::Sender<()>, Self) {
        let (stop, stopping) = watch::channel(());
        (stop, Self(stopping))
    }

    pub(super) async fn is_time(&mut self) {
        while self.0.changed().await.is_ok() {}
    }
}

/// Accepts connections and answers each until it is time to stop, and then until what has been asked is answered.
pub(super) async fn serve<Answering: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    answer: impl Fn(TcpStream, Stopping) -> Answering,
    mut stopping: Stopping,
) {
    let room = Arc::new(Semaphore::new(MOST));
    let for_connections = stopping.clone();
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            () = stopping.is_time() => break,
            next = next => next,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(AFTER_A_FAILURE).await;
            continue;
        };
        // Waiting to fill a packet would cost 40 ms an answer.
        let _ = stream.set_nodelay(true);
        let answering = answer(stream, for_connections.clone());
        connections.spawn(async move {
            answering.await;
            drop(place);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Answers what comes over a connection.
pub(super) async fn answer(stream: TcpStream, router: Router, stopping: Stopping) {
    answer_within(PATIENCE, stream, router, stopping).await;
}

async fn answer_within(patience: Duration, stream: TcpStream, router: Router, mut stopping: Stopping) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience);
    // Who asks for much and reads nothing of it must not keep it in memory.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience));
    let stream = TokioIo::new(Box::pin(stream));
    let mut connection = http.serve_connection(stream, TowerToHyperService::new(router));
    tokio::select! {
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => {
            // A client that went away is no failure of ours.
            if ended.is_ok() {
                let stream = connection.into_parts().io.into_inner();
                tokio::select! {
                    () = close(stream) => {}
                    () = stopping.is_time() => {}
                }
            }
        }
        () = stopping.is_time() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Closes a connection whose client may still be sending: at once, that would take away the answer that it has not read yet.
async fn close(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = stream.shutdown().await;
    let mut nowhere = tokio::io::sink();
    let mut rest = stream.take(LISTENED_TO);
    let _ = tokio::time::timeout(FAREWELL, tokio::io::copy(&mut rest, &mut nowhere)).await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;

    #[tokio::test]
    async fn a_client_that_reads_nothing_of_its_answer_is_let_go() {
        let router = Router::new().route("/", get(|| async { vec![0_u8; 64 << 20] }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (_stop, stopping) = Stopping::new();
        // It would wait for ever.
        answer_within(Duration::from_millis(200), stream, router, stopping).await;
    }
}
