//! Random scripts of an `async` function, dropped at a random point: the notes are the bare function's.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Waker};

use proptest::prelude::*;

use crate::executor::pause;
use crate::noted::{Noted, note, notes_of};
use crate::places::assert_unchanged;

#[derive(Debug, Clone)]
enum Op {
    Await,
    Keep,
    DropNewest,
    Fail,
    Panic,
    /// Calls itself with a script; whether an error goes on.
    Call(Vec<Op>, bool),
    /// Polls a call once, and keeps it until the caller's end.
    Abandon(Vec<Op>),
}

type Calls<'a> = Vec<Pin<Box<dyn Future<Output = Result<Noted, Noted>> + 'a>>>;

both! {
    pub(super) async fn scripted(script: &[Op], argument: Noted, _: Noted) -> Result<Noted, Noted> {
        let _first = Noted("first");
        let mut abandoned: Calls<'_> = Vec::new();
        let mut kept = Vec::new();
        for op in script {
            match op {
                Op::Await => pause().await,
                Op::Keep => kept.push(Noted("kept")),
                Op::DropNewest => drop(kept.pop()),
                Op::Fail => return Err(Noted("error")),
                Op::Panic => resume_unwind(Box::new("planned")),
                Op::Call(script, passes_on) => {
                    let _around = Noted("around");
                    let result = Box::pin(scripted(script, Noted("passed"), Noted("unnamed"))).await;
                    if *passes_on { kept.push(result?); }
                }
                Op::Abandon(script) => {
                    let mut call = Box::pin(scripted(script, Noted("passed"), Noted("unnamed")));
                    if call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() { abandoned.push(call); }
                }
            }
        }
        note("end");
        Ok(argument)
    }
}

fn scripts() -> impl Strategy<Value = Vec<Op>> {
    let leaf = prop_oneof![
        4 => Just(Op::Await),
        3 => Just(Op::Keep),
        2 => Just(Op::DropNewest),
        1 => Just(Op::Fail),
        1 => Just(Op::Panic),
    ];
    let op = leaf.prop_recursive(3, 24, 5, |op| {
        let script = prop::collection::vec(op, 0..5);
        prop_oneof![
            2 => (script.clone(), any::<bool>()).prop_map(|(script, passes_on)| Op::Call(script, passes_on)),
            1 => script.prop_map(Op::Abandon),
        ]
    });
    prop::collection::vec(op, 0..8)
}

/// Polls that often at most, and drops.
fn polled(future: impl Future<Output = Result<Noted, Noted>>, polls: usize) {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            note("ready");
            return;
        }
    }
    note("dropped early");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_script_that_is_dropped_anywhere_drops_in_the_same_order(script in scripts(), polls in 0..12_usize) {
        let argument = || (Noted("argument"), Noted("not named"));
        assert_unchanged(
            || notes_of(|| { let (a, b) = argument(); polled(bare::scripted(&script, a, b), polls) }),
            || notes_of(|| { let (a, b) = argument(); polled(traced::scripted(&script, a, b), polls) }),
        );
    }
}
