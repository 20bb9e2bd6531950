//! What somebody who watches `serve` is told when its file cannot be used, or can be no longer.

use std::io::Read as _;
use std::process::{Command, Stdio};

use serde_json::json;
use tracer_tests_python::skipped;

use crate::serving::{call, new_trace_id, now, program};

/// Mounts a small file system where the kernel lets everybody mount one, and runs a script in it as `$0 DIRECTORY PROGRAM`.
fn in_small_file_system(script: &str) -> Option<Command> {
    let mut unshare = Command::new("unshare");
    let works = unshare.args(["-r", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        skipped("the kernel lets nobody mount a file system");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-r", "-m", "sh", "-c", script]).arg(env!("CARGO_BIN_EXE_tracer-console"));
    Some(command)
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_cannot_be_written_is_said_and_is_no_panic() {
    let script = "mount -t tmpfs tmpfs /mnt && \"$0\" import --db /mnt/traces.db \"$1\" && mount -o remount,ro /mnt && \
        \"$0\" export --db /mnt/traces.db --last 100years && exec \"$0\" serve --quiet --listen 127.0.0.1:0 --db /mnt/traces.db";
    let Some(mut command) = in_small_file_system(script) else { return };
    let order = format!("{}/tests/data/order.jsonl", env!("CARGO_MANIFEST_DIR"));
    let output = command.arg(order).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && !said.contains("panicked"), "{said}");
    assert!(said.contains("/mnt/traces.db") && said.contains("--memory"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_at_once_and_what_is_there_is_still_answered() {
    // The program may write no larger files than half a megabyte.
    let script = "trap '' XFSZ; ulimit -f 1024; exec \"$0\" serve --quiet --listen 127.0.0.1:0 --db \"$1\"";
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_tracer-console")])
        .arg(directory.path().join("traces.db"));
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = std::io::BufReader::new(process.stdout.take().unwrap());
    let mut ready = String::new();
    std::io::BufRead::read_line(&mut output, &mut ready).unwrap();
    let address = ready.split([' ', ',']).find_map(|word| word.parse().ok()).unwrap();
    let put = || {
        let trace = new_trace_id();
        let random: String = (0..20_000).map(|_| fastrand::alphanumeric()).collect();
        let document = json!({"trace_id": trace, "id": "00000000000000a1", "name": "job", "start_time": now() - 1.0, "end_time": now(),
            "metadata": {"default": {"random": random}}});
        let request = json!({"TraceSegmentDocuments": [document.to_string()]});
        call(address, "/TraceSegments", &request).map(|_| trace)
    };
    let mut acknowledged = Vec::new();
    let refused = loop {
        match put() {
            Ok(trace) => acknowledged.push(trace),
            Err(why) => break why,
        }
        assert!(acknowledged.len() < 1_000, "there is room without end");
    };
    assert!(refused.contains("500") && refused.contains("the database failed"), "{refused}");
    for trace in &acknowledged {
        let answer = call(address, "/Traces", &json!({ "TraceIds": [trace] })).unwrap();
        assert_eq!(answer["Traces"][0]["Id"], **trace, "what was acknowledged is answered");
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let mut said = String::new();
    process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said.matches("what comes is not stored").count(), 1, "{said}");
}

#[test]
fn a_database_of_a_newer_program_and_one_of_another_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    drop(tracer_console::SqliteStore::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 9_999).unwrap();
    for command in [&["serve", "--quiet", "--listen", "127.0.0.1:0"][..], &["export"]] {
        let output = program().args(command).arg("--db").arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains("version 9999") && said.contains("newer program"),
            "{said}"
        );
    }
    let foreign = directory.path().join("places.sqlite");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    let output = program().args(["export", "--db"]).arg(&foreign).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("some other program"), "{output:?}");
}
