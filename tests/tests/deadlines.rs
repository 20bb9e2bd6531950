//! P4: whatever the handler does when its deadline comes, what is closed and what is open has arrived before the kill.

use std::borrow::Cow;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::json;
use tracer_runtime::{Invocation, Tracer, capture_lambda_handler, subsegment};
use tracer_tests::{Arrivals, Doom, Event, Mailbox, SAMPLED, Takings};

fn times_out(fate: &str) -> Doom {
    let binary = env!("CARGO_BIN_EXE_doomed-function");
    let event = json!({ "fate": fate, "seed": 1 });
    let doom = Doom::of(binary, env!("CARGO_TARGET_TMPDIR"), fate, event, Duration::from_secs(2));
    assert!(doom.result.timed_out(), "{:?}", doom.result.error());
    doom
}

/// The function stopped doing anything long before its deadline, so there is nothing that may be missing.
fn assert_everything_arrived(fate: &str) {
    let doom = times_out(fate);
    assert!(doom.diary.iter().any(|entry| entry.event == Event::Closed && entry.name == "late"), "it hung");
    doom.assert_complete(doom.closed_before(Duration::ZERO));
    doom.assert_in_progress(doom.open_before(Duration::ZERO));
    doom.assert_in_progress(["## handler"].into_iter());
}

#[test]
fn a_handler_that_yields_loses_nothing() {
    assert_everything_arrived("yield");
}

#[test]
fn a_handler_that_blocks_loses_nothing() {
    assert_everything_arrived("block");
}

#[test]
fn a_handler_that_spins_loses_nothing() {
    assert_everything_arrived("spin");
}

#[test]
fn a_handler_that_holds_a_lock_of_its_own_loses_nothing() {
    assert_everything_arrived("lock");
}

#[test]
fn a_handler_that_blocks_in_the_serialize_of_metadata_loses_nothing() {
    assert_everything_arrived("metadata");
}

#[test]
fn a_handler_that_blocks_in_the_serialize_of_a_response_loses_nothing() {
    assert_everything_arrived("response");
}

/// The last flush before the deadline comes at most 20 ms before it; the rest is for a machine that is busy.
#[test]
fn a_handler_that_opens_and_closes_until_the_kill_loses_only_its_last_moments() {
    const LOST_AT_MOST: Duration = Duration::from_millis(150);
    let doom = times_out("restless");
    doom.assert_complete(doom.closed_before(LOST_AT_MOST));
    doom.assert_in_progress(doom.open_before(LOST_AT_MOST));
    doom.assert_in_progress(["## handler"].into_iter());
    assert!(doom.closed_before(LOST_AT_MOST).count() > 100);
    let arrivals = &doom.arrivals;
    let is_replaced = |name: &str| arrivals.in_progress(name).count() == 1;
    assert!(arrivals.all.iter().any(|arrival| arrival.is_complete && is_replaced(&arrival.name)));
}

/// An event that says of its deadline whatever it likes.
struct Odd {
    deadline: Option<u64>,
}

impl Invocation for Odd {
    fn trace_header(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(SAMPLED))
    }

    fn deadline(&self) -> Option<u64> {
        self.deadline
    }
}

#[capture_lambda_handler(context = event, tracer = tracer)]
fn handler(event: &Odd, tracer: &Tracer, body: impl FnOnce()) {
    subsegment("closed", || subsegment("inside", || ()));
    body();
}

fn from_now(millis: i64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap().saturating_add_signed(millis)
}

/// Deadlines that are none: absent, a duration as cargo-lambda sends it, past, or too far away to mean it.
fn nonsense() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![
        Just(None),
        Just(Some(0)),
        Just(Some(600_000)),
        Just(Some(u64::MAX)),
        (0..1_000_000_u64).prop_map(Some),
        (i64::MAX as u64..=u64::MAX).prop_map(Some),
        (1..100_000_i64).prop_map(|past| Some(from_now(-past))),
        (5_000_000..i64::MAX / 2).prop_map(|later| Some(from_now(later))),
    ]
}

/// Deadlines of every kind that leave a short invocation its time.
fn comfortable() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![nonsense(), (10_000..900_000_i64).prop_map(|later| Some(from_now(later)))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_short_invocation_is_one_datagram_whatever_its_deadline_says(deadlines in prop::collection::vec(comfortable(), 1..10)) {
        let mailbox = Mailbox::start();
        let tracer = mailbox.tracer();
        for deadline in &deadlines {
            handler(&Odd { deadline: *deadline }, &tracer, || ());
        }
        let arrivals = mailbox.arrivals();
        prop_assert_eq!(arrivals.documents, deadlines.len());
        prop_assert_eq!(arrivals.complete("inside").count(), deadlines.len());
    }
}

/// Runs one handler for each deadline, all at once, and returns what each sent.
fn side_by_side(deadlines: impl IntoIterator<Item = Option<u64>>, body: fn()) -> Vec<Arrivals> {
    let run = move |deadline| {
        let mailbox = Mailbox::start();
        let (tracer, takings) = Takings::of(mailbox.sink());
        handler(&Odd { deadline }, &tracer, body);
        drop(tracer);
        // Where an announcement is on its way, the thread that sends it sends the end too.
        drop(takings.datagrams());
        mailbox.arrivals()
    };
    std::thread::scope(|threads| {
        let deadlines = deadlines.into_iter();
        let running: Vec<_> = deadlines.map(|deadline| threads.spawn(move || run(deadline))).collect();
        running.into_iter().map(|handler| handler.join().unwrap()).collect()
    })
}

#[test]
fn a_nonsensical_deadline_brings_no_storm_and_announces_nothing() {
    let nonsense = [0, 1, 600_000, from_now(-1), u64::MAX / 2, u64::MAX].map(Some);
    let deadlines = nonsense.into_iter().chain([None]);
    for arrivals in side_by_side(deadlines, || sleep(Duration::from_millis(900))) {
        arrivals.assert_each_once();
        assert!(arrivals.all.iter().all(|arrival| arrival.is_complete), "{arrivals:?}");
        assert_eq!(arrivals.all.len(), 3);
        assert!(arrivals.documents <= 2, "what was closed, and the handler: {arrivals:?}");
    }
}

#[test]
fn a_handler_that_outlives_its_deadline_is_announced_once_and_then_completed() {
    let deadlines = [1, 5, 20, 60, 250].map(|soon| Some(from_now(soon)));
    let body = || subsegment("open", || sleep(Duration::from_millis(1_700)));
    for arrivals in side_by_side(deadlines, body) {
        arrivals.assert_each_once();
        for name in ["## handler", "open"] {
            assert!(arrivals.in_progress(name).count() <= 1);
            assert_eq!(arrivals.complete(name).count(), 1);
        }
        assert!(arrivals.documents <= 4, "one closed early, two announced, the end: {arrivals:?}");
    }
}

/// The closing of a subsegment races with its announcement: whichever way it goes, nothing is lost and nothing comes twice.
#[test]
fn subsegments_that_close_while_they_are_announced_arrive_complete_in_the_end() {
    let body = || (0..30).for_each(|_| subsegment("step", || subsegment("inside", short)));
    let mut announced = 0;
    // A busy machine's watcher comes late, and then there is nothing to announce any more.
    while announced <= 10 {
        let deadlines = (0..40).map(|at| Some(from_now(25 + at)));
        for arrivals in side_by_side(deadlines, body) {
            arrivals.assert_each_once();
            assert_eq!(arrivals.complete("step").count(), 30, "{arrivals:?}");
            assert_eq!(arrivals.complete("inside").count(), 31);
            announced += arrivals.in_progress("step").count();
        }
    }
}

fn short() {
    sleep(Duration::from_millis(2));
}
