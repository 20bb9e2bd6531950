//! P2: the parent is always right, whatever runs beside or inside whatever.

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, join};
use tokio::task::JoinSet;
use tracer_runtime::testing::{self, RecordedSubsegment, RecordedTrace};
use tracer_runtime::{Handle, InSubsegment, capture_method, put_annotation, spawn, spawn_blocking};

#[capture_method]
async fn child(number: usize, turns: usize) -> usize {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    put_annotation("Number", number);
    grandchild(number).await;
    number
}

#[capture_method]
async fn grandchild(number: usize) {
    tokio::task::yield_now().await;
    put_annotation("Number", number);
}

/// Each child under the one root, each grandchild under its own child.
fn check(trace: &RecordedTrace, children: usize) {
    let root = trace.subsegment("root");
    let found: Vec<&RecordedSubsegment> = root.subsegments().iter().collect();
    assert_eq!(found.len(), children, "{trace}");
    for child in found {
        assert!(child.name().ends_with("::child"), "{trace}");
        let [grandchild] = child.subsegments() else { panic!("{trace}") };
        assert_eq!(child.annotation("Number"), grandchild.annotation("Number"), "{trace}");
    }
}

#[tokio::test]
async fn behaviour_129_joined_futures_are_siblings_and_annotations_do_not_cross() {
    let root = async { join!(child(0, 3), child(1, 1), child(2, 2)) }.in_subsegment("root");
    check(&testing::capture_async(root).await, 3);
}

#[tokio::test]
async fn behaviour_130_unordered_futures_are_siblings() {
    let root = async {
        let mut futures: FuturesUnordered<_> = (0..20).map(|number| child(number, number % 5)).collect();
        while futures.next().await.is_some() {}
    };
    check(&testing::capture_async(root.in_subsegment("root")).await, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn behaviours_131_135_spawned_tasks_hang_on_what_spawned_them() {
    let root = async {
        let mut tasks = JoinSet::new();
        for number in 0..20 {
            tasks.spawn(child(number, number % 5).in_current_subsegment());
        }
        for number in 20..40 {
            spawn(child(number, 2)).await.unwrap();
        }
        tasks.join_all().await
    };
    check(&testing::capture_async(root.in_subsegment("root")).await, 40);
}

#[capture_method]
fn blocking() {
    put_annotation("Blocking", true);
}

#[tokio::test(flavor = "multi_thread")]
async fn behaviours_131_132_blocking_tasks_and_threads_hang_on_what_started_them() {
    let trace = testing::capture_async(
        async {
            spawn_blocking(blocking).await.unwrap();
            let handle = Handle::current();
            std::thread::spawn(move || {
                handle.enter(blocking);
                assert!(!tracer_runtime::is_sampled(), "the thread's own context is clean again");
            })
            .join()
            .unwrap();
        }
        .in_subsegment("root"),
    )
    .await;
    assert_eq!(trace.subsegment("root").subsegments().len(), 2);
}

#[tokio::test]
async fn a_task_without_the_helper_is_in_no_trace() {
    let trace =
        testing::capture_async(async { tokio::spawn(child(0, 0)).await.unwrap() }.in_subsegment("root"))
            .await;
    assert!(trace.subsegment("root").subsegments().is_empty());
}

#[tokio::test]
async fn behaviour_135_the_loser_of_a_select_is_cancelled_and_its_children_close_inside_of_it() {
    let trace = testing::capture_async(
        async {
            tokio::select! {
                biased;
                _ = async { grandchild_forever().await }.in_subsegment("loser") => {}
                _ = child(1, 2) => {}
            }
        }
        .in_subsegment("root"),
    )
    .await;
    let loser = trace.subsegment("loser");
    assert!(loser.is_cancelled() && loser.subsegment("grandchild_forever").is_cancelled(), "{trace}");
    assert!(!trace.subsegment("child").is_cancelled());
    assert!(!trace.subsegment("root").is_cancelled());
}

#[capture_method]
async fn grandchild_forever() {
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_parent_is_fixed_at_the_first_poll() {
    let trace = testing::capture_async(async {
        let future = child(1, 0);
        let elsewhere = async move {
            future.await;
        };
        elsewhere.in_subsegment("first polled here").await;
    })
    .await;
    assert_eq!(trace.subsegment("first polled here").subsegments().len(), 1);
}

struct AnnotatesInDrop;

impl Drop for AnnotatesInDrop {
    fn drop(&mut self) {
        put_annotation("Dropped", true);
    }
}

#[capture_method]
async fn holds_until_dropped() {
    let _guard = AnnotatesInDrop;
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn what_a_cancelled_future_drops_is_dropped_inside_of_its_subsegment() {
    let trace = testing::capture_async(
        async {
            let mut future = Box::pin(holds_until_dropped());
            assert!(futures_util::poll!(future.as_mut()).is_pending());
        }
        .in_subsegment("root"),
    )
    .await;
    assert_eq!(trace.subsegment("holds_until_dropped").annotation("Dropped"), true);
    assert!(trace.subsegment("root").annotation("Dropped").is_null());
}

#[tokio::test]
async fn a_panic_in_one_future_leaves_the_context_of_the_others_right() {
    #[capture_method]
    async fn panics() {
        tokio::task::yield_now().await;
        panic!("in a test");
    }
    let trace = testing::capture_async(
        async {
            let (caught, _) = join!(tokio::spawn(panics().in_current_subsegment()), child(1, 3));
            assert!(caught.is_err());
            child(2, 0).await;
        }
        .in_subsegment("root"),
    )
    .await;
    assert!(trace.subsegment("panics").is_fault());
    assert_eq!(trace.subsegment("root").subsegments().len(), 3);
}
