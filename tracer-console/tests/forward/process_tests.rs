//! The command line: the daemon's flags and file, and what is said.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::documents::{segment, segments};
use crate::far_end::Said;
use crate::otlp_end::OtlpEnd;
use crate::process::{Forwarding, alone, program};
use crate::sends::{put, send};
use crate::x_ray_end::XRayEnd;

/// What a command that must fail says on the standard error.
fn refusal(output: &Output) -> String {
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What the daemon reads.
fn config(directory: &Path, text: &str) -> String {
    let path = directory.join("cfg.yaml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_far_end_on_this_machine_is_reached_without_the_proxy_of_the_environment() {
    let (home, end) = (tempfile::tempdir().unwrap(), XRayEnd::new());
    let mut command = program();
    command.args(["forward", "--json", "-b", "127.0.0.1:0", "-t", "127.0.0.1:0", "--to", &end.url()]);
    command.arg("--queue").arg(home.path().join("forward.db")).env("HTTP_PROXY", "http://127.0.0.1:9");
    let forwarding = Forwarding::of(command);
    let texts = segments(1);
    put(forwarding.tcp, &texts);
    end.has(&texts);
}

#[test]
#[cfg(unix)]
fn what_came_and_became_of_it_is_said_when_asked_for_and_at_the_end() {
    let (home, end) = (tempfile::tempdir().unwrap(), XRayEnd::new());
    let queue = home.path().join("forward.db");
    let mut forwarding = Forwarding::with(&["--to", &end.url(), "--queue", queue.to_str().unwrap()]);
    assert_eq!(forwarding.ready["targets"][0]["name"], end.url());
    assert_eq!(forwarding.ready["queue"], queue.to_str().unwrap());
    let texts = segments(3);
    put(forwarding.tcp, &texts);
    end.has(&texts);
    // It is counted a moment after the far end has it.
    let counts = crate::wait::until("the counts", || {
        forwarding.signal(rustix::process::Signal::USR1);
        Some(forwarding.says()["counts"].clone()).filter(|counts| counts["targets"][0]["sent"] == 3)
    });
    assert_eq!((&counts["received"], &counts["refused"]), (&json!(3), &json!(0)));
    send(forwarding.udp, &["{}".to_owned()]);
    let ended = forwarding.end();
    let expected = json!({"name": end.url(), "sent": 3, "retried": 0, "rejected": 0, "skipped": 0, "dropped": 0, "waiting": 0});
    assert_eq!((&ended["targets"][0], &ended["refused"]), (&expected, &json!(1)));
}

/// As README shows it.
#[test]
#[cfg(unix)]
fn in_words_it_says_where_it_is_ready_and_what_became_of_everything() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::Stdio;

    let (home, end) = (tempfile::tempdir().unwrap(), XRayEnd::new());
    let queue = home.path().join("forward.db");
    let mut command = program();
    command
        .args(["forward", "--to", &end.url(), "-b", "127.0.0.1:0", "-t", "127.0.0.1:0", "--queue"])
        .arg(&queue);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let rest = format!("; forwards to {}; documents wait in {}\n", end.url(), queue.display());
    assert!(ready.starts_with("ready on 127.0.0.1:") && ready.ends_with(&rest), "{ready}");
    assert!(ready.contains(" bytes) and TCP;"), "{ready}");
    let address = ready.split([' ', ',']).find_map(|word| word.parse().ok()).unwrap();
    let texts = segments(2);
    put(address, &texts);
    end.has(&texts);
    let id = rustix::process::Pid::from_child(&process);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let mut said = String::new();
    process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(process.wait().unwrap().success());
    let last = format!("[Info] received 2; {}: sent 2, waiting 0\n", end.url());
    assert!(said.ends_with(&last), "{said}");
}

#[test]
fn the_daemons_configuration_file_and_flags_are_taken() {
    let (home, end) = (tempfile::tempdir().unwrap(), XRayEnd::new());
    let log = home.path().join("xray.log");
    let text = "Version: 2\nTotalBufferSizeMB: 24\nSocket:\n  UDPAddress: \"127.0.0.1:0\"\nLogging:\n  LogLevel: \"error\"\nLocalMode: true\n";
    let config = config(home.path(), text);
    let mut command = program();
    command.args(["forward", "--json", "--to", &end.url(), "--queue"]).arg(home.path().join("forward.db"));
    // The address over TCP, which the file does not name, and the level are the flags'.
    command.args([
        "-config",
        &config,
        "-bind-tcp=127.0.0.1:0",
        "-l",
        "dev",
        "-f",
        log.to_str().unwrap(),
        "-m",
        "50",
        "-n",
        "us-east-1",
    ]);
    let forwarding = Forwarding::of(command);
    let texts = segments(2);
    send(forwarding.udp, &texts[..1]);
    put(forwarding.tcp, &texts[1..]);
    end.has(&texts);
    let sent = || std::fs::read_to_string(&log).unwrap();
    crate::wait::until("the log", || sent().contains("Successfully sent batch of").then_some(()));
    let said = sent();
    for part in [
        "[Info] read ",
        "cfg.yaml",
        "[Warn] --buffer-memory (TotalBufferSizeMB) has no meaning here",
        "--region has no meaning without",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    let line = said.lines().next().unwrap();
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(humantime::parse_rfc3339(time).is_ok() && rest.starts_with('['), "{line}");
}

#[test]
fn where_nobody_takes_spans_it_is_said_what_was_asked_and_what_to_check() {
    let (home, end) = (tempfile::tempdir().unwrap(), OtlpEnd::new());
    let (queue, log) = (home.path().join("forward.db"), home.path().join("log.txt"));
    let (to, queue) = (format!("otlp+{}/", end.end.url()), queue.to_str().unwrap());
    let forwarding = Forwarding::with(&["--to", &to, "--queue", queue, "-f", log.to_str().unwrap()]);
    for (status, body) in [(404, "default backend - 404"), (405, "")] {
        end.says(Some(Said { body: body.as_bytes().to_vec(), ..Said::status(status) }));
        put(forwarding.tcp, &segments(1));
        let answers = format!("it answers {status}");
        let line = crate::wait::until("a line about it", || {
            let said = std::fs::read_to_string(&log).unwrap();
            said.lines().find(|line| line.contains(&answers)).map(str::to_owned)
        });
        let asked = format!("POST {}/v1/traces", end.end.url());
        for part in ["[Warn]", "are sent again", body, &asked, "check host, port and path", "--to"] {
            assert!(line.contains(part), "{part} is not in {line}");
        }
    }
    end.says(None);
    assert_eq!(end.spans(2).len(), 2);
}

#[test]
fn of_a_flag_that_is_given_twice_the_last_counts() {
    let (home, end) = (tempfile::tempdir().unwrap(), XRayEnd::new());
    let queue = home.path().join("forward.db");
    let (queue, first) = (queue.to_str().unwrap(), ["-n", "us-east-1", "-l", "loud", "-b", "nonsense"]);
    let mut command = program();
    command.args(["forward", "--json"]).args(first).args([
        "-bind",
        "127.0.0.1:0",
        "-l",
        "dev",
        "-n",
        "eu-west-1",
    ]);
    command.args(["-t", "127.0.0.1:0", "--to", &end.url(), "--to", "http://127.0.0.1:9", "--queue", queue]);
    let forwarding = Forwarding::of(command);
    assert_eq!(forwarding.ready["targets"].as_array().unwrap().len(), 2, "but targets are several");
}

#[test]
fn called_by_the_daemons_name_it_is_the_daemon() {
    let (home, end) = (tempfile::tempdir().unwrap(), XRayEnd::new());
    let daemon = home.path().join(format!("xray{}", std::env::consts::EXE_SUFFIX));
    std::fs::hard_link(env!("CARGO_BIN_EXE_tracer-console"), &daemon)
        .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_tracer-console"), &daemon).map(drop))
        .unwrap();
    let mut command = Command::new(&daemon);
    alone(&mut command);
    command.args(["-o", "-b", "127.0.0.1:0", "-t", "127.0.0.1:0", "--to", &end.url(), "--json", "--queue"]);
    command.arg(home.path().join("forward.db"));
    let forwarding = Forwarding::of(command);
    let text = segment("job").to_string();
    send(forwarding.udp, std::slice::from_ref(&text));
    end.has(&[text]);
    for flag in ["-v", "-version"] {
        let output = Command::new(&daemon).arg(flag).output().unwrap();
        assert!(String::from_utf8(output.stdout).unwrap().contains(env!("CARGO_PKG_VERSION")), "{flag}");
    }
}

#[test]
fn a_wrong_configuration_file_is_refused_by_what_is_wrong_with_it() {
    let home = tempfile::tempdir().unwrap();
    for (text, wrong) in [
        ("Version: 2\nMemoryLimit: 16\n", "MemoryLimit"),
        ("Version: 2\nSocket:\n  BufferSizeKB: 64\n", "BufferSizeKB"),
        ("Region: us-east-1\n", "Version"),
        ("Version: 7\n", "7"),
        ("Version: [\n", "cfg.yaml"),
    ] {
        let config = config(home.path(), text);
        let output =
            program().args(["forward", "-c", &config, "--to", "http://127.0.0.1:9"]).output().unwrap();
        let said = refusal(&output);
        assert!(said.contains(wrong) && said.contains("cfg.yaml"), "{said}");
    }
    // One that is in the current directory is read, as the daemon does, and that is said.
    let config = config(home.path(), "server: {}\n");
    let output =
        program().args(["forward", "--to", "http://127.0.0.1:9"]).current_dir(home.path()).output().unwrap();
    let said = refusal(&output);
    assert!(
        said.contains("`server`") && said.contains("because it is there") && !config.is_empty(),
        "{said}"
    );
}

#[test]
fn what_is_written_wrong_is_refused_with_what_to_write() {
    let home = tempfile::tempdir().unwrap();
    let queue = home.path().join("forward.db");
    let said = |arguments: &[&str]| {
        let mut command = program();
        command.arg("forward").args(arguments).args(["-b", "127.0.0.1:0", "-t", "127.0.0.1:0"]);
        let output = command.arg("--queue").arg(&queue).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        refusal(&output)
    };
    for (arguments, expected) in [
        (&["--to", "127.0.0.1:2000"][..], "http://127.0.0.1:2001"),
        (&["--to", "otlp+grpc://127.0.0.1:4317"], "http://"),
        (&["--to", "otlp+http://127.0.0.1:4318", "--otlp-header", "secret"], "NAME=VALUE"),
        (&["--to", "http://127.0.0.1:9", "--otlp-header", "a=b"], "otlp+http"),
        (&["--to", "http://127.0.0.1:9", "-l", "loud"], "prod"),
        (&["--to", "http://127.0.0.1:9", "-o=perhaps"], "true or false"),
        (&["--to", "http://127.0.0.1:9", "--queue-size", "0"], "--queue-size"),
        (&["--to", "http://127.0.0.1:9", "--longest-wait", "0s"], "15m"),
        (&["--to", "http://127.0.0.1:9", "--memory"], "--keep"),
    ] {
        let said = said(arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
    #[cfg(not(feature = "https"))]
    assert!(said(&["--to", "https://x.example"]).contains("--features https"));
    #[cfg(not(feature = "aws"))]
    assert!(said(&["-n", "us-east-1"]).contains("--features aws,https"));
}
