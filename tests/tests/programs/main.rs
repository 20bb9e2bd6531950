//! P2 by random programs: whatever runs beside or inside whatever, the trace is the one that a plain model foretells.

mod model;
mod program;
mod run;
mod run_sync;
mod tree;

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::{Builder, Runtime};
use tracer_runtime::testing::{self, RecordedTrace};

use program::{Body, Step};
use tree::Node;

fn check(recorded: &RecordedTrace, program: &Body<Step>) -> Result<(), TestCaseError> {
    let expected = model::forest(program);
    let found = Node::forest(recorded.subsegments());
    proptest::prop_assert_eq!(expected, found, "recorded:\n{}", recorded);
    Ok(())
}

fn every_program(run: impl Fn(Body<Step>) -> RecordedTrace) {
    let config = Config { failure_persistence: None, ..Config::with_cases(256) };
    let holds = |program: Body<Step>| check(&run(program.clone()), &program);
    TestRunner::new(config).run(&program::programs(), holds).unwrap_or_else(|error| panic!("{error}"));
}

fn on(runtime: &Runtime) -> impl Fn(Body<Step>) -> RecordedTrace {
    // Spawned, so that the program itself wanders between the workers where there are several.
    |program| {
        runtime.block_on(async { tokio::spawn(testing::capture_async(run::whole(program))).await.unwrap() })
    }
}

#[test]
fn the_parent_is_right_on_the_current_thread_runtime() {
    every_program(on(&Builder::new_current_thread().build().unwrap()));
}

#[test]
fn the_parent_is_right_on_the_multi_thread_runtime() {
    every_program(on(&Builder::new_multi_thread().worker_threads(4).build().unwrap()));
}
