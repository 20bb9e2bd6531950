use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn read(bytes: impl Into<Incoming>) -> Result<Body, ApiError> {
    Bodies::default().read(bytes.into()).await
}

async fn refused(bytes: impl Into<Incoming>) -> ApiError {
    read(bytes).await.unwrap_err()
}

/// Many small objects: little text, much memory.
fn objects(count: usize) -> Vec<u8> {
    format!("[{}1]", "{\"a\":1},".repeat(count)).into_bytes()
}

#[tokio::test]
async fn plain_and_compressed_bodies_are_read() {
    assert_eq!(read("{}").await.unwrap().bytes(), b"{}");
    assert_eq!(read(packed(b"{\"a\":1}")).await.unwrap().bytes(), b"{\"a\":1}");
}

#[tokio::test]
async fn what_only_begins_like_gzip_is_refused() {
    let whole = packed(b"{\"TraceSegmentDocuments\":[]}");
    assert!(refused(whole[..whole.len() - 3].to_vec()).await.message.contains("not valid gzip"));
    assert!(read(GZIP.to_vec()).await.is_err());
}

#[tokio::test]
async fn a_small_body_that_unpacks_to_a_huge_one_is_refused() {
    let bomb = packed(&vec![b' '; LARGEST + 1]);
    assert!(bomb.len() < LARGEST / 50);
    assert_eq!(refused(bomb).await.kind, ErrorKind::RequestEntityTooLarge);
    assert_eq!(read(packed(&vec![b' '; LARGEST])).await.unwrap().bytes().len(), LARGEST);
}

#[tokio::test]
async fn a_small_body_that_parses_to_a_huge_one_is_refused() {
    let bomb = objects(1_500_000);
    assert!(bomb.len() < LARGEST);
    assert_eq!(refused(packed(&bomb)).await.kind, ErrorKind::RequestEntityTooLarge);
    assert!(refused(bomb).await.message.contains("too many objects"));
    let arrays = format!("[{}1]", "[1],".repeat(4_000_000));
    assert!(refused(arrays).await.message.contains("too many objects"));
}

#[tokio::test]
async fn large_bodies_take_turns_and_small_ones_do_not_wait_for_them() {
    let bodies = Bodies::default();
    let large = [vec![b' '; SMALL + 1], packed(&vec![b' '; SMALL + 1]), objects(10_000), vec![b' '; LARGEST]];
    let mut held = Vec::new();
    for large in large {
        held.push(bodies.read(large.into()).await.unwrap());
        assert_eq!(bodies.turns.available_permits(), TURNS - held.len());
    }
    assert_eq!(bodies.read("{}".into()).await.unwrap().bytes(), b"{}");
    let next = tokio::spawn({
        let bodies = bodies.clone();
        async move { bodies.read(vec![b' '; SMALL + 1].into()).await.map(|body| body.bytes().len()) }
    });
    tokio::task::yield_now().await;
    assert!(!next.is_finished());
    drop(held);
    assert_eq!(next.await.unwrap().unwrap(), SMALL + 1);
}
