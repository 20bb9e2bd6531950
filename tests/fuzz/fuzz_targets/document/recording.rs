//! Carries a plan out, and remembers which subsegments were opened.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tracer_runtime::{
    self as tracer, Handle, InSubsegment, Namespace, capture_method, put_annotation, subsegment,
};

use crate::error::Failure;
use crate::json::Json;
use crate::plan::{Outcome, Scalar, Step};

/// The annotation by which a subsegment is found in what was sent.
pub(crate) const NUMBER: &str = "Number";

/// More in one plan would come near the memory cap.
const MOST_BYTES: usize = 4 << 20;

type Work<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

#[derive(Default)]
pub(crate) struct Recording<'a> {
    /// Of each subsegment by its number: the parent's number.
    parents: Mutex<Vec<Option<usize>>>,
    /// Futures that outlive the subsegment that they were first polled in.
    kept: Mutex<Vec<Work<'a>>>,
    bytes: AtomicUsize,
}

/// A panic that tells no hook: libFuzzer's ends the process.
pub(crate) fn planned_panic(message: String) -> ! {
    resume_unwind(Box::new(message))
}

impl<'a> Recording<'a> {
    /// To be called inside of a subsegment that was just opened.
    pub(crate) fn opened(&self, parent: Option<usize>) -> usize {
        let mut parents = self.parents.lock().unwrap();
        let number = parents.len();
        parents.push(parent);
        put_annotation(NUMBER, number);
        number
    }

    pub(crate) fn drop_futures(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap());
        drop(kept);
    }

    /// The parents of all that were opened, by number.
    pub(crate) fn into_subsegments(self: Arc<Self>) -> Vec<Option<usize>> {
        std::mem::take(&mut self.parents.lock().unwrap())
    }

    /// Whether so much more may be recorded.
    fn affords(&self, bytes: usize) -> bool {
        self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= MOST_BYTES
    }

    pub(crate) fn run(self: &Arc<Self>, parent: usize, steps: &'a [Step<'a>]) {
        steps.iter().for_each(|step| self.step(parent, step));
    }

    fn step(self: &Arc<Self>, parent: usize, step: &'a Step<'a>) {
        match step {
            Step::Subsegment { name, steps, catches } => {
                let body = || subsegment(&name.get(), || self.run(self.opened(Some(parent)), steps));
                calling(*catches, body);
            }
            Step::Future { name, steps, later, polls, is_kept } => {
                let inside = self.clone();
                let work = async move {
                    let number = inside.opened(Some(parent));
                    inside.run(number, steps);
                    turn().await;
                    inside.run(number, later);
                };
                self.poll(Box::pin(work.in_subsegment(name.get())), *polls, *is_kept);
            }
            Step::Method { steps, outcome, is_async, catches } => calling(*catches, || {
                if *is_async {
                    self.poll(Box::pin(async_method(self.clone(), parent, steps, outcome)), 2, false);
                } else {
                    let _ = method(self, parent, steps, outcome);
                }
            }),
            Step::Carried(steps) => {
                let handle = Handle::current();
                let carried = || handle.enter(|| catch_unwind(AssertUnwindSafe(|| self.run(parent, steps))));
                let _ = std::thread::scope(|threads| threads.spawn(carried).join());
            }
            _ => self.put(step),
        }
    }

    fn poll(&self, mut work: Work<'a>, polls: u8, is_kept: bool) {
        let mut task = Context::from_waker(Waker::noop());
        let is_ready = (0..polls % 3).any(|_| work.as_mut().poll(&mut task).is_ready());
        if is_kept && !is_ready {
            self.kept.lock().unwrap().push(work);
        }
    }

    fn put(&self, step: &'a Step<'a>) {
        match step {
            Step::Annotation { key, value } => self.annotate(&key.get(), value),
            Step::Metadata { namespace, key, value } => {
                let (key, namespace) = (key.get(), namespace.as_ref().map(|name| name.get()));
                let bytes = size(value) + key.len() + namespace.as_ref().map_or(0, String::len);
                if !self.affords(bytes) {
                    return;
                }
                match namespace {
                    Some(namespace) => tracer::put_metadata_in(&namespace, &key, value),
                    None => tracer::put_metadata_with(&key, || value),
                }
            }
            Step::HttpRequest { method, url } => tracer::set_http_request(&method.get(), &url.get()),
            Step::HttpResponse { status, length } => tracer::set_http_response(*status, *length),
            Step::Aws { key, value } => self.put_texts(tracer::set_aws, &key.get(), &value.get()),
            Step::Sql { key, value } => self.put_texts(tracer::set_sql, &key.get(), &value.get()),
            Step::Namespace { is_aws: true } => tracer::set_namespace(Namespace::Aws),
            Step::Namespace { is_aws: false } => tracer::set_namespace(Namespace::Remote),
            Step::Fault => tracer::set_fault(),
            Step::Error => tracer::set_error(),
            Step::Throttle => tracer::set_throttle(),
            Step::AddError(plan) => tracer::add_error(&plan.failure()),
            Step::Panic(message) => planned_panic(message.get()),
            _ => {}
        }
    }

    fn put_texts(&self, put: fn(&str, &str), key: &str, value: &str) {
        if self.affords(key.len() + value.len()) {
            put(key, value);
        }
    }

    fn annotate(&self, key: &str, value: &Scalar<'_>) {
        // That one is ours.
        if key.starts_with(NUMBER) {
            return;
        }
        match value {
            Scalar::Text(text) => put_annotation(key, text.get()),
            Scalar::Bool(value) => put_annotation(key, value),
            Scalar::Signed(value) => put_annotation(key, value),
            Scalar::Unsigned(value) => put_annotation(key, value),
            Scalar::Float(value) => put_annotation(key, value),
            Scalar::None => put_annotation(key, None::<&str>),
        }
    }
}

fn size(value: &Json<'_>) -> usize {
    // It may fail or panic half way, and then takes less.
    catch_unwind(AssertUnwindSafe(|| serde_json::to_vec(value).map_or(80_000, |json| json.len())))
        .unwrap_or(80_000)
}

fn calling(catches: bool, body: impl FnOnce()) {
    match catch_unwind(AssertUnwindSafe(body)) {
        Err(panic) if !catches => resume_unwind(panic),
        _ => {}
    }
}

#[capture_method]
fn method<'a>(
    recording: &Arc<Recording<'a>>,
    parent: usize,
    steps: &'a [Step<'a>],
    outcome: &'a Outcome<'a>,
) -> Result<&'a Json<'a>, Failure> {
    recording.run(recording.opened(Some(parent)), steps);
    outcome.result()
}

#[capture_method]
async fn async_method<'a>(
    recording: Arc<Recording<'a>>,
    parent: usize,
    steps: &'a [Step<'a>],
    outcome: &'a Outcome<'a>,
) {
    let number = recording.opened(Some(parent));
    recording.run(number, steps);
    turn().await;
    drop(method(&recording, number, &[], outcome));
}

/// Pending once.
async fn turn() {
    let mut is_second = false;
    poll_fn(|_| if std::mem::replace(&mut is_second, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
