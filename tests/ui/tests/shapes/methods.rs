//! Methods: every receiver, traits, and `#[async_trait]` on either side.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;
use tracer_runtime::{capture_method, testing};

use crate::executor::{block_on, pause};

#[derive(Clone, Default)]
struct Orders<T> {
    count: u8,
    of: T,
}

impl<T: Clone + Default> Orders<T> {
    #[capture_method]
    fn new(count: u8) -> Self {
        Self { count, of: T::default() }
    }

    #[capture_method]
    fn by_reference(&self) -> u8 {
        self.count
    }

    #[capture_method]
    fn by_mutable_reference(&mut self) -> &mut u8 {
        self.count += 1;
        &mut self.count
    }

    #[capture_method]
    fn by_value(self) -> u8 {
        self.count
    }

    #[capture_method]
    fn by_mutable_value(mut self) -> Self {
        self.count += 1;
        self
    }

    #[capture_method]
    fn by_box(self: Box<Self>) -> T {
        self.of
    }

    #[capture_method]
    fn by_rc(self: Rc<Self>) -> u8 {
        self.count
    }

    #[capture_method]
    fn by_arc(self: &Arc<Self>) -> u8 {
        self.count
    }

    #[capture_method]
    fn by_pin(self: Pin<&mut Self>) -> u8 {
        self.count
    }

    #[capture_method]
    async fn awaited(&mut self, by: u8) -> u8 {
        pause().await;
        self.count += by;
        self.count
    }

    #[capture_method]
    async fn awaited_by_value(mut self) -> Self {
        self.count += 1;
        pause().await;
        self
    }
}

#[test]
fn every_receiver_works() {
    let mut orders = Orders::<u8>::new(1);
    assert_eq!(orders.by_reference(), 1);
    *orders.by_mutable_reference() += 1;
    assert_eq!(orders.clone().by_value(), 3);
    assert_eq!(orders.clone().by_mutable_value().count, 4);
    assert_eq!(Box::new(orders.clone()).by_box(), 0);
    assert_eq!(Rc::new(orders.clone()).by_rc(), 3);
    assert_eq!(Arc::new(orders.clone()).by_arc(), 3);
    assert_eq!(Pin::new(&mut orders).by_pin(), 3);
    assert_eq!(block_on(orders.awaited(4)), 7);
    assert_eq!(block_on(orders.awaited_by_value()).count, 8);
}

#[test]
fn a_method_is_named_after_its_type() {
    let trace = testing::capture(|| Orders::<u8>::new(1).by_reference());
    let names: Vec<String> =
        trace.subsegments().iter().map(|subsegment| subsegment.name().to_owned()).collect();
    assert_eq!(
        names,
        ["## shapes::methods::Orders::new".to_owned(), "## shapes::methods::Orders::by_reference".to_owned(),]
    );
}

trait Store {
    #[capture_method]
    fn size(&self) -> usize {
        size_of_val(self)
    }

    #[capture_method]
    async fn load(&self, id: u8) -> u8 {
        pause().await;
        id
    }

    async fn save(&mut self, id: u8);
}

impl Store for u8 {
    #[capture_method]
    async fn save(&mut self, id: u8) {
        pause().await;
        *self = id;
    }
}

#[test]
fn traits_have_async_methods() {
    let mut store = 1_u8;
    assert_eq!((block_on(store.load(2)), store.size()), (2, 1));
    block_on(store.save(3));
    assert_eq!(store, 3);
}

#[async_trait]
trait Remote {
    #[capture_method]
    async fn default_body(&self, id: &str) -> usize {
        pause().await;
        id.len()
    }

    async fn fetch(&self, id: &str) -> Result<usize, std::num::ParseIntError>;
}

#[async_trait]
impl Remote for u8 {
    #[capture_method]
    async fn fetch(&self, id: &str) -> Result<usize, std::num::ParseIntError> {
        pause().await;
        Ok(id.parse::<usize>()? + usize::from(*self))
    }
}

#[async_trait(?Send)]
trait Local {
    #[capture_method]
    async fn held(&self, of: Rc<u8>) -> u8 {
        pause().await;
        *of
    }
}

impl Local for u8 {}

#[test]
fn async_trait_methods_end_with_their_future() {
    let trace = testing::capture(|| {
        block_on(async {
            assert_eq!(1_u8.default_body("abc").await, 3);
            assert_eq!(1_u8.fetch("2").await, Ok(3));
            assert!(1_u8.fetch("x").await.is_err());
            assert_eq!(1_u8.held(Rc::new(4)).await, 4);
        });
    });
    assert_eq!(trace.subsegments().len(), 4);
    let faults = trace.subsegments().iter().filter(|subsegment| subsegment.is_fault()).count();
    assert_eq!(faults, 1, "the error is seen where the future ends");
}
