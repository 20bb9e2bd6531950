//! A Lambda function that never answers: it hangs until its deadline, or its process ends at a moment that the event names.
//!
//! Its diary says what it did until then.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::oneshot;
use tracer_runtime::{Handle, InSubsegment, capture_lambda_handler, capture_method, put_metadata, spawn};
use tracer_tests::{Diary, Event};

#[derive(Debug, Deserialize)]
struct Doom {
    diary: PathBuf,
    #[serde(flatten)]
    fate: Fate,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
enum Fate {
    /// Yields forever.
    Yield,
    /// Blocks the thread.
    Block,
    /// Uses the processor.
    Spin,
    /// Blocks while it holds a lock that another thread waits for.
    Lock,
    /// Blocks in the `Serialize` of metadata.
    Metadata,
    /// Blocks in the `Serialize` of a captured response.
    Response,
    /// Opens and closes subsegments until it is killed.
    Restless { seed: u64 },
    /// The same, and ends its own process.
    Die { seed: u64, how: Death, after_ms: u64 },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Death {
    Kill,
    Abort,
    Exit,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

#[capture_lambda_handler]
async fn handler(event: LambdaEvent<Doom>) -> Result<(), Error> {
    let Doom { diary, fate } = event.payload;
    let diary = Arc::new(Diary::create(&diary)?);
    match fate {
        Fate::Restless { seed } => live(&diary, &mut Rng::with_seed(seed)),
        Fate::Die { seed, how, after_ms } => {
            let witness = Arc::clone(&diary);
            thread::spawn(move || die(&witness, how, Duration::from_millis(after_ms)));
            live(&diary, &mut Rng::with_seed(seed));
        }
        fate => hang(&diary, &fate).await,
    }
    Ok(())
}

/// Closes a few subsegments now and one after the first flush, opens some elsewhere, and then hangs.
async fn hang(diary: &Arc<Diary>, fate: &Fate) {
    grow(diary, &mut Rng::with_seed(1), "early", 3);
    open_in_a_task(diary).await;
    open_in_a_thread(diary);
    thread::sleep(Duration::from_millis(400));
    diary.subsegment("late", || diary.subsegment("inside late", || ()));
    if let Fate::Yield = fate {
        diary.note(Event::Opened, "yields");
        std::future::pending::<()>().in_subsegment("yields").await;
    }
    diary.subsegment("outer", || diary.subsegment("inner", || hang_here(diary, fate)));
}

fn hang_here(diary: &Arc<Diary>, fate: &Fate) {
    static LOCK: Mutex<()> = Mutex::new(());
    match fate {
        Fate::Spin => loop {
            std::hint::spin_loop();
        },
        Fate::Lock => {
            let _held = LOCK.lock();
            let (place, witness) = (Handle::current(), Arc::clone(diary));
            thread::spawn(move || {
                place.enter(|| witness.subsegment("waits for the lock", || drop(LOCK.lock())));
            });
            block();
        }
        Fate::Metadata => put_metadata("stuck", &Stuck),
        Fate::Response => {
            diary.note(Event::Opened, "## doomed_function::stuck_response");
            stuck_response();
        }
        _ => block(),
    }
}

async fn open_in_a_task(diary: &Arc<Diary>) {
    let (is_open, open) = oneshot::channel();
    let witness = Arc::clone(diary);
    let task = async move {
        witness.note(Event::Opened, "in a task");
        let _ = is_open.send(());
        std::future::pending::<()>().await;
    };
    spawn(task.in_subsegment("in a task"));
    let _ = open.await;
}

fn open_in_a_thread(diary: &Arc<Diary>) {
    let (is_open, open) = std::sync::mpsc::channel();
    let (place, witness) = (Handle::current(), Arc::clone(diary));
    thread::spawn(move || {
        place.enter(|| {
            witness.subsegment("in a thread", || {
                let _ = is_open.send(());
                block();
            });
        });
    });
    let _ = open.recv();
}

struct Stuck;

impl Serialize for Stuck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        block();
        serializer.serialize_unit()
    }
}

#[capture_method]
fn stuck_response() -> Stuck {
    Stuck
}

fn block() {
    loop {
        thread::park();
    }
}

fn live(diary: &Diary, rng: &mut Rng) {
    for at in 0_u64.. {
        grow(diary, rng, &at.to_string(), 3);
    }
}

/// A tree of subsegments, each of some milliseconds.
fn grow(diary: &Diary, rng: &mut Rng, name: &str, depth: usize) {
    diary.subsegment(name, || {
        put_metadata("name", name);
        for child in 0..rng.usize(0..=depth) {
            thread::sleep(Duration::from_micros(rng.u64(0..4_000)));
            grow(diary, rng, &format!("{name}.{child}"), depth - 1);
        }
        thread::sleep(Duration::from_micros(rng.u64(0..4_000)));
    });
}

fn die(diary: &Diary, how: Death, after: Duration) {
    thread::sleep(after);
    diary.note(Event::Dying, "");
    match how {
        #[cfg(unix)]
        Death::Kill => {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
        Death::Exit => std::process::exit(3),
        _ => std::process::abort(),
    }
}
