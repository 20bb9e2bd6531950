//! Connections: so many at a time, each for as long as its client says something.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinSet;

/// So many are answered; further ones wait until one of them ends. A process may often have 1,024 files open.
const MOST: usize = 512;
/// A client that has said nothing for so long, or not all of a request's head, is gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// Out of file descriptors, most likely: others must finish first.
const AFTER_A_FAILURE: Duration = Duration::from_millis(10);

/// Accepts and answers until it is told to stop, and then until what has been asked is answered.
pub(super) async fn serve(listener: TcpListener, router: Router, mut stopped: oneshot::Receiver<()>) {
    let room = Arc::new(Semaphore::new(MOST));
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            // Whether it is sent or dropped, it is time.
            _ = &mut stopped => break,
            next = next => next,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(AFTER_A_FAILURE).await;
            continue;
        };
        let (router, stopping) = (router.clone(), stopping.clone());
        connections.spawn(async move {
            answer(stream, router, stopping).await;
            drop(place);
        });
    }
    drop(listener);
    let _ = stop.send(true);
    while connections.join_next().await.is_some() {}
}

async fn answer(stream: TcpStream, router: Router, mut stopping: watch::Receiver<bool>) {
    // Waiting to fill a packet would cost 40 ms an answer.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let is_time = async {
        let _ = stopping.wait_for(|is_time| *is_time).await;
    };
    tokio::select! {
        // A client that went away is no failure of ours.
        _ = connection.as_mut() => {}
        () = is_time => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
