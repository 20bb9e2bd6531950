//! A panic is the same panic, an endless function stays one, and the caller's location stays the caller's.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};

use tracer_runtime::{capture_method, testing};

use crate::executor::{block_on, pause};

#[capture_method]
fn panics(text: &str) -> u8 {
    panic!("no {text}")
}

#[capture_method]
async fn panics_later() -> u8 {
    pause().await;
    panic!("later")
}

#[capture_method]
fn never(text: String) -> ! {
    std::panic::panic_any(text)
}

#[capture_method]
async fn never_async() -> ! {
    pause().await;
    std::panic::panic_any("never".to_owned())
}

fn text_of_panic<R>(run: impl FnOnce() -> R) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(run)).err()?;
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
}

#[test]
fn panics_go_on_and_mark_a_fault() {
    let trace = testing::capture(|| {
        assert_eq!(text_of_panic(|| panics("way")).as_deref(), Some("no way"));
        assert_eq!(text_of_panic(|| block_on(panics_later())).as_deref(), Some("later"));
        assert_eq!(text_of_panic(|| never("ever".to_owned())).as_deref(), Some("ever"));
        assert_eq!(text_of_panic(|| block_on(never_async())).as_deref(), Some("never"));
    });
    assert_eq!(trace.subsegments().iter().filter(|subsegment| subsegment.is_fault()).count(), 4);
}

#[track_caller]
fn bare_location() -> u32 {
    Location::caller().line()
}

#[capture_method]
#[track_caller]
fn traced_location() -> u32 {
    Location::caller().line()
}

#[test]
fn the_callers_location_is_kept() {
    let (of_bare, of_traced) = (bare_location(), traced_location());
    assert_eq!(of_bare, of_traced);
}
