//! P5: the process of a Lambda function ends at any moment, and what it had closed by then has arrived.

use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use tracer_tests::Doom;

/// A quarter of a second, and as much again for a machine that is busy.
const LOST_AT_MOST: Duration = Duration::from_millis(500);

/// Each moment is a random one of the next quarter of a second.
fn dies(how: &str, quarter: u64) -> Doom {
    let seed = how.bytes().map(u64::from).sum::<u64>() * 10 + quarter;
    let after_ms = Rng::with_seed(seed).u64(250 * quarter..250 * (quarter + 1));
    let event = json!({ "fate": "die", "how": how, "seed": seed, "after_ms": after_ms });
    let name = format!("{how}-{quarter}");
    let binary = env!("CARGO_BIN_EXE_doomed-function");
    Doom::of(binary, env!("CARGO_TARGET_TMPDIR"), &name, event, Duration::from_secs(30))
}

/// Ends the function at seven moments, in as many processes at once.
fn assert_nothing_older_is_lost(how: &str) {
    let dooms: Vec<Doom> = std::thread::scope(|threads| {
        let dying: Vec<_> = (0..7).map(|quarter| threads.spawn(move || dies(how, quarter))).collect();
        dying.into_iter().map(|doom| doom.join().expect("it died as it should")).collect()
    });
    let mut held = 0;
    for doom in &dooms {
        assert!(doom.result.error().is_some());
        doom.assert_complete(doom.closed_before(LOST_AT_MOST));
        assert!(doom.arrivals.all.iter().all(|arrival| arrival.is_complete), "the deadline is far away");
        held += doom.closed_before(LOST_AT_MOST).count();
    }
    assert!(held > 100, "{held} subsegments had to arrive");
}

#[test]
fn a_sigkill_loses_at_most_the_last_quarter_of_a_second() {
    assert_nothing_older_is_lost("kill");
}

#[test]
fn an_abort_loses_at_most_the_last_quarter_of_a_second() {
    assert_nothing_older_is_lost("abort");
}

#[test]
fn an_exit_loses_at_most_the_last_quarter_of_a_second() {
    assert_nothing_older_is_lost("exit");
}
