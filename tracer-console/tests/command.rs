//! The program as a user runs it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::UdpSocket;
use std::process::{Command, Stdio};

const ORDER: &str = include_str!("data/order.jsonl");

fn console(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-console"));
    command.args(arguments).stdout(Stdio::piped()).env_remove("CLICOLOR_FORCE");
    command
}

fn order() -> String {
    format!("{}/tests/data/order.jsonl", env!("CARGO_MANIFEST_DIR"))
}

fn shown(arguments: &[&str]) -> String {
    let output = console(&[&["show", &order()], arguments].concat()).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn show_draws_the_waterfall_that_was_agreed_on() {
    let drawn = shown(&["--width", "100"]);
    assert_eq!(drawn.trim_end(), include_str!("data/order.txt").trim_end(), "drawn:\n{drawn}");
}

#[test]
fn show_has_no_colours_and_obeys_no_escape_where_the_output_is_no_terminal() {
    assert!(!shown(&[]).contains('\u{1b}'));
}

#[test]
fn metadata_is_shown_when_it_is_asked_for() {
    assert!(!shown(&[]).contains("orders › response"));
    assert!(shown(&["--metadata"]).contains("orders › response: [1,2]"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = console(&["show", "/no/such/file"]).stderr(Stdio::piped()).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("/no/such/file"));
}

#[test]
fn a_line_that_is_no_text_is_refused_alone_and_nothing_to_draw_is_a_failure() {
    use std::io::Write as _;
    let show = |input: &[u8]| {
        let mut child = console(&["show", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = show(&[b"\xff\xfe\n", ORDER.as_bytes()].concat());
    assert!(output.status.success() && String::from_utf8_lossy(&output.stderr).contains("line 1"));
    assert!(output.stdout.starts_with(b"Trace "));
    assert!(!show(b"").status.success());
}

#[cfg(unix)]
#[test]
fn serve_says_ready_draws_what_arrives_and_ends_well_when_interrupted() {
    let mut serving =
        console(&["serve", "--memory", "--listen", "127.0.0.1:0"]).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(serving.stdout.take().unwrap());
    let mut ready = String::new();
    lines.read_line(&mut ready).unwrap();
    let address = ready.split([' ', ',']).find(|word| word.starts_with("127.0.0.1:")).unwrap();
    assert!(ready.starts_with("ready"), "{ready}");
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for document in ORDER.lines() {
        sender
            .send_to(format!("{{\"format\":\"json\",\"version\":1}}\n{document}").as_bytes(), address)
            .unwrap();
    }
    let mut heading = String::new();
    lines.read_line(&mut heading).unwrap();
    assert!(heading.starts_with("Trace 1-6b02d94c-be5262b78fb491a007b77f7d"), "{heading}");
    let id = rustix::process::Pid::from_child(&serving);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    lines.read_to_string(&mut String::new()).unwrap();
    assert!(serving.wait().unwrap().success());
}

#[test]
fn lambda_runs_a_function_and_draws_its_trace() {
    let tests = std::env::current_exe().unwrap();
    let function = tests.parent().unwrap().parent().unwrap().join("examples").join("echo_function");
    let arguments =
        ["lambda", "--binary", function.to_str().unwrap(), "--name", "echo", "--event", "{\"a\":1}"];
    let output = console(&arguments).stderr(Stdio::null()).output().unwrap();
    let drawn = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && drawn.contains("200 cold"), "{drawn}");
    assert!(drawn.contains("echo  AWS::Lambda::Function") && drawn.contains("Init"), "{drawn}");
}

#[test]
fn lambda_fails_where_the_function_did_after_every_event_was_tried() {
    let tests = std::env::current_exe().unwrap();
    let function = tests.parent().unwrap().parent().unwrap().join("examples").join("echo_function");
    let run = |more: &[&str], events: &[&str]| {
        let mut command = console(&["lambda", "--timeout", "2s", "--binary", function.to_str().unwrap()]);
        command.args(more);
        command.args(events.iter().map(|what| format!("--event={{\"do\":{what:?}}}")));
        let output = command.output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        let last = words.lines().last().unwrap_or_default().to_owned();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), last)
    };
    for more in [&[][..], &["--json"]] {
        let (code, said, why) = run(more, &["echo", "error", "sleep", "panic", "exit", "echo"]);
        assert_eq!(
            (code, &*why),
            (Some(1), "tracer-console: the function failed or timed out in 4 of 6 invocations")
        );
        let answers = said.lines().filter(|line| line.starts_with(['2', '{'])).count();
        assert_eq!(answers, 6, "{said}");
        assert_eq!(run(more, &["echo", "echo"]).0, Some(0));
    }
    let help = console(&["lambda", "--help"]).output().unwrap();
    assert!(String::from_utf8(help.stdout).unwrap().contains("Exits with 1 where the function failed"));
}

#[test]
fn lambda_is_invoked_with_every_event_of_a_file() {
    let tests = std::env::current_exe().unwrap();
    let function = tests.parent().unwrap().parent().unwrap().join("examples").join("echo_function");
    let directory = tempfile::tempdir().unwrap();
    let events = directory.path().join("events.ndjson");
    let run = |text: &str| {
        std::fs::write(&events, text).unwrap();
        let mut command = console(&["lambda", "--json", "--binary", function.to_str().unwrap(), "--event"]);
        let output = command.arg(&events).stderr(Stdio::piped()).output().unwrap();
        (output.status.code(), output.stdout, String::from_utf8(output.stderr).unwrap())
    };
    let (code, said, _) = run("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    assert_eq!((code, String::from_utf8_lossy(&said).lines().count()), (Some(0), 3));
    let (code, said, why) = run("{\"n\":1}\n{\"n\":2} garbage\n");
    assert!(code == Some(2) && said.is_empty() && why.contains("line 2 column 9"), "{why}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_function_that_is_busy_does_not_outlive_a_console_that_is_killed() {
    use std::{fs, thread, time::Duration};
    let tests = std::env::current_exe().unwrap();
    let function = tests.parent().unwrap().parent().unwrap().join("examples").join("echo_function");
    let mut running = console(&["lambda", "--timeout", "60s", "--event", "{\"do\":\"sleep\"}", "--binary"])
        .arg(&function)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let state = |id: &str| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.chars().next().filter(|state| *state != 'Z')
    };
    let children = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", running.id())).unwrap().flatten();
        let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        children.flat_map(|ids| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let wait = |is_so: &dyn Fn() -> bool| {
        (0..500).any(|_| is_so() || (thread::sleep(Duration::from_millis(20)), false).1)
    };
    // The function and the shell that watches over it.
    assert!(wait(&|| {
        let found: Vec<String> = children();
        found.len() == 2
    }));
    let both: Vec<String> = children();
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(wait(&|| both.iter().all(|id| state(id).is_none())));
}
