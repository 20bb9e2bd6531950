//! A connection after a request whose body nobody read.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tracer_console::{Access, Console, ConsoleOptions};

use crate::requests::console;

/// One connection of hyper's client, which opens no other.
async fn connect(console: &Console) -> SendRequest<Body> {
    let stream = tokio::net::TcpStream::connect(console.local_addr()).await.unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Status and `Connection` of an answer that was read whole.
async fn post(sender: &mut SendRequest<Body>, path: &str, host: &str, body: Body) -> (u16, Option<String>) {
    let request = axum::http::Request::post(path).header("host", host).body(body).unwrap();
    sender.ready().await.unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let connection = answer.headers().get("connection").map(|said| said.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    answer.into_body().collect().await.unwrap();
    (status, connection)
}

/// In many pieces, and none is announced.
fn chunked(bytes: usize) -> Body {
    let pieces = std::iter::repeat_n(Ok::<_, std::convert::Infallible>(vec![b' '; 1_000]), bytes / 1_000);
    Body::from_stream(tokio_stream::iter(pieces))
}

#[tokio::test]
async fn a_refused_request_with_a_large_body_leaves_the_connection_to_the_next_one() {
    let closed = Access::default().with_token("9f0c6b3a7d21e4589f0c6b3a7d21e458").unwrap();
    let closed = Console::start(ConsoleOptions { access: closed, ..ConsoleOptions::any_port() }).unwrap();
    let open = console();
    for (console, path, host, refused) in [
        (&open, "/Nonsense", "localhost", 404),
        (&open, "/TraceSegments", "evil.example", 403),
        (&open, "/v1/traces", "localhost", 415),
        (&closed, "/TraceSegments", "localhost", 403),
    ] {
        let mut sender = connect(console).await;
        for body in [Body::from(vec![b' '; 100_000]), chunked(100_000), Body::from(vec![b' '; 1 << 20])] {
            assert_eq!(post(&mut sender, path, host, body).await, (refused, None), "{path}");
        }
        let (status, _) = post(&mut sender, "/Groups", "localhost", "{}".into()).await;
        assert_eq!(status, if std::ptr::eq(console, &raw const open) { 200 } else { 403 }, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_much_to_throw_away_has_the_connection_closed_after_the_answer() {
    let console = console();
    // More than the console and the sockets between keep: it must be read for the client to come to the answer.
    for body in [Body::from(vec![b' '; 12 << 20]), chunked(12 << 20)] {
        let mut sender = connect(&console).await;
        let answered = post(&mut sender, "/Nonsense", "localhost", body).await;
        assert_eq!(answered, (404, Some("close".to_owned())));
        assert!(sender.ready().await.is_err());
    }
}

#[test]
fn an_endless_body_keeps_no_connection() {
    let console = console();
    let mut stream = TcpStream::connect(console.local_addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
        .write_all(b"POST /Nonsense HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    let chunk = [b"fa00\r\n".as_slice(), &[b' '; 64_000], b"\r\n"].concat();
    let ended = loop {
        if let Err(ended) = stream.write_all(&chunk) {
            break ended.kind();
        }
    };
    assert!(matches!(ended, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{ended}");
}

#[test]
fn a_body_that_never_comes_keeps_no_answer_and_no_connection() {
    let console = console();
    let head = "POST /Nonsense HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n";
    for (more, sent) in [("", "{"), ("Expect: 100-continue\r\n", "")] {
        let mut stream = TcpStream::connect(console.local_addr()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(format!("{head}{more}\r\n{sent}").as_bytes()).unwrap();
        let mut answer = String::new();
        // Up to its end.
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("connection: close"), "{answer}");
    }
}
