//! Answers that few servers give, and bodies that few clients make.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt, service_fn};
use tracer_runtime::http_client::{TracerLayer, TracerMiddleware};
use tracer_runtime::testing;

use crate::clients::{Client, hyper, reqwest};
use crate::facts::Facts;

/// Answers one connection with `answer`, then sends back what comes.
async fn answering(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        stream.write_all(answer).await?;
        let (mut reading, mut writing) = stream.split();
        tokio::io::copy(&mut reading, &mut writing).await
    });
    format!("http://{address}")
}

#[tokio::test]
async fn where_a_redirect_leads_that_is_no_url_its_query_is_in_no_error() {
    for client in Client::all().into_iter().filter(Client::follows_redirects) {
        let answer = b"HTTP/1.1 302 Found\r\nlocation: /next?token=secret\xe9\r\ncontent-length: 0\r\n\r\n";
        let url = answering(answer).await;
        let trace = testing::capture_async(client.get(&url)).await;
        assert!(!trace.documents().concat().contains("secret"), "{}: {trace}", client.name());
    }
}

const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";

#[tokio::test]
async fn a_connection_that_changes_its_protocol_ends_the_request_and_stays() {
    let mut kept = Vec::new();
    let by_reqwest = async |url: &str| {
        let request = reqwest(TracerMiddleware::new()).get(url);
        let response =
            request.header("connection", "upgrade").header("upgrade", "echo").send().await.unwrap();
        response.upgrade().await.unwrap()
    };
    let url = answering(SWITCHING).await;
    let trace = testing::capture_async(async { kept.push(by_reqwest(&url).await) }).await;
    assert_eq!(Facts::of_recorded(trace.subsegment("127.0.0.1")).status, Some(101));
    assert!(!trace.subsegment("127.0.0.1").is_in_progress());
    let mut echo = [0; 4];
    kept[0].write_all(b"ping").await.unwrap();
    kept[0].read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"ping");

    let mut kept = Vec::new();
    let url = answering(SWITCHING).await;
    let trace = testing::capture_async(async {
        let request = Request::get(&url).header("connection", "upgrade").header("upgrade", "echo");
        let client = TracerLayer::new().layer(hyper());
        let response = client.oneshot(request.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
        kept.push(hyper::upgrade::on(response).await.unwrap());
    })
    .await;
    assert_eq!(Facts::of_recorded(trace.subsegment("127.0.0.1")).status, Some(101));
    assert!(!trace.subsegment("127.0.0.1").is_in_progress());
}

/// A client that answers with these frames.
fn of_frames(
    frames: fn() -> Vec<Result<Frame<Bytes>, io::Error>>,
) -> impl Service<Request<()>, Response = Response<impl Body<Data = Bytes, Error = io::Error>>, Error = Infallible>
{
    service_fn(move |_| async move { Ok(Response::new(StreamBody::new(stream::iter(frames())))) })
}

fn request() -> Request<()> {
    Request::get("http://odd.example/").body(()).unwrap()
}

#[tokio::test]
async fn trailers_are_passed_on_and_not_counted() {
    let client = TracerLayer::new().layer(of_frames(|| {
        let trailers = HeaderMap::from_iter([(http::header::EXPIRES, "never".parse().unwrap())]);
        vec![Ok(Frame::data(Bytes::from_static(b"four"))), Ok(Frame::trailers(trailers))]
    }));
    let trace = testing::capture_async(async {
        let collected = client.oneshot(request()).await.unwrap().into_body().collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["expires"], "never");
        assert_eq!(collected.to_bytes(), "four");
    })
    .await;
    assert_eq!(Facts::of_recorded(trace.subsegment("odd.example")).content_length, Some(4));
}

#[tokio::test]
async fn a_body_that_goes_on_after_an_error_or_is_polled_after_its_end_is_the_bodys_own_affair() {
    let client = TracerLayer::new().layer(of_frames(|| {
        vec![Err(io::Error::other("odd")), Ok(Frame::data(Bytes::from_static(b"four")))]
    }));
    let trace = testing::capture_async(async {
        let mut body = pin!(client.oneshot(request()).await.unwrap().into_body());
        let mut task = Context::from_waker(Waker::noop());
        let mut poll = || body.as_mut().poll_frame(&mut task);
        assert!(matches!(poll(), Poll::Ready(Some(Err(_)))));
        assert!(matches!(poll(), Poll::Ready(Some(Ok(_)))));
        assert!(matches!(poll(), Poll::Ready(None)));
        assert!(matches!(poll(), Poll::Ready(None)));
    })
    .await;
    let facts = Facts::of_recorded(trace.subsegment("odd.example"));
    assert_eq!((&facts.flags[..], facts.content_length), (&["fault"][..], None));
}

#[tokio::test]
async fn a_panic_of_the_client_itself_is_a_fault_and_goes_on() {
    let client = TracerLayer::new().layer(service_fn(|_: Request<()>| {
        if true {
            panic!("in a test");
        }
        std::future::ready(Ok::<Response<String>, Infallible>(Response::default()))
    }));
    let trace = testing::capture_async(async {
        let sent = std::panic::AssertUnwindSafe(client.oneshot(request()));
        assert!(futures_util::FutureExt::catch_unwind(sent).await.is_err());
    })
    .await;
    let request = trace.subsegment("odd.example");
    assert!(request.is_fault() && !request.is_cancelled(), "{trace}");
}

#[tokio::test]
async fn a_panic_of_a_middleware_before_its_future_is_a_fault_and_goes_on() {
    struct Panicking;
    impl reqwest_middleware::Middleware for Panicking {
        fn handle<'this, 'extensions, 'next, 'a>(
            &'this self,
            _: reqwest::Request,
            _: &'extensions mut http::Extensions,
            _: reqwest_middleware::Next<'next>,
        ) -> std::pin::Pin<Box<dyn Future<Output = reqwest_middleware::Result<reqwest::Response>> + Send + 'a>>
        where
            'this: 'a,
            'extensions: 'a,
            'next: 'a,
        {
            panic!("in a test")
        }
    }
    let client = reqwest_middleware::ClientBuilder::new(crate::clients::bare_reqwest())
        .with(TracerMiddleware::new())
        .with(Panicking)
        .build();
    let trace = testing::capture_async(async {
        let sent = std::panic::AssertUnwindSafe(client.get("http://odd.example/").send());
        assert!(futures_util::FutureExt::catch_unwind(sent).await.is_err());
    })
    .await;
    let request = trace.subsegment("odd.example");
    assert!(request.is_fault() && !request.is_cancelled(), "{trace}");
}
