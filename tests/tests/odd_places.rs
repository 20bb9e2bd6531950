//! P1 and P2 where nobody looks: in `Drop`, `Serialize`, `Display`, predicates, initialisers and destructors.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::future::pending;
use std::panic::{catch_unwind, set_hook, take_hook};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};
use std::task::{Context, Waker};

use serde::{Serialize, Serializer};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tracer_runtime::testing::{self, RecordedTrace};
use tracer_runtime::{
    ErrorFlag, Handle, InSubsegment, capture_method, put_annotation, put_metadata, spawn, subsegment,
};

/// What the odd places call: one subsegment in another.
#[capture_method(annotate("Where" = place))]
fn outer(place: &str) -> usize {
    inner(place)
}

#[capture_method(annotate("Where" = place))]
fn inner(place: &str) -> usize {
    put_annotation("Length", place.len());
    place.len()
}

/// `outer` was called once from `place`, directly below `parent`, and nothing is wrong with it.
#[track_caller]
fn assert_called(trace: &RecordedTrace, parent: &str, place: &str) {
    let children = trace.subsegment(parent).subsegments();
    let called: Vec<_> = children.iter().filter(|child| child.annotation("Where") == place).collect();
    let [outer] = called[..] else { panic!("{} calls from {place}:\n{trace}", called.len()) };
    assert!(outer.name().ends_with("::outer") && !outer.is_fault() && !outer.is_in_progress(), "{trace}");
    assert_eq!(outer.subsegment("inner").annotation("Length"), place.len());
    let everywhere = trace.find("inner").iter().filter(|inner| inner.annotation("Where") == place).count();
    assert_eq!(everywhere, 1, "{trace}");
}

struct CallsWhenDropped(&'static str);

impl Drop for CallsWhenDropped {
    fn drop(&mut self) {
        outer(self.0);
    }
}

#[capture_method]
fn panics_with(_argument: CallsWhenDropped) {
    let _local = CallsWhenDropped("local");
    panic!("in a test");
}

#[capture_method]
async fn panics_later_with(_argument: CallsWhenDropped) {
    let _local = CallsWhenDropped("async local");
    tokio::task::yield_now().await;
    panic!("in a test");
}

#[test]
fn what_unwinding_drops_calls_from_where_it_was_and_is_no_fault() {
    let trace = testing::capture(|| {
        let unwinds = || {
            let _caller = CallsWhenDropped("caller");
            panics_with(CallsWhenDropped("argument"));
        };
        subsegment("root", || assert!(catch_unwind(unwinds).is_err()));
    });
    assert!(trace.subsegment("panics_with").is_fault() && !trace.subsegment("root").is_fault());
    assert_called(&trace, "panics_with", "local");
    assert_called(&trace, "panics_with", "argument");
    assert_called(&trace, "root", "caller");
}

#[tokio::test]
async fn what_the_unwinding_of_a_future_drops_calls_from_inside_of_it() {
    let trace = testing::capture_async(async {
        let task = tokio::spawn(panics_later_with(CallsWhenDropped("argument")).in_current_subsegment());
        assert!(task.await.unwrap_err().is_panic());
    })
    .await;
    assert_called(&trace, "panics_later_with", "async local");
    assert_called(&trace, "panics_later_with", "argument");
}

/// A value, and an error, whose every face is traced.
#[derive(Debug)]
struct Traced(&'static str);

impl Serialize for Traced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        put_annotation("Serialized", self.0);
        serializer.serialize_u64(outer(self.0) as u64)
    }
}

impl fmt::Display for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {} long", self.0, outer(self.0))
    }
}

impl Error for Traced {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        outer("source");
        None
    }
}

#[capture_method]
fn returns(place: &'static str) -> Traced {
    Traced(place)
}

#[capture_method]
async fn returns_later(place: &'static str) -> Result<Traced, fmt::Error> {
    tokio::task::yield_now().await;
    Ok(Traced(place))
}

#[tokio::test]
async fn a_serialize_that_is_traced_is_below_the_function_whose_value_it_writes() {
    let trace = testing::capture_async(async {
        returns("response");
        returns_later("later response").await.unwrap();
        subsegment("with metadata", || put_metadata("value", &Traced("metadata")));
    })
    .await;
    assert_called(&trace, "returns", "response");
    assert_called(&trace, "returns_later", "later response");
    assert_called(&trace, "with metadata", "metadata");
    assert_eq!(trace.subsegment("returns").response(), "response".len());
    assert_eq!(trace.subsegment("returns").annotation("Serialized"), "response");
    assert_eq!(trace.subsegment("with metadata").metadata("value"), "metadata".len());
}

fn is_fault(error: &Traced) -> ErrorFlag {
    outer("predicate");
    if error.0.is_empty() { ErrorFlag::Ignore } else { ErrorFlag::Fault }
}

#[capture_method(err = is_fault)]
fn fails() -> Result<(), Traced> {
    Err(Traced("error"))
}

#[test]
fn an_error_whose_text_source_and_predicate_are_traced_is_written_below_the_function_that_failed() {
    let trace = testing::capture(|| {
        let _ = fails();
    });
    assert!(trace.subsegment("fails").is_fault());
    assert_eq!(trace.subsegment("fails").exceptions()[0].message(), "error is 5 long");
    for place in ["predicate", "error", "source"] {
        assert!(trace.subsegment("fails").subsegments().iter().any(|call| call.annotation("Where") == place));
    }
    assert_eq!(trace.subsegments().len(), 1, "{trace}");
}

#[capture_method(annotate("Length" = outer("annotation")))]
fn annotated() {}

#[test]
fn an_annotation_that_is_traced_is_below_the_function_that_it_is_of() {
    assert_called(&testing::capture(annotated), "annotated", "annotation");
}

#[test]
fn what_an_initialiser_calls_is_below_whoever_came_first() {
    static LAZY: LazyLock<usize> = LazyLock::new(|| outer("lazy lock"));
    static ONCE: OnceLock<usize> = OnceLock::new();
    let trace = testing::capture(|| {
        subsegment("first", || *LAZY + ONCE.get_or_init(|| outer("once lock")));
        subsegment("second", || *LAZY + ONCE.get_or_init(|| outer("once lock")));
    });
    assert_called(&trace, "first", "lazy lock");
    assert_called(&trace, "first", "once lock");
    assert!(trace.subsegment("second").subsegments().is_empty());
}

#[capture_method]
async fn hangs(arrived: oneshot::Sender<()>) {
    let _local = CallsWhenDropped("shutdown");
    arrived.send(()).unwrap();
    pending::<()>().await;
}

fn shut_down_while_a_task_hangs(runtime: Runtime) {
    let trace = testing::capture(|| {
        let hang = async {
            let (arrived, arrival) = oneshot::channel();
            spawn(hangs(arrived));
            arrival.await.unwrap();
        };
        runtime.block_on(hang.in_subsegment("root"));
        drop(runtime);
        outer("after the runtime");
    });
    assert!(trace.subsegment("root").subsegment("hangs").is_cancelled(), "{trace}");
    assert_called(&trace, "hangs", "shutdown");
    assert_eq!(trace.subsegments().len(), 2, "{trace}");
}

#[test]
fn a_task_that_the_runtimes_end_drops_is_cancelled_where_it_was() {
    shut_down_while_a_task_hangs(Builder::new_current_thread().build().unwrap());
    shut_down_while_a_task_hangs(Builder::new_multi_thread().worker_threads(2).build().unwrap());
}

#[test]
fn a_task_may_be_dropped_after_its_trace_has_ended() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let trace = testing::capture(|| {
        runtime.block_on(async {
            let (arrived, arrival) = oneshot::channel();
            spawn(hangs(arrived));
            arrival.await.unwrap();
        });
    });
    drop(runtime);
    assert!(trace.subsegment("hangs").is_in_progress());
}

/// A place that is entered, and a future that is dropped, when the thread ends.
#[derive(Default)]
struct Last {
    place: Option<Handle>,
    _future: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            place.enter(|| outer("thread-local"));
        }
    }
}

thread_local! {
    static LAST: RefCell<Last> = RefCell::default();
}

fn begin_last(place: &Handle) {
    let (arrived, _arrival) = oneshot::channel();
    let mut future = Box::pin(place.carry(hangs(arrived)));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    LAST.set(Last { place: Some(place.clone()), _future: Some(future) });
}

/// What `LAST` drops is dropped before the thread-locals that are `older`, and after the others.
#[track_caller]
fn check_end_of_thread(older: impl FnOnce(&Handle) + Send) {
    let trace = testing::capture(|| {
        subsegment("root", || {
            let place = Handle::current();
            let thread = || {
                older(&place);
                begin_last(&place);
            };
            std::thread::scope(|scope| scope.spawn(thread).join().unwrap());
        });
    });
    assert_called(&trace, "root", "thread-local");
    assert!(trace.subsegment("hangs").is_cancelled(), "{trace}");
    assert_called(&trace, "hangs", "shutdown");
}

#[test]
fn what_a_threads_end_drops_calls_from_where_it_was() {
    check_end_of_thread(|place| place.enter(|| ()));
}

#[test]
fn what_a_threads_end_drops_last_of_all_calls_from_where_it_was() {
    check_end_of_thread(|_| LAST.with_borrow(|_| ()));
}

thread_local! {
    static IS_HOOKED: Cell<bool> = const { Cell::new(false) };
}

#[capture_method]
fn panics() {
    panic!("in a test");
}

#[test]
fn a_panic_hook_that_is_traced_is_below_the_function_that_panics() {
    let before = take_hook();
    set_hook(Box::new(move |panic| {
        if IS_HOOKED.get() {
            outer("hook");
        }
        before(panic);
    }));
    IS_HOOKED.set(true);
    let trace = testing::capture(|| catch_unwind(panics).is_err());
    assert!(trace.subsegment("panics").is_fault());
    assert_called(&trace, "panics", "hook");
}

struct Shared {
    mutex: Mutex<u8>,
    lock: Arc<RwLock<u8>>,
}

impl Shared {
    #[capture_method]
    fn mutex(&self) -> &Mutex<u8> {
        &self.mutex
    }

    #[capture_method]
    fn lock(&self) -> Result<Arc<RwLock<u8>>, fmt::Error> {
        Ok(Arc::clone(&self.lock))
    }
}

/// `Serialize` of a lock waits for it, and here it is the caller that holds it.
#[test]
fn a_lock_that_is_returned_is_not_waited_for() {
    let shared = Shared { mutex: Mutex::new(1), lock: Arc::new(RwLock::new(1)) };
    let held = (shared.mutex.lock().unwrap(), shared.lock.write().unwrap());
    let trace = testing::capture(|| {
        shared.mutex();
        assert!(shared.lock().is_ok());
    });
    drop(held);
    assert_eq!(trace.subsegments().len(), 2);
    assert!(trace.subsegments().iter().all(|subsegment| subsegment.json().get("metadata").is_none()));
}
