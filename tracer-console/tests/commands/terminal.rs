//! What is shown in a terminal.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::json;

use crate::serving::{Serving, new_trace_id, now, program};

/// What a command says in a terminal of so many columns.
fn shown(serving: &Serving, columns: u16, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&terminal, size).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let output: OwnedFd = File::options().write(true).open(name.to_str().unwrap()).unwrap().into();
    let mut command = program();
    command.args(arguments).args(["--endpoint", &serving.endpoint()]).stdout(output);
    command.env("TERM", "xterm-256color").env_remove("NO_COLOR").envs(variables.iter().copied());
    let mut process = command.spawn().unwrap();
    // Else the terminal never ends.
    drop(command);
    let mut text = Vec::new();
    // Its end is an error on Linux.
    let _ = File::from(terminal).read_to_end(&mut text);
    assert!(process.wait().unwrap().success());
    String::from_utf8(text).unwrap().replace("\r\n", "\n")
}

fn console() -> Serving {
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    let url = format!("http://shop.example/orders/{}", "long/".repeat(20));
    serving.send(&json!({
        "name": "shop", "id": "00000000000000a1", "trace_id": trace, "start_time": now() - 1.0, "end_time": now(), "fault": true,
        "http": {"request": {"method": "POST", "url": url}, "response": {"status": 503}},
    }));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    serving
}

#[test]
fn lines_fit_the_terminal_and_outcomes_have_colours() {
    let serving = console();
    for (columns, command) in [(90, "traces"), (120, "traces"), (130, "map")] {
        let said = shown(&serving, columns, &[command], &[]);
        assert!(said.contains("\u{1b}[31m"), "{said}");
        let plain = anstream::adapter::strip_str(&said).to_string();
        assert!(plain.lines().all(|line| line.chars().count() <= usize::from(columns)), "{plain}");
    }
    let plain = anstream::adapter::strip_str(&shown(&serving, 90, &["traces"], &[])).to_string();
    assert!(plain.contains('…') && plain.contains("POST http"), "{plain}");
}

#[test]
fn eighty_columns_are_enough_for_every_name() {
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    let mut call = json!({"name": "payment-gateway", "namespace": "remote", "http": {"request": {"url": "http://payment-gateway/charge"}}});
    call.as_object_mut().unwrap().extend([
        ("id".to_owned(), json!("00000000000000a2")),
        ("start_time".to_owned(), json!(now() - 0.5)),
        ("end_time".to_owned(), json!(now())),
    ]);
    serving.send(&json!({
        "name": "order-service", "id": "00000000000000a1", "trace_id": trace, "start_time": now() - 400.0, "end_time": now(),
        "origin": "AWS::Lambda::Function", "error": true, "throttle": true, "subsegments": [call],
        "http": {"request": {"method": "POST", "url": "http://shop.example/orders"}, "response": {"status": 429}},
    }));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    for (command, names) in [
        (&["traces"][..], &["order-service"][..]),
        (&["map"], &["order-service", "payment-gateway"]),
        (&["tail", "--last", "1h", "--count", "1"], &["order-ser"]),
    ] {
        let said = anstream::adapter::strip_str(&shown(&serving, 80, command, &[])).to_string();
        assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
        assert!(names.iter().all(|name| said.contains(name)), "{said}");
    }
}

#[test]
fn no_colours_are_shown_where_none_are_wanted() {
    let serving = console();
    assert!(!shown(&serving, 120, &["traces"], &[("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!shown(&serving, 120, &["traces", "--color", "never"], &[]).contains('\u{1b}'));
    let file = serving.says(&["traces"]);
    assert!(file.contains(&"long/".repeat(20)), "{file}");
}
