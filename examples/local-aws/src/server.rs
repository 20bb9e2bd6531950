//! HTTP/1.1 on one address.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::front::Front;

/// Takes connections until the future is dropped, and theirs with it.
pub(crate) async fn serve(listener: TcpListener, front: Arc<Front>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Out of file descriptors, most likely: others must finish first.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                // Answers are small; waiting to fill a packet would cost 40 ms each.
                let _ = stream.set_nodelay(true);
                let front = Arc::clone(&front);
                connections.spawn(async move {
                    let service = service_fn(move |request| {
                        let front = Arc::clone(&front);
                        async move { Ok::<_, Infallible>(front.answer(request).await) }
                    });
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
