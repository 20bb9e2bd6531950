//! The load tool itself, with little to do.

use std::process::Command;

use serde_json::Value;

#[test]
fn every_figure_is_measured_and_nothing_acknowledged_is_lost() {
    let load = Command::new(env!("CARGO_BIN_EXE_load")).args(["--quick", "--json"]).output().unwrap();
    let said = String::from_utf8(load.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&load.stderr);
    assert!(load.status.success(), "{said}\n{complaint}");
    let mut lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(lines.next().unwrap()["machine"]["kernel"].is_string());
    let figures: Vec<_> = lines.collect();
    for subject in ["ready", "size", "burst", "sustained", "kill", "disk", "questions"] {
        assert!(figures.iter().any(|figure| figure["subject"] == subject), "no {subject} in\n{said}");
    }
    let kill = figures.iter().find(|figure| figure["subject"] == "kill").unwrap();
    assert_eq!(kill["measured"], 0.0, "{kill}");
}
