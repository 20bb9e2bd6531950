//! Messages as they come, and clients that say nothing.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use tokio::net::TcpListener;

use super::super::testing::Home;
use super::*;

fn grpc() -> OtlpGrpc {
    OtlpGrpc::new(Arc::new(Home::new().api), Bodies::default(), Arc::new(IndexedAttributes::default()))
}

/// A message with what stands before it.
fn framed(packed: u8, message: &[u8]) -> Vec<u8> {
    let len = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[packed], &len[..], message].concat()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn message(encoding: &str, body: Vec<u8>) -> Result<Vec<u8>, (Code, String)> {
    let headers = [(ENCODING, encoding)];
    let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    let message = grpc().message(&HeaderMap::from_iter(headers), body.into()).await;
    message.map(|body| body.bytes().to_vec()).map_err(|failure| (failure.kind.grpc_code(), failure.message))
}

#[tokio::test]
async fn messages_are_unpacked_whatever_they_are_packed_with() {
    let bytes = b"\x0a\x00".repeat(1_000);
    let zstd = zstd::encode_all(&*bytes, 3).unwrap();
    let table = [
        ("identity", framed(0, &bytes)),
        ("deflate", framed(0, &bytes)),
        ("deflate", framed(1, &deflated(&bytes))),
        ("zstd", framed(1, &zstd)),
    ];
    for (encoding, body) in table {
        assert_eq!(message(encoding, body).await.as_ref(), Ok(&bytes), "{encoding}");
    }
    assert_eq!(message("identity", framed(0, b"")).await.unwrap(), b"");
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_so_that_nobody_sends_it_again() {
    let large = vec![0; LARGEST + 1];
    for (encoding, body, code, said) in [
        ("identity", framed(0, &large), Code::InvalidArgument, "larger than"),
        ("deflate", framed(1, &deflated(&large)), Code::InvalidArgument, "larger than"),
        ("zstd", framed(1, &zstd::encode_all(&*large, 3).unwrap()), Code::InvalidArgument, "larger than"),
        ("snappy", framed(1, b"x"), Code::Unimplemented, "messages are taken as gzip"),
        ("gzip", framed(1, b"{}"), Code::InvalidArgument, "not compressed as is said"),
        ("gzip", framed(7, b"{}"), Code::InvalidArgument, "neither"),
        ("gzip", [framed(0, b"a"), framed(0, b"b")].concat(), Code::InvalidArgument, "the only one"),
        ("gzip", framed(0, b"abc")[..6].to_vec(), Code::InvalidArgument, "another length"),
        ("gzip", vec![0; 3], Code::InvalidArgument, "no message"),
    ] {
        let (refused, message) = message(encoding, body).await.unwrap_err();
        assert_eq!(refused, code, "{message}");
        assert!(message.contains(said), "{message}");
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go() {
    for said in [&b""[..], &PREFACE[..10]] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut client, said).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (_stop, stopping) = Stopping::new();
        // It would wait for ever.
        grpc().serve_within(Duration::from_millis(50), stream, stopping).await;
    }
}

#[tokio::test]
async fn what_is_no_http_2_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut client, b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let (_stop, stopping) = Stopping::new();
    grpc().serve(stream, stopping).await;
}
