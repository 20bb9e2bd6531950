//! Runs programs.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt, Stream, StreamExt, poll};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tracer_runtime::{Handle, InSubsegment, capture_method, put_annotation, spawn, spawn_blocking};

use crate::program::{Body, Boundary, Carrier, Hanging, Shape, Step};
use crate::run_sync::{Guard, Outcome, do_act, end};
use crate::tree::At;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs a program in the subsegment `root`, and then waits for the tasks that outlive it.
pub(crate) async fn whole(program: Body<Step>) {
    let run = Run::default();
    let root = async {
        put_annotation("At", At::start().as_str());
        run.contained(&program, &At::start()).await;
    };
    root.in_subsegment("root").await;
    while let Some(task) = run.pop_late() {
        let _ = task.await;
    }
}

/// One run of one program.
#[derive(Clone, Default)]
struct Run {
    late: Arc<Mutex<Vec<JoinHandle<Outcome>>>>,
}

#[capture_method(annotate("At" = at.as_str()))]
async fn function(run: &Run, body: &Body<Step>, at: &At) -> Outcome {
    run.body(body, at).await
}

#[capture_method(annotate("At" = at.as_str()))]
fn opaque_future<'a>(run: &'a Run, body: &'a Body<Step>, at: &'a At) -> impl Future<Output = Outcome> + Send {
    run.body(body, at)
}

#[capture_method(annotate("At" = at.as_str()))]
fn boxed_future<'a>(run: &'a Run, body: &'a Body<Step>, at: &'a At) -> BoxFuture<'a, Outcome> {
    run.body(body, at)
}

#[capture_method(annotate("At" = at.as_str()))]
async fn yields_first(run: &Run, body: &Body<Step>, at: &At) -> Outcome {
    tokio::task::yield_now().await;
    run.body(body, at).await
}

#[capture_method(annotate("At" = at.as_str()))]
async fn hang(run: &Run, levels: &[Body<Step>], at: At, arrived: oneshot::Sender<()>) -> Infallible {
    let _guard = Guard(at.below(2));
    let Some((level, deeper)) = levels.split_first() else { unreachable!("there is a level") };
    run.contained(level, &at.below(0)).await;
    if deeper.is_empty() {
        arrived.send(()).expect("somebody waits for this");
        return pending().await;
    }
    run.hanging(deeper, at.below(1), arrived).await
}

#[capture_method(annotate("At" = at.as_str()))]
fn items<'a>(run: &'a Run, bodies: &'a [Body<Step>], at: &'a At) -> impl Stream<Item = ()> + Send {
    stream::iter(bodies.iter().enumerate())
        .then(async |(number, body)| run.contained(body, &at.below(number)).await)
}

impl Run {
    #[capture_method(annotate("At" = at.as_str()))]
    async fn method(&self, body: &Body<Step>, at: &At) -> Outcome {
        self.body(body, at).await
    }

    fn body<'a>(&'a self, body: &'a Body<Step>, at: &'a At) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let mut guards = Vec::new();
            for (number, step) in body.steps.iter().enumerate() {
                self.step(step, at.below(number), &mut guards).await?;
            }
            end(body.end)
        })
    }

    async fn contained(&self, body: &Body<Step>, at: &At) {
        let _ = bounded(Boundary::Contains, self.body(body, at)).await;
    }

    async fn step(&self, step: &Step, at: At, guards: &mut Vec<Guard>) -> Outcome {
        match step {
            Step::Act(act) => return do_act(act, at, guards),
            Step::Yield => tokio::task::yield_now().await,
            Step::Await(shape, body, boundary) => {
                return bounded(*boundary, self.called(*shape, body, &at)).await;
            }
            Step::Block(body, boundary) => return bounded(*boundary, self.block(body, &at)).await,
            Step::JoinMacro(bodies) => {
                let (one, other) = (at.below(0), at.below(1));
                tokio::join!(self.contained(&bodies[0], &one), self.contained(&bodies[1], &other));
            }
            Step::JoinAll(bodies) => {
                join_all(self.beside(bodies, &at)).await;
            }
            Step::Unordered(bodies) => {
                let unordered: FuturesUnordered<_> = self.beside(bodies, &at).collect();
                unordered.collect::<()>().await;
            }
            Step::Select { losers, winner } => return self.select(losers, winner, &at).await,
            Step::Task(carrier, body) => {
                let _ = self.task(*carrier, body.clone(), at).await;
            }
            Step::JoinSet(bodies) => self.join_set(bodies, &at).await,
            Step::Aborted(hanging) => self.aborted(hanging.clone(), at).await,
            Step::Outlives(body) => {
                let task = spawn(self.owned(body.clone(), at));
                self.late.lock().unwrap().push(task);
            }
            Step::LostTask(body) => {
                let _ = tokio::spawn(self.owned(body.clone(), at)).await;
            }
            Step::Blocking(body) => {
                let future = self.owned(body.clone(), at);
                let _ = spawn_blocking(|| tokio::runtime::Handle::current().block_on(future)).await;
            }
            Step::Handover(body) => self.handover(body, &at).await,
            Step::Stream { items, consumer, asked } => self.stream(items, consumer, *asked, &at).await,
        }
        Ok(())
    }

    fn called<'a>(&'a self, shape: Shape, body: &'a Body<Step>, at: &'a At) -> BoxFuture<'a, Outcome> {
        match shape {
            Shape::Function => Box::pin(function(self, body, at)),
            Shape::Method => Box::pin(self.method(body, at)),
            Shape::OpaqueFuture => Box::pin(opaque_future(self, body, at)),
            Shape::BoxedFuture => boxed_future(self, body, at),
        }
    }

    fn hanging<'a>(
        &'a self,
        levels: &'a [Body<Step>],
        at: At,
        arrived: oneshot::Sender<()>,
    ) -> BoxFuture<'a, Infallible> {
        Box::pin(hang(self, levels, at, arrived))
    }

    /// For tasks: a traced function, and what it needs.
    fn owned(&self, body: Body<Step>, at: At) -> impl Future<Output = Outcome> + Send + 'static {
        let run = self.clone();
        async move { function(&run, &body, &at).await }
    }

    async fn block(&self, body: &Body<Step>, at: &At) -> Outcome {
        let block = async {
            put_annotation("At", at.as_str());
            self.body(body, at).await
        };
        block.in_subsegment("block").await
    }

    fn beside<'a>(&'a self, bodies: &'a [Body<Step>], at: &At) -> impl Iterator<Item = BoxFuture<'a, ()>> {
        bodies.iter().enumerate().map(move |(number, body)| -> BoxFuture<'a, ()> {
            let at = at.below(number);
            Box::pin(async move { self.contained(body, &at).await })
        })
    }

    async fn select(&self, losers: &[Hanging], winner: &Body<Step>, at: &At) -> Outcome {
        let (hanging, arrivals): (Vec<_>, Vec<_>) = losers
            .iter()
            .enumerate()
            .map(|(number, loser)| {
                let (arrived, arrival) = oneshot::channel();
                (hang(self, &loser.levels, at.below(number), arrived), arrival)
            })
            .unzip();
        let winner = async {
            join_all(arrivals).await;
            self.body(winner, &at.below(losers.len())).await
        };
        tokio::select! {
            _ = join_all(hanging) => unreachable!("they hang"),
            outcome = winner => outcome,
        }
    }

    fn task(&self, carrier: Carrier, body: Body<Step>, at: At) -> JoinHandle<Outcome> {
        let future = self.owned(body, at);
        match carrier {
            Carrier::Spawn => spawn(future),
            Carrier::InCurrentSubsegment => tokio::spawn(future.in_current_subsegment()),
            Carrier::Handle => tokio::spawn(Handle::current().carry(future)),
        }
    }

    async fn join_set(&self, bodies: &[Body<Step>], at: &At) {
        let mut tasks = JoinSet::new();
        for (number, body) in bodies.iter().enumerate() {
            let (run, body, at) = (self.clone(), body.clone(), at.below(number));
            tasks.spawn(async move { run.contained(&body, &at).await }.in_current_subsegment());
        }
        tasks.join_all().await;
    }

    async fn aborted(&self, hanging: Hanging, at: At) {
        let (arrived, arrival) = oneshot::channel();
        let run = self.clone();
        let task = spawn(async move {
            let _guard = Guard(at.below(1));
            hang(&run, &hanging.levels, at.below(0), arrived).await
        });
        arrival.await.expect("it arrives and hangs");
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }

    async fn handover(&self, body: &Body<Step>, at: &At) {
        let place = at.below(2);
        let mut future = pin!(bounded(Boundary::Contains, yields_first(self, body, &place)));
        let first = async {
            put_annotation("At", at.below(0).as_str());
            assert!(poll!(future.as_mut()).is_pending());
        };
        first.in_subsegment("first").await;
        let second = async {
            put_annotation("At", at.below(1).as_str());
            let _ = future.await;
        };
        second.in_subsegment("second").await;
    }

    async fn stream(&self, bodies: &[Body<Step>], consumer: &Body<Step>, asked: usize, at: &At) {
        let place = at.below(0);
        let mut items = pin!(items(self, bodies, &place));
        for round in 0..asked {
            items.next().await;
            self.contained(consumer, &at.below(1).below(round)).await;
        }
    }

    fn pop_late(&self) -> Option<JoinHandle<Outcome>> {
        self.late.lock().unwrap().pop()
    }
}

async fn bounded(boundary: Boundary, body: impl Future<Output = Outcome>) -> Outcome {
    match boundary {
        Boundary::PassesOn => body.await,
        Boundary::Contains => {
            let _ = AssertUnwindSafe(body).catch_unwind().await;
            Ok(())
        }
    }
}
