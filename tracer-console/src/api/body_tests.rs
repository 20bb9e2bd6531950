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
    assert!(read(b"\x1f\x8b".to_vec()).await.is_err());
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
async fn what_is_large_unpacked_or_parsed_takes_turns_and_small_bodies_do_not_wait_for_them() {
    let bodies = Bodies::default();
    let bomb = || packed(&vec![b' '; SMALL + 1]);
    let mut held = Vec::new();
    for _ in 0..TURNS {
        held.push(bodies.read(bomb().into()).await.unwrap());
    }
    let heavy = bodies.read(objects(200_000).into()).await.unwrap();
    assert!(bodies.heavy.available_permits() < HEAVIEST / UNIT / 2);
    assert_eq!(bodies.read("{}".into()).await.unwrap().bytes(), b"{}");
    assert_eq!(bodies.read(vec![b' '; LARGEST].into()).await.unwrap().bytes().len(), LARGEST);
    for next in [bomb(), objects(300_000)] {
        let next = tokio::spawn({
            let bodies = bodies.clone();
            async move { bodies.read(next.into()).await.map(|_| ()) }
        });
        tokio::task::yield_now().await;
        assert!(!next.is_finished());
        next.abort();
    }
    drop((held, heavy));
    bodies.read(bomb().into()).await.unwrap();
    bodies.read(objects(300_000).into()).await.unwrap();
}

/// A body that begins with so many bytes and does not end.
fn endless(len: usize) -> Incoming {
    let begin = tokio_stream::once(Ok::<_, std::io::Error>(vec![b' '; len]));
    Incoming::from_stream(tokio_stream::StreamExt::chain(begin, tokio_stream::pending()))
}

#[tokio::test]
async fn senders_that_are_slow_keep_nobody_out() {
    let bodies = Bodies::default();
    let slow: Vec<_> = (0..2 * TURNS)
        .map(|_| {
            let bodies = bodies.clone();
            tokio::spawn(async move { bodies.read(endless(SMALL + 50_000)).await.map(|_| ()) })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(bodies.read(vec![b' '; 2 * SMALL].into()).await.unwrap().bytes().len(), 2 * SMALL);
    assert!(slow.iter().all(|slow| !slow.is_finished()), "they were waited for");
    slow.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn where_they_have_used_up_the_memory_the_slowest_gives_way() {
    let bodies = Bodies::default();
    let mut slow: Vec<_> = (0..ARRIVING / (LARGEST - SMALL) + 1)
        .map(|_| {
            let bodies = bodies.clone();
            tokio::spawn(async move { bodies.read(endless(LARGEST)).await.map(|_| ()) })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(bodies.read(vec![b' '; 4 * SMALL].into()).await.unwrap().bytes().len(), 4 * SMALL);
    assert_eq!(slow.remove(0).await.unwrap().unwrap_err().kind, ErrorKind::Throttled);
    slow.iter().for_each(tokio::task::JoinHandle::abort);
}
