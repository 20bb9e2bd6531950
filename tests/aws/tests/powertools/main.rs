//! Each call's document says what Powertools' says of the same call, but for differences that have a reason.

mod calls;
mod differences;

use serde_json::Value;
use tracer_runtime::testing;
use tracer_tests_aws::{Clients, Emulator, Powertools, assert_same_facts, corpus};

use differences::{Difference, OF_ANY, OF_MINISTACK, OF_PYTHON, OF_PYTHON_CORPUS, OF_SCRIPT, OF_TYPESCRIPT};

/// What we send of `calls`, in their order.
async fn documents(calls: impl Future<Output = ()>) -> Vec<Value> {
    let trace = testing::capture_async(calls).await;
    trace.subsegments().iter().map(|call| call.json().clone()).collect()
}

async fn compare_with_powertools(start: fn() -> Option<Emulator>, of_emulator: &[Difference]) {
    // One for each, so that both find the same there.
    let (Some(powertools), Some(theirs), Some(ours)) = (Powertools::find(), start(), start()) else { return };
    calls::stock(&Clients::untraced(&theirs.config())).await;
    let theirs = powertools.run("calls.py", &theirs);
    let queue = calls::stock(&Clients::untraced(&ours.config())).await;
    let ours = documents(calls::of_script(&Clients::traced(&ours.config()), &queue)).await;
    assert_same_facts(&ours, &theirs, &[OF_ANY, OF_PYTHON, OF_SCRIPT, of_emulator].concat());
}

#[tokio::test]
async fn at_moto_the_documents_are_those_of_powertools_for_python() {
    compare_with_powertools(Emulator::moto, &[]).await;
}

#[tokio::test]
async fn at_ministack_the_documents_are_those_of_powertools_for_python() {
    compare_with_powertools(Emulator::ministack, OF_MINISTACK).await;
}

#[tokio::test]
async fn the_documents_are_those_of_the_python_corpus() {
    let (Some(theirs), Some(moto)) = (corpus("python/aws_operations"), Emulator::moto()) else { return };
    let theirs: Vec<Value> = theirs.into_iter().filter(|document| document["namespace"] == "aws").collect();
    let queue = calls::stock(&Clients::untraced(&moto.config())).await;
    let ours = documents(calls::of_python_corpus(&Clients::traced(&moto.config()), &queue)).await;
    assert_same_facts(&ours, &theirs, &[OF_ANY, OF_PYTHON, OF_PYTHON_CORPUS].concat());
}

#[tokio::test]
async fn the_documents_are_those_of_the_typescript_corpus() {
    let (Some(theirs), Some(moto)) = (corpus("typescript/aws_operations"), Emulator::moto()) else { return };
    let theirs: Vec<Value> = theirs.into_iter().filter(|document| document["namespace"] == "aws").collect();
    let queue = calls::stock(&Clients::untraced(&moto.config())).await;
    let ours = documents(calls::of_typescript_corpus(&Clients::traced(&moto.config()), &queue)).await;
    assert_same_facts(&ours, &theirs, &[OF_ANY, OF_TYPESCRIPT].concat());
}
