//! The examples of the README, as a reader would run them: what they print is what stands there, but for ids, times and numbers.
#![cfg(unix)]

mod example;
mod orders;
#[allow(dead_code, reason = "some of it is for the tests of `serve`")]
#[path = "../serve/serving.rs"]
mod serving;
mod shape;

use std::collections::BTreeSet;

use self::example::{Example, examples};
use self::serving::{Serving, program};

/// The project's, and the console's own.
const README: &str = concat!(include_str!("../../../README.md"), include_str!("../../README.md"));

#[test]
fn every_example_prints_what_stands_in_the_readme() {
    let serving = Serving::in_memory();
    let trace = orders::send(&serving);
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("order.json"), orders::refused()).unwrap();
    let printed = |example: &Example| example.run(serving.address, scratch.path(), &trace);
    let wrong: Vec<String> =
        examples(README).iter().filter_map(|example| example.differs_from(&printed(example))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_command_has_an_example() {
    let help = program().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: BTreeSet<_> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains("serve"), "{help}");
    let examples = examples(README);
    let shown: BTreeSet<_> = examples.iter().map(Example::command).chain(["help"]).collect();
    let missing: Vec<_> = commands.difference(&shown).collect();
    assert!(missing.is_empty(), "without an example: {missing:?}");
}
