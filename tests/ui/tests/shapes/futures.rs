//! Functions that return a future or a stream: traced from the first poll to the end.

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use tracer_runtime::{capture_method, testing};

use crate::executor::{block_on, pause};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + Send + 'a>>;

#[capture_method]
fn opaque(text: &str) -> impl Future<Output = Result<u8, Box<dyn std::error::Error>>> {
    async move {
        pause().await;
        Ok(text.parse()?)
    }
}

#[capture_method]
fn without_borrows(text: &str) -> impl Future<Output = usize> + Send + use<> {
    let text = text.to_owned();
    async move {
        pause().await;
        text.len()
    }
}

#[capture_method]
fn pinned<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    let trimmed = text.trim();
    Box::pin(async move {
        pause().await;
        trimmed.len()
    })
}

#[capture_method]
fn in_a_variable(text: String) -> BoxFuture<'static, usize> {
    let future = async move { text.len() };
    if std::env::args().len() == usize::MAX {
        return Box::pin(std::future::ready(0));
    }
    Box::pin(future)
}

#[capture_method(annotate("Text" = text.as_str(), "Length" = text.len()))]
fn annotated(text: String) -> impl Future<Output = usize> {
    async move { text.len() }
}

struct Numbers(u8);

impl Stream for Numbers {
    type Item = u8;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u8>> {
        self.0 = self.0.saturating_sub(1);
        Poll::Ready((self.0 > 0).then_some(self.0))
    }
}

#[capture_method]
fn opaque_stream(count: u8) -> impl Stream<Item = u8> + Send + Unpin {
    Numbers(count)
}

#[capture_method(annotate("Count" = count))]
fn boxed_stream(count: u8) -> BoxStream<'static, u8> {
    Box::pin(Numbers(count))
}

fn collect(stream: impl Stream<Item = u8>) -> Vec<u8> {
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    let mut items = Vec::new();
    while let Poll::Ready(Some(item)) = stream.as_mut().poll_next(&mut context) {
        items.push(item);
    }
    items
}

#[test]
fn futures_resolve_to_the_same() {
    block_on(async {
        assert_eq!(opaque("7").await.ok(), Some(7));
        assert!(opaque("x").await.is_err());
        assert_eq!(without_borrows("abc").await, 3);
        assert_eq!(pinned(" a ").await, 1);
        assert_eq!(in_a_variable("ab".to_owned()).await, 2);
    });
}

#[test]
fn streams_yield_the_same() {
    assert_eq!(collect(opaque_stream(3)), [2, 1]);
    assert_eq!(collect(boxed_stream(2)), [1]);
}

#[test]
fn an_error_at_the_end_is_seen() {
    let trace = testing::capture(|| block_on(async { drop(opaque("x").await) }));
    assert!(trace.subsegment("opaque").is_fault());
}

#[test]
fn annotations_are_evaluated_when_the_function_is_called() {
    let trace = testing::capture(|| {
        block_on(annotated("abc".to_owned()));
        collect(boxed_stream(2));
    });
    assert_eq!(trace.subsegment("annotated").annotation("Text"), "abc");
    assert_eq!(trace.subsegment("annotated").annotation("Length"), 3);
    assert_eq!(trace.subsegment("boxed_stream").annotation("Count"), 2);
}

#[capture_method]
async fn sendable(text: &str) -> usize {
    pause().await;
    text.len()
}

#[capture_method]
async fn local(held: Rc<u8>) -> u8 {
    pause().await;
    *held
}

/// Ambiguous where `T` is `Send`, so it names only those that are not.
trait NotSend<Marker> {
    fn is_not_send(&self) {}
}

struct IsSend;
impl<T: ?Sized> NotSend<()> for T {}
impl<T: ?Sized + Send> NotSend<IsSend> for T {}

#[test]
fn send_stays_send_and_local_stays_local() {
    fn assert_send<T: Send>(_: &T) {}
    assert_send(&sendable("a"));
    assert_send(&without_borrows("a"));
    assert_send(&opaque_stream(1));
    local(Rc::new(1)).is_not_send();
}
