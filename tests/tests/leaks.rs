//! P1: no unbounded memory. A process that lives long stays as small as it was.

use std::process::Command;

/// Runs `many-invocations` and returns the resident memory that it reports, in KiB.
fn resident(arguments: &[&str]) -> Vec<i64> {
    let output = Command::new(env!("CARGO_BIN_EXE_many-invocations")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    println!("{text}");
    let number = |line: &str| line.rsplit_once(": ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    text.lines().map(number).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn twenty_thousand_invocations_of_every_kind_leave_no_memory_behind() {
    let resident = resident(&["20000"]);
    let [warm, half, end] = resident[..] else { panic!("{resident:?}") };
    assert!(warm > 1_000, "it was measured");
    // A leak of a hundred bytes an invocation would be 1,800 KiB.
    assert!(half - warm < 1_000 && end - warm < 1_000, "{resident:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_thousand_overlapping_invocations_leave_no_more_behind_each_time() {
    let resident = resident(&["5", "overlapping", "1000"]);
    let [first, last] = [resident[1], resident[9]];
    assert!(last - first < 2_000, "{resident:?}");
    assert!(last < 60_000, "what the pool keeps of a thousand small invocations: {resident:?}");
}
