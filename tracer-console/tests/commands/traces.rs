//! `traces`.

use serde_json::json;

use crate::far_end::FarEnd;
use crate::serving::{Serving, new_trace_id, now, program};

/// 2026-11-22 12:00:00 UTC.
const NOON: f64 = 1_795_348_800.0;

/// A console with traces that began at these seconds after noon, one each.
fn console(seconds: &[f64]) -> (Serving, Vec<String>) {
    let serving = Serving::in_memory();
    let traces = seconds.iter().map(|seconds| {
        let trace = new_trace_id();
        serving.send(&json!({
            "name": "job", "id": "00000000000000a1", "trace_id": trace,
            "start_time": NOON + seconds, "end_time": NOON + seconds + 0.5, "fault": *seconds > 60.0,
        }));
        serving.wait_for(&trace, |segments| !segments.is_empty());
        trace
    });
    let traces = traces.collect();
    (serving, traces)
}

fn ids(serving: &Serving, arguments: &[&str]) -> Vec<String> {
    let said = serving.says(&[&["traces"], arguments].concat());
    said.lines().skip(1).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn a_console_on_this_machine_is_asked_without_the_proxy_of_the_environment() {
    let (serving, traces) = console(&[0.0]);
    let mut command = program();
    command.args(["traces", "--last", "10000d", "--endpoint", &serving.endpoint()]);
    let output = command.env("HTTP_PROXY", "http://127.0.0.1:9").output().unwrap();
    assert!(String::from_utf8(output.stdout.clone()).unwrap().contains(&traces[0]), "{output:?}");
}

#[test]
fn a_range_of_time_can_be_named() {
    let (serving, traces) = console(&[0.0, 3_600.0, 7_200.0]);
    let found = |arguments: &[&str]| ids(&serving, arguments);
    assert_eq!(found(&["--from", "2026-11-22 12:00:00", "--to", "2026-11-22T13:00:00Z"]), traces[..1]);
    assert_eq!(found(&["--from", "2026-11-22 13:00:00", "--to", "2026-11-23"]), [&*traces[2], &traces[1]]);
    assert_eq!(found(&["--to", "2026-11-22 14:00:00.5", "--last", "1h"]), [&*traces[2]]);
    // As `date -Is` writes it, as people do, and as our own JSON does.
    for (from, to) in [
        ("2026-11-22T12:00:00+00:00", "2026-11-22T13:30:00+01:00"),
        ("2026-11-22 12:00", "2026-11-22 12:30"),
        ("1795348800.0", "1795350600"),
    ] {
        assert_eq!(found(&["--from", from, "--to", to]), traces[..1], "{from} {to}");
    }
}

#[test]
fn a_trace_by_a_clock_that_is_fast_is_found_and_said_to_be_to_come() {
    let serving = Serving::in_memory();
    let [fast, broken] = [330.0, 3_600.0].map(|ahead| {
        let trace = new_trace_id();
        let start = now() + ahead;
        serving.send(&json!({
            "name": "job", "id": "00000000000000a1", "trace_id": trace, "start_time": start, "end_time": start + 1.0,
        }));
        serving.wait_for(&trace, |segments| !segments.is_empty());
        trace
    });
    let said = serving.says(&["traces", "--last", "1m"]);
    assert!(said.contains(&fast) && said.contains("  in 5m ") && !said.contains(&broken), "{said}");
    for command in [&["export", "--last", "1m"][..], &["analyze", "--last", "1m"]] {
        let said = serving.says(command);
        assert!(said.contains(&fast) || said.contains("Total traces           1\n"), "{said}");
    }
}

#[test]
fn an_age_is_told_in_two_units_at_most() {
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    let start = now() - 40.0 * 86_400.0 - 13.5 * 3_600.0;
    serving.send(&json!({
        "name": "job", "id": "00000000000000a1", "trace_id": trace, "start_time": start, "end_time": start + 1.0,
    }));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    let said = serving.says(&["traces", "--last", "60d"]);
    assert!(said.contains("  40d 13h  "), "{said}");
}

#[test]
fn an_empty_endpoint_is_none() {
    let (serving, traces) = console(&[0.0]);
    let mut command = program();
    command.args(["traces", "--last", "10000d", "--endpoint", ""]);
    let output = command.env("AWS_ENDPOINT_URL_XRAY", serving.endpoint()).output().unwrap();
    assert!(String::from_utf8(output.stdout.clone()).unwrap().contains(&traces[0]), "{output:?}");
}

#[test]
fn what_makes_no_sense_is_wrong_usage_whatever_is_there() {
    for command in ["traces", "wait", "tail", "map", "analyze", "export"] {
        let output = program().args([command, "--filter", "falut"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains("\n  falut\n  ^^^^^"), "{command}: {said}");
    }
    for wrong in [
        &["analyze", "--against", "falut"][..],
        &["map", "--from", "2026-11-23", "--to", "2026-11-22"],
        &["export", "--from", "2026-11-23", "--to", "2026-11-22"],
        &["lambda", "--binary", "orders", "--api", "GET"],
        &["lambda", "--binary", "orders", "--trace-header", "not_sampled"],
        &["lambda", "--binary", "orders", "--event", "{bad"],
        &["serve", "--memory", "--db", ":memory:"],
        &["man", "nonsense"],
    ] {
        let output = program().args(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn every_duration_has_a_unit() {
    for flags in [
        &["traces", "--last", "15"][..],
        &["wait", "--timeout", "15"],
        &["wait", "--last", "15"],
        &["tail", "--quiet-for", "15"],
        &["serve", "--max-age", "15"],
        &["lambda", "--binary", "orders", "--timeout", "15"],
    ] {
        let output = program().args(flags).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {said}");
        assert!(said.contains("write a unit: 15s, 15m, 15h or 15d"), "{flags:?}: {said}");
    }
}

#[test]
fn a_long_time_is_asked_for_on_the_days_that_have_traces() {
    let (serving, traces) = console(&[-1.7e9, -1.0e9, -1.0e9 + 5.0, 0.0, 86_500.0]);
    let far_end = FarEnd::before(serving.address).being_console();
    let found = |more: &[&str]| {
        let mut command = program();
        command.args(["traces", "--to", "2026-12-01", "--last", "56y", "--endpoint", &far_end.endpoint()]);
        let output = command.args(more).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.lines().skip(1).map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let newest_first: Vec<_> = traces.iter().rev().cloned().collect();
    assert_eq!(found(&[]), newest_first);
    assert!(far_end.asked().len() < 12, "20,000 days, of which four have traces: {:#?}", far_end.asked());
    assert_eq!(found(&["--filter", "fault"]), newest_first[..1]);
}

#[test]
fn a_range_that_is_none_is_refused() {
    let (serving, _) = console(&[]);
    let said = |arguments: &[&str]| {
        let output = serving.ask(&[&["traces"], arguments].concat());
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, why) = said(&["--from", "2026-11-23", "--to", "2026-11-22"]);
    assert!(code == Some(2) && why.contains("--from is not earlier than --to"), "{why}");
    let (code, why) = said(&["--from", "yesterday"]);
    assert!(code == Some(2) && why.contains("'2026-11-22 09:00:00'"), "{why}");
    assert_eq!(said(&["--from", "2026-11-22", "--last", "1h"]).0, Some(2));
}

#[test]
fn outcomes_have_the_colours_of_x_ray_where_colours_are_wanted() {
    let (serving, _) = console(&[0.0, 120.0]);
    let range = ["traces", "--from", "2026-11-22", "--to", "2026-11-23"];
    let colours = |variable: Option<(&str, &str)>, color: &[&str]| {
        let mut command = program();
        command.args(range).args(["--endpoint", &serving.endpoint()]).args(color).envs(variable);
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        (said.contains("\u{1b}[31mfault"), said.contains('\u{1b}'))
    };
    // The output of a test is no terminal.
    assert_eq!(colours(None, &[]), (false, false));
    assert_eq!(colours(Some(("CLICOLOR_FORCE", "1")), &[]), (true, true));
    assert_eq!(colours(None, &["--color", "always"]), (true, true));
    assert_eq!(colours(Some(("CLICOLOR_FORCE", "1")), &["--color", "never"]), (false, false));
}

#[test]
fn more_than_usual_are_there_when_they_are_asked_for() {
    let (serving, _) = console(&(0..101).map(f64::from).collect::<Vec<_>>());
    let range = ["--from", "2026-11-22", "--to", "2026-11-23"];
    assert_eq!(ids(&serving, &range).len(), 100);
    assert_eq!(ids(&serving, &[&range[..], &["--limit", "1000"]].concat()).len(), 101);
    let output = serving.ask(&[&["traces"], &range[..]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--limit"), "{output:?}");
}

#[cfg(not(feature = "aws"))]
#[test]
fn without_the_feature_aws_is_refused_with_how_to_build_it() {
    for command in [&["traces"][..], &["map"], &["tail"], &["wait"], &["analyze"], &["show", &new_trace_id()]]
    {
        let output = program().args(command).arg("--aws").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        assert!(
            said.contains("feature `aws`") && said.contains("--features aws,https"),
            "{command:?}: {said}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_output_does_not_take_is_a_failure() {
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    serving.send(&json!({"name": "job", "id": "00000000000000a1", "trace_id": trace, "start_time": now() - 1.0, "end_time": now()}));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    let commands =
        [&["traces"][..], &["traces", "--json"], &["show", &trace], &["map"], &["analyze", "--json"]];
    for command in commands {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut program = program();
        program.args(command).args(["--endpoint", &serving.endpoint()]).stdout(full);
        let output =
            program.stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        assert!(said.contains("cannot write to the standard output"), "{said}");
    }
}
