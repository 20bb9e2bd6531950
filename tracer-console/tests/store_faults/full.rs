//! Nothing can be written beyond a file size that the process may not exceed, which needs no privileges; or on a small file
//! system, where the kernel lets everybody mount one.

use std::process::{Command, Output};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::*;

/// Runs one of the tests below by itself, with the file that it fills. Too large a file is an error there and no signal.
fn run(child: &str, path: &Path) -> Output {
    let tests = std::env::current_exe().unwrap();
    let script = "trap '' XFSZ; exec \"$0\" --exact \"$1\" --nocapture --test-threads 1";
    Command::new("sh").args(["-c", script]).arg(tests).arg(child).env("FILL", path).output().unwrap()
}

fn assert_succeeded(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("filled"),
        "{said}{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

fn most_bytes_of_a_file(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

/// Records one trace after the other until one is not stored; returns those that were.
fn fill(store: &SqliteStore, traces: std::ops::Range<usize>) -> Vec<usize> {
    let mut acknowledged = Vec::new();
    for number in traces {
        match store.record(document(number, 0, &random(20_000))) {
            Ok(()) => acknowledged.push(number),
            Err(refusal) => {
                assert_eq!(refusal.code, RefusalCode::NotStored, "{refusal}");
                return acknowledged;
            }
        }
    }
    panic!("there is room without end");
}

/// What is full refuses, and goes on when there is room again.
fn fill_and_go_on(path: &Path, make_full: impl FnOnce(), make_room: impl FnOnce()) {
    let store = SqliteStore::open(path).unwrap();
    make_full();
    let mut acknowledged = fill(&store, 0..10_000);
    // It refuses, again and again, and answers what it is asked meanwhile.
    for number in 10_000..10_010 {
        if store.record(document(number, 0, &random(20_000))).is_ok() {
            acknowledged.push(number);
        }
        let setting = store.put_setting("group", "large", Some(&"x".repeat(100_000)));
        assert!(setting.is_ok() || setting.unwrap_err().to_string().contains("failed"));
    }
    for &number in &acknowledged {
        assert!(store.trace(trace_id(number)).is_some(), "{number} was acknowledged");
    }
    store.search(&all()).unwrap();
    store.outcomes(&all(), &mut |_| ()).unwrap();
    make_room();
    for number in 20_000..20_100 {
        store.record(document(number, 0, &random(20_000))).unwrap();
        acknowledged.push(number);
    }
    drop(store);
    let store = SqliteStore::open(path).unwrap();
    for number in acknowledged {
        assert!(store.trace(trace_id(number)).is_some(), "{number} was acknowledged");
    }
    eprintln!("filled");
}

#[test]
fn child_that_may_write_no_larger_file() {
    let Some(path) = std::env::var_os("FILL") else { return };
    fill_and_go_on(Path::new(&path), || most_bytes_of_a_file(Some(1 << 20)), || most_bytes_of_a_file(None));
}

#[test]
fn a_full_disk_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room_again() {
    let directory = tempfile::tempdir().unwrap();
    let output = run("full::child_that_may_write_no_larger_file", &directory.path().join("traces.db"));
    assert_succeeded(&output);
}

#[test]
fn child_whose_disk_is_full_when_its_dictionary_is_made() {
    let Some(path) = std::env::var_os("FILL") else { return };
    let store = SqliteStore::open(Path::new(&path)).unwrap();
    let record = |number| store.record(document(number, 0, &json!({"annotations": {"OrderId": number}})));
    (0..999).for_each(|number| record(number).unwrap());
    most_bytes_of_a_file(Some(0));
    assert_eq!(record(999).unwrap_err().code, RefusalCode::NotStored);
    most_bytes_of_a_file(None);
    (1_000..2_500).for_each(|number| record(number).unwrap());
    for number in (0..999).chain(1_000..2_500) {
        let trace = store.trace(trace_id(number)).unwrap();
        assert_eq!(trace.len(), 1, "{number} was acknowledged");
    }
    eprintln!("filled");
}

#[test]
fn what_could_not_be_written_is_not_relied_upon_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    assert_succeeded(&run("full::child_whose_disk_is_full_when_its_dictionary_is_made", &path));
}

#[test]
fn child_whose_file_system_is_small() {
    let Some(path) = std::env::var_os("FILL") else { return };
    let path = Path::new(&path);
    let ballast = path.with_file_name("ballast");
    std::fs::write(&ballast, vec![0; 24 << 20]).unwrap();
    fill_and_go_on(path, || {}, || std::fs::remove_file(&ballast).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_is_really_full_is_as_bearable() {
    let directory = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=26m tmpfs \"$0\"";
    let unshare = |script: &str, arguments: &[&std::ffi::OsStr]| {
        let mut command = Command::new("unshare");
        command.args(["-r", "-m", "sh", "-c", script]).arg(directory.path()).args(arguments);
        command.env("FILL", directory.path().join("traces.db")).output()
    };
    if !unshare(mount, &[]).is_ok_and(|output| output.status.success()) {
        eprintln!(
            "skipped: a_file_system_that_is_really_full_is_as_bearable: the kernel lets nobody mount one"
        );
        return;
    }
    let script = format!("{mount} && exec \"$1\" --exact full::child_whose_file_system_is_small --nocapture");
    let tests = std::env::current_exe().unwrap();
    assert_succeeded(&unshare(&script, &[tests.as_os_str()]).unwrap());
}
