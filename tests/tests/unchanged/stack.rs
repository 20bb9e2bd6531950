//! How much more stack a traced function takes.

use std::hint::black_box;

use tracer_runtime::testing;

/// What a level may add in an unoptimised build.
const ADDED: usize = 2_048;
const LEVELS: usize = 50;

/// How far the deepest level is from the first, by the address of a local.
fn depth(run: impl FnOnce(&mut Vec<usize>)) -> usize {
    let mut places = Vec::new();
    run(&mut places);
    assert_eq!(places.len(), LEVELS + 1);
    places[0] - places[LEVELS]
}

fn here(places: &mut Vec<usize>) {
    let local = 0_u8;
    places.push(std::ptr::from_ref(black_box(&local)).addr());
}

both! {
    #[inline(never)]
    pub(super) fn sync(levels: usize, places: &mut Vec<usize>) { here(places); if levels > 0 { sync(levels - 1, places); } }
    #[inline(never)]
    pub(super) fn with_result(levels: usize, places: &mut Vec<usize>) -> Result<usize, std::num::ParseIntError> { here(places); if levels > 0 { with_result(levels - 1, places)?; } Ok(levels) }
    pub(super) async fn asynchronous(levels: usize, places: &mut Vec<usize>) { here(places); if levels > 0 { Box::pin(asynchronous(levels - 1, places)).await; } }
}

fn check(kind: &str, bare: fn(&mut Vec<usize>), traced: fn(&mut Vec<usize>)) {
    let of_bare = depth(bare);
    let mut recorded = 0;
    testing::capture(|| recorded = depth(traced));
    for (place, of_traced) in [("in no trace", depth(traced)), ("recorded", recorded)] {
        let (bare, added) = (of_bare / LEVELS, of_traced.saturating_sub(of_bare) / LEVELS);
        println!("{kind}, {place}: {bare} bytes a level bare, {added} added");
        assert!(added <= ADDED, "{kind}, {place}: {added}");
    }
}

#[test]
fn a_level_of_recursion_takes_little_more_stack() {
    use crate::executor::block_on;
    check("sync", |places| bare::sync(LEVELS, places), |places| traced::sync(LEVELS, places));
    check(
        "with a result",
        |places| drop(bare::with_result(LEVELS, places)),
        |places| drop(traced::with_result(LEVELS, places)),
    );
    check(
        "async",
        |places| block_on(bare::asynchronous(LEVELS, places)),
        |places| block_on(traced::asynchronous(LEVELS, places)),
    );
}
